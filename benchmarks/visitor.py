"""One of many visitors at once, who drops in pictures that nobody else has, tunes, reviews and exports, and looks
whether all that the page says is of these."""

from __future__ import annotations

import asyncio
import io
import random
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from playwright.async_api import Browser, Error, Page

from tests.support.pictures import planted, png

SIDE: Final = 7
PICTURE_WH: Final = (560, 560)
# Of ten visitors six take the quick engine, two each of the others, whose queues then have several in them.
ENGINES: Final = ("texture", "texture", "fastdup", "texture", "dinov2")
PATIENCE_MS: Final = 180_000
# Looked at in each frame, a page would draw sixty frames a second that nobody's browser draws. What names an element by
# its role walks the whole page, which took two fifths of what a browser did: elements are found by class and key.
LOOK_MS: Final = 50
STATE: Final = """() => {
  const viewer = globalThis[Symbol.for("segdetect.viewer")]?.viewers.get("picture");
  const data = viewer?.panes[0]?.data;
  if (!data) return null;
  return { scores: data.scores, flagged: data.flagged, threshold: data.threshold, trial: viewer.trial, alt: data.alt };
}"""
# A threshold is seen when flags and verdict are drawn by it, be it by the browser while the server has yet to answer.
SEEN: Final = """([wanted, flags]) => {
  const viewer = globalThis[Symbol.for("segdetect.viewer")].viewers.get("picture");
  const lead = document.querySelector(".sd-bar .sd-lead")?.textContent;
  return !viewer.trying && Math.abs(viewer.threshold - wanted) <= 1e-6 + wanted / 1e5
    && viewer.panes[0].tiles.flagged.size === flags && lead?.startsWith(`${flags} of `);
}"""
# What the page says of a queue while it waits in one; the texts are gone when the answer is there.
QUEUES: Final = """
  globalThis.queueSeen = [];
  setInterval(() => {
    for (const bar of document.querySelectorAll("[data-testid=stProgress]")) {
      const said = bar.textContent.match(/(\\d+) (?:run|picture)s? ahead/);
      if (said && queueSeen.at(-1) !== Number(said[1])) queueSeen.push(Number(said[1]));
    }
  }, 200);
"""


@dataclass(slots=True)
class Seen:
    """What all visitors saw together."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    queues: list[list[int]] = field(default_factory=list)

    @asynccontextmanager
    async def timed(self, step: str) -> AsyncIterator[None]:
        """Note how long a step takes that comes to its end."""
        start = time.perf_counter()
        yield
        self.seconds.setdefault(step, []).append(time.perf_counter() - start)

    def expect(self, is_own: bool, what: str) -> None:
        """Note an answer that is not the visitor's own."""
        if not is_own:
            self.foreign.append(what)


