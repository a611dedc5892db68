"""What one visitor's steps cost the two cores: python -m benchmarks.cpu_cost [--rounds 10] [--engine texture]

CPU-seconds (user and system, of /proc) of the server with its children and of the browser with its, for each step of a
single visitor on Inspect, from the step until the page has been at rest for a while: medians, which hold on a busy
machine, where times do not. A page that nobody touches is measured, too: what it costs goes on for as long as it is
open, and is taken off what the steps cost.

`--profile FOLDER` keeps where the browser spent its time for one threshold: `trace.json`, to be opened in Chromium's
tools, and `browser.txt`, its summary; `--messages` prints what one threshold sends to the browser.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil
from playwright.async_api import Page, WebSocket, async_playwright
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks.browser_trace import Trace, summary
from benchmarks.observing import server
from benchmarks.visitor import PICTURE_WH, SIDE, STATE
from scripts.browser import find_chromium
from tests.support.app_server import BROWSER_FLAGS
from tests.support.pictures import planted, png

# So long a page is watched after a step: what it does late, such as a look at the second opinion, belongs to the step.
AFTERWARDS_SECONDS: Final = 2.0
IDLE_SECONDS: Final = 10.0
LOOK_MS: Final = 100


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU-seconds of the server and of the browser, children included, at some moment or between two of them."""

    server: float
    browser: float

    def __sub__(self, other: Spent) -> Spent:
        return Spent(self.server - other.server, self.browser - other.browser)

    def without(self, idle: Spent, seconds: float) -> Spent:
        """What is left beside a page at rest, which spends `idle` a second."""
        return Spent(self.server - idle.server * seconds, self.browser - idle.browser * seconds)


@dataclass(slots=True)
class Purse:
    """Knows the processes whose CPU-seconds are counted; one that ends is counted no more, so none may in a step."""

    pid: int

    def now(self) -> Spent:
        """All that was spent so far."""
        own = psutil.Process()
        browser = sum(seconds_of(child) for child in own.children(recursive=True) if "chrom" in _name(child))
        return Spent(sum(seconds_of(one) for one in _family(psutil.Process(self.pid))), browser)


def seconds_of(process: psutil.Process) -> float:
    """User and system seconds of a process; 0 of one that has ended."""
    with suppress(psutil.Error):
        times = process.cpu_times()
        return float(times.user + times.system)
    return 0.0