@dataclass(slots=True)
class Visitor:
    """One of them: who they are, what they have in hand, and what they look at."""

    number: int
    page: Page
    url: str
    seen: Seen
    pause: float
    rounds: int = 0
    doing: str = ""
    wanted: str = ""

    @property
    def engine(self) -> str:
        """The one that they chose."""
        return ENGINES[self.number % len(ENGINES)]

    @property
    def name(self) -> str:
        """Of the picture in hand."""
        return f"visitor {self.number:02d} picture {self.rounds:03d}.png"

    @property
    def tile(self) -> int:
        """Where the picture in hand has its defect: of two places that no other visitor has, one."""
        return (2 * self.number + self.rounds % 2) % SIDE**2

    async def open(self) -> None:
        """Open the dashboard."""
        await self.page.goto(f"{self.url}/?engine={self.engine}")
        await self.page.locator(".st-key-files input[type=file]").wait_for(state="attached")
        await self._rest()

    async def come(self) -> None:
        """Open the dashboard, some time after the others, and go through all of it once."""
        await self._linger()
        await self.open()
        await self._try_round()

    async def work(self, until: float) -> None:
        """Go through all of it again and again, from some time after the others on."""
        await self._linger()
        while time.monotonic() < until:
            await self._try_round()

    async def _linger(self) -> None:
        """Nobody begins at the same moment as all others."""
        await asyncio.sleep(random.uniform(0, 2) * self.pause)

    async def _try_round(self) -> None:
        """Go through all of it; a step that fails is noted, and the page opened anew."""
        try:
            await self.round()
        except (Error, AssertionError) as error:
            said = f"{_first_line(error)} ({await self._standing()})"
            self.seen.errors.append(f"visitor {self.number}, {self.engine}, {self.doing}: {said}")
            print(self.seen.errors[-1], file=sys.stderr, flush=True)
            await self._anew()

    async def _standing(self) -> str:
        """What the page shows, for who looks for the cause of an error."""
        state = await self.page.evaluate(STATE)
        shown = {key: state[key] for key in ("threshold", "trial", "flagged", "alt")} if state else {}
        app = await self.page.locator("[data-testid=stApp]").get_attribute("data-test-script-state")
        bar = await self.page.locator("[data-testid=stProgress]").all_inner_texts()
        return f"{self.name}, wanted: {self.wanted}, shown: {shown}, run: {app}, progress: {bar}"

    async def _anew(self) -> None:
        try:
            await self.open()
        except Error as error:
            self.seen.errors.append(f"visitor {self.number}, opened anew: {_first_line(error)}")
            await asyncio.sleep(1)

    async def round(self) -> None:
        """Once through all of it."""
        for step in (self._take_away, self._upload, self._thresholds, self._grid, self._review, self._export):
            self.doing = step.__name__.strip("_")
            await step()
            await self._look()

    # ---- the steps ---------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _waiting(self, step: str) -> AsyncIterator[None]:
        """Note how long a step takes that may stand in a queue, and its places there: each step queues anew."""
        async with self.seen.timed(step):
            yield
        places = await self.page.evaluate("() => queueSeen.splice(0)")
        if places:
            self.seen.queues.append(places)

    async def _take_away(self) -> None:
        for button in await self.page.locator(".st-key-files button[aria-label^='Remove visitor']").all():
            await button.click()
        await self.page.locator(".sd-about").first.wait_for(state="detached")
        await self._rest()

    async def _upload(self) -> None:
        self.rounds += 1
        row, col = divmod(self.tile, SIDE)
        seed = 1000 * self.number + self.rounds
        data = png(planted(row, col, size_wh=PICTURE_WH, side=SIDE, seed=seed))
        async with self._waiting(f"upload, {self.engine}"):
            file = {"name": self.name, "mimeType": "image/png", "buffer": data}
            await self.page.locator(".st-key-files input[type=file]").set_input_files([file])  # type: ignore[list-item]
            await self.page.locator(".sd-about").filter(has_text=self.name).first.wait_for()
            await self._shown()
        await self._rest()
        await self._check("upload")

    async def _thresholds(self) -> None:
        """By the rule nothing may be flagged yet; the number of the visitor's own then flags the planted tile alone."""
        scores = sorted((await self._state())["scores"], reverse=True)
        await self._threshold((scores[1] + scores[2]) / 2, 2)
        await self._look()
        await self._threshold((scores[0] + scores[1]) / 2, 1)

    async def _threshold(self, value: float, flags: int) -> None:
        field_ = self.page.locator("input[type=number][inputmode=decimal]").first
        wanted = self.wanted = f"{value:.4g}"
        await field_.fill(wanted)
        async with self.seen.timed("threshold, in table and files"):
            async with self.seen.timed("threshold"):
                await field_.press("Enter")
                await self.page.wait_for_function(SEEN, arg=[float(wanted), flags], polling=LOOK_MS)
            # The page goes on from a part of the script that is drawn first to one that is drawn last.
            await self.page.wait_for_function(
                f"wanted => {{ const now = ({STATE})(); return now && now.trial === null && "
                "Math.abs(now.threshold - wanted) <= 1e-6 + wanted / 1e5; }",
                arg=float(wanted),
                polling=LOOK_MS,
            )
            await self._rest()
        await self._check("threshold")
        state = await self._state()
        self.seen.expect(len(state["flagged"]) == flags, f"{self.name}: {flags} flags wanted, {state['flagged']} shown")
        self.seen.expect(self.tile in state["flagged"], f"{self.name}: its tile {self.tile} is not flagged")

    async def _grid(self) -> None:
        for key, side in (("ArrowRight", SIDE + 1), ("ArrowLeft", SIDE)):
            slider = self.page.locator(".st-key-grid input[type=range]").first
            await slider.focus()
            async with self._waiting(f"grid, {self.engine}"):
                await slider.press(key)
                about = self.page.locator(".sd-about").filter(has_text=f"{side} x {side} tiles")
                await about.first.wait_for(state="attached")
                await self._rest()
            await self._look()
        await self._check("grid")

    async def _review(self) -> None:
        async with self.seen.timed("review"):
            await self.page.locator(".st-key-review-defect button:visible").first.click()
            await self.page.locator(".st-key-review-row p:visible", has_text="Take back").first.wait_for()
            await self._rest()

    async def _export(self) -> None:
        await self.page.locator(".st-key-verdict-bar [data-testid=stPopoverButton]", has_text="Export").click()
        async with self.seen.timed("export"), self.page.expect_download() as download:
            await self.page.locator(".st-key-download-All-tiles--CSV- button").click()
        file = await (await download.value).path()
        table = pd.read_csv(io.BytesIO(Path(file).read_bytes()))
        await self.page.keyboard.press("Escape")
        strongest = int(table.loc[table.score.idxmax(), "tile"])
        self.seen.expect(set(table.image) == {self.name}, f"{self.name}: the table is of {set(table.image)}")
        self.seen.expect(strongest == self.tile, f"{self.name}: its tile is {self.tile}, the table's {strongest}")

    # ---- looking -----------------------------------------------------------------------------------------------------

    async def _state(self) -> dict[str, Any]:
        found = await self.page.evaluate(STATE)
        assert found is not None, "there is no picture on the stage"
        return dict(found)

    async def _shown(self) -> None:
        """Until the stage shows the picture in hand."""
        await self.page.locator(".stage:not([aria-busy])").first.wait_for()
        await self.page.wait_for_function(f"name => ({STATE})()?.alt.startsWith(name)", arg=self.name, polling=LOOK_MS)

    async def _check(self, step: str) -> None:
        """The answer shown is that of the picture in hand, and nothing on the page says that something failed."""
        state, about = await self._state(), str(await self.page.locator(".sd-about").first.text_content())
        strongest = int(np.argmax(state["scores"]))
        self.seen.expect(about.startswith(self.name), f"{self.name}: after {step} the bar is of {about}")
        self.seen.expect(state["alt"].startswith(self.name), f"{self.name}: after {step} the stage has {state['alt']}")
        self.seen.expect(strongest == self.tile, f"{self.name}: after {step} the odd tile is {strongest}")
        for trouble in await self.page.locator("[data-testid=stAlert], [data-testid=stException]").all_inner_texts():
            self.seen.errors.append(f"{self.name}: after {step} the page says: {trouble[:300]}")

    async def _rest(self) -> None:
        await self.page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()

    async def _look(self) -> None:
        await asyncio.sleep(random.uniform(0.5, 1.5) * self.pause)


async def come_in(browser: Browser, number: int, url: str, pause: float, seen: Seen) -> Visitor:
    """A visitor with a browser session of their own, who has yet to open the dashboard."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
    context.set_default_timeout(PATIENCE_MS)
    await context.add_init_script(QUEUES)
    page = await context.new_page()
    page.on("pageerror", lambda error: seen.errors.append(f"visitor {number}, script: {error}"))
    page.on(
        "response", lambda got: got.status >= 500 and seen.errors.append(f"visitor {number}: {got.status} {got.url}")
    )
    return Visitor(number, page, url, seen, pause)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200]