def _name(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return str(process.name())
    return ""


def _family(process: psutil.Process) -> Iterator[psutil.Process]:
    yield process
    yield from process.children(recursive=True)


@dataclass(slots=True)
class Sent:
    """What the server sends, by kind of message."""

    counts: Counter[str] = field(default_factory=Counter)
    sizes: Counter[str] = field(default_factory=Counter)

    def watch(self, socket: WebSocket) -> None:
        """Listen from now on."""
        socket.on("framereceived", lambda frame: self._note(frame))

    def _note(self, frame: str | bytes) -> None:
        if isinstance(frame, str):
            return
        kind = kind_of(frame)
        self.counts[kind] += 1
        self.sizes[kind] += len(frame)

    def clear(self) -> None:
        """Begin anew."""
        self.counts.clear()
        self.sizes.clear()

    def listing(self) -> str:
        """A line for each kind, the largest first."""
        lines = [f"{self.counts[kind]:5d} {size:9,d} B  {kind}" for kind, size in self.sizes.most_common()]
        return "\n".join([f"{self.counts.total():5d} {self.sizes.total():9,d} B  in all", *lines])


def kind_of(frame: bytes) -> str:
    """What a message of Streamlit's is about."""
    message = ForwardMsg()
    message.ParseFromString(frame)
    kind = str(message.WhichOneof("type"))
    if kind != "delta":
        return kind
    delta = message.delta
    if delta.WhichOneof("type") == "new_element":
        return f"new {delta.new_element.WhichOneof('type')}"
    return str(delta.WhichOneof("type"))


@dataclass(slots=True)
class Visit:
    """One visitor on Inspect, with what their steps spent."""

    page: Page
    purse: Purse
    spent: dict[str, list[Spent]] = field(default_factory=dict)
    idle: Spent = field(default_factory=lambda: Spent(0.0, 0.0))
    seed: int = 0

    async def step(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do it, and note what it took until the page was at rest, and a while longer."""
        before, began = self.purse.now(), time.monotonic()
        await work()
        await self.rest()
        await asyncio.sleep(AFTERWARDS_SECONDS)
        after = self.purse.now() - before
        self.spent.setdefault(name, []).append(after.without(self.idle, time.monotonic() - began))

    async def rest(self) -> None:
        """Until no run is going on."""
        await self.page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()

    async def nothing(self) -> None:
        """Measure the page that nobody touches."""
        before = self.purse.now()
        await asyncio.sleep(IDLE_SECONDS)
        after = self.purse.now() - before
        self.idle = Spent(after.server / IDLE_SECONDS, after.browser / IDLE_SECONDS)

    async def upload(self) -> None:
        """A picture in the place of the one before."""
        self.seed += 1
        for button in await self.page.locator(".st-key-files button[aria-label^='Remove']").all():
            await button.click()
            await self.page.locator(".sd-about").first.wait_for(state="detached")
            await self.rest()
        data = png(planted(2, 3, size_wh=PICTURE_WH, side=SIDE, seed=self.seed))
        name = f"picture {self.seed}.png"

        async def hand_in() -> None:
            file: Any = [{"name": name, "mimeType": "image/png", "buffer": data}]
            await self.page.locator(".st-key-files input[type=file]").set_input_files(file)
            await self.page.wait_for_function(
                f"name => ({STATE})()?.alt.startsWith(name)", arg=name, polling=LOOK_MS, timeout=120_000
            )

        await self.step("upload", hand_in)

    async def threshold(self, nth: int) -> None:
        """Another threshold, above and below a score by turns, so that a flag comes and goes."""
        state = await self.page.evaluate(STATE)
        scores = sorted(state["scores"], reverse=True)
        value = float(f"{(scores[nth % 2] + scores[nth % 2 + 1]) / 2:.4g}")
        entry = self.page.locator("input[type=number][inputmode=decimal]").first

        async def change() -> None:
            await entry.fill(f"{value:.4g}")
            await entry.press("Enter")
            await self.page.wait_for_function(
                f"wanted => {{ const now = ({STATE})(); return now && now.trial === null && "
                "Math.abs(now.threshold - wanted) <= 1e-6 + wanted / 1e5; }",
                arg=value,
                polling=LOOK_MS,
            )

        await self.step("threshold", change)

    async def grid(self, nth: int) -> None:
        """A finer grid and the first again, by turns."""
        key, side = [("ArrowRight", SIDE + 1), ("ArrowLeft", SIDE)][nth % 2]
        slider = self.page.locator(".st-key-grid input[type=range]").first
        await slider.focus()

        async def change() -> None:
            await slider.press(key)
            about = self.page.locator(".sd-about").filter(has_text=f"{side} x {side} tiles")
            await about.first.wait_for(state="attached")

        await self.step("grid", change)

    async def tile(self, nth: int) -> None:
        """Another tile, by a click on the picture."""
        stage = await self.page.locator(".stage").first.bounding_box()
        assert stage is not None
        x, y = stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 2
        side = min(stage["width"], stage["height"]) / SIDE

        async def click() -> None:
            await self.page.mouse.click(x + side * (nth % 3 - 1), y + side * (nth // 3 % 3 - 1))
            await asyncio.sleep(0.5)

        await self.step("tile", click)


async def visit(url: str, pid: int, options: argparse.Namespace) -> Visit:
    """Go through all steps."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=BROWSER_FLAGS)
        context = await browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
        page, sent = await context.new_page(), Sent()
        if options.messages:
            page.on("websocket", lambda socket: sent.watch(socket))
        await page.goto(f"{url}/?engine={options.engine}")
        await page.locator(".st-key-files input[type=file]").wait_for(state="attached", timeout=60_000)
        found = Visit(page, Purse(pid))
        await found.rest()
        await found.upload()
        await asyncio.sleep(15)  # other engines are tried, and a second opinion comes
        await found.threshold(0)
        await found.grid(0)
        await found.grid(1)
        found.spent.clear()
        await found.nothing()
        for nth in range(options.rounds):
            sent.clear()
            await found.threshold(nth + 1)
        if options.messages:
            print(sent.listing(), file=sys.stderr)
        for nth in range(options.rounds):
            await found.tile(nth)
        for nth in range(options.rounds):
            await found.grid(nth)
        if options.profile is not None:
            trace = Trace(await browser.new_browser_cdp_session())
            await trace.begin()
            await found.threshold(options.rounds + 1)
            found.spent["threshold"].pop()
            events = await trace.end()
            options.profile.mkdir(parents=True, exist_ok=True)
            (options.profile / "trace.json").write_text(json.dumps({"traceEvents": events}))
            (options.profile / "browser.txt").write_text(summary(events))
        for _ in range(max(1, options.rounds // 2)):
            await found.upload()
            await asyncio.sleep(5)
        await browser.close()
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--engine", default="texture")
    parser.add_argument("--profile", type=Path, metavar="FOLDER")
    parser.add_argument("--messages", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, server(Path(place), {}) as running:
        found = asyncio.run(visit(running.url, running.pid, options))
    print(f"{'CPU-seconds':12} {'server':>8} {'browser':>8}")
    print(f"{'idle, 1 s':12} {found.idle.server:8.3f} {found.idle.browser:8.3f}")
    for name, spent in found.spent.items():
        medians = [statistics.median(values) for values in ([s.server for s in spent], [s.browser for s in spent])]
        print(f"{name:12} {medians[0]:8.3f} {medians[1]:8.3f}   (median of {len(spent)})")


if __name__ == "__main__":
    main()
