"""How fast the page answers in a real browser: python benchmarks/ui_speed.py [--rounds 10]

Prints medians: the first result after a click on a cold app with the texture engine, a changed grid that was computed
ahead, a click on a tile to its explanation, what a threshold and a grid that are dragged show and when; and what the
page weighs, with the picture alone and with the interactive heat map.
"""

import argparse
import math
import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from scripts.browser import find_chromium  # noqa: E402

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
SAMPLE = "Circuit board"
# What the browser knows of the tile, and then what the server adds: neither is what was shown of the tile before.
WATCH_WHY = """text => {
  const parts = [...document.querySelectorAll("*")].map((node) => node.shadowRoot?.querySelector(".explanation"));
  const own = parts.find(Boolean);
  const more = document.querySelector(".st-key-why-more");
  let start = null;
  addEventListener("pointerup", (event) => { start = event.timeStamp; }, { once: true, capture: true });
  const when = (node, is) => new Promise((done) => {
    const watch = new MutationObserver(() => {
      if (start === null || !is()) return;
      watch.disconnect();
      requestAnimationFrame(() => done(performance.now() - start));
    });
    watch.observe(node, { childList: true, subtree: true, characterData: true, attributes: true });
  });
  const said = () => own.querySelector("h2").textContent === text;
  globalThis.explained = Promise.all([when(own, said), when(more, () => said() && !more.matches(".sd-older"))]);
}"""
# The pointer's events are made in the page, one for each frame, as a mouse that is moved would; then it is let go.
DRAG = """async ([x, y, distance]) => {
  const plot = [...document.querySelectorAll("*")].map((node) => node.shadowRoot?.querySelector(".plot")).find(Boolean);
  plot.setPointerCapture = () => {};
  const send = (kind, at) => plot.dispatchEvent(new PointerEvent(kind, {
    clientX: at, clientY: y, pointerId: 1, button: 0, bubbles: true, composed: true,
  }));
  const frame = () => new Promise(requestAnimationFrame);
  const shown = () => `${plot.querySelector(".line").style.left} ${plot.querySelector(".bars").innerHTML}`;
  send("pointerdown", x);
  await frame();
  const before = shown();
  let first = null;
  const start = performance.now();
  const frames = 90;
  for (let i = 1; i <= frames; i += 1) {
    send("pointermove", x + distance * (i / frames));
    await frame();
    if (first === null && shown() !== before) first = performance.now() - start;
  }
  const rate = (1000 * frames) / (performance.now() - start);
  send("pointerup", x + distance);
  return { rate, first: first ?? NaN };
}"""

# The grid's handle is moved from one grid to the next, a grid a frame.
DRAG_GRID = """async () => {
  const { grid, panes } = globalThis[Symbol.for("segdetect.viewer")].viewers.get("picture");
  const frame = () => new Promise(requestAnimationFrame);
  const first = grid.answered;
  const send = (kind) => grid.input.dispatchEvent(new Event(kind));
  const shown = () => panes[0].data.edges[0].length;
  let [caught, start] = [null, performance.now()];
  const frames = 30;
  for (let i = 1; i <= frames; i += 1) {
    grid.input.value = 2 + ((first + i) % 24);
    send("input");
    await frame();
    if (caught === null && shown() !== first) caught = performance.now() - start;
  }
  const rate = (1000 * frames) / (performance.now() - start);
  grid.input.value = first;
  send("input");
  send("change");
  return { rate, first: caught ?? NaN };
}"""


# Neither a threshold nor a grid is only tried in the browser any more.
SETTLED = """() => {
  const viewer = globalThis[Symbol.for("segdetect.viewer")]?.viewers.get("picture");
  return viewer?.panes.length > 0 && viewer.trial === null && viewer.grid.parts === null;
}"""


class App:
    """The dashboard in a process of its own, on a free port."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://localhost:{port}"
        command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.headless", "true"]
        self._process = subprocess.Popen(
            [*command, "--server.port", str(port)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1)
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise TimeoutError("the app did not start within a minute")

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait()


def first_result(page: Page, app: App) -> float:
    """Seconds from the click on a sample to its verdict."""
    page.goto(f"{app.url}/?engine=texture")
    button = page.get_by_role("button", name=SAMPLE)
    button.wait_for(timeout=60_000)
    start = time.perf_counter()
    button.click()
    page.locator(".sd-banner").wait_for(timeout=60_000)
    return time.perf_counter() - start


def changed(page: Page, key: str) -> float:
    """Seconds from a key press on the grid's slider to the bar having changed."""
    before = said(page)
    handle = page.get_by_role("slider", name="Grid (tiles per side)").first
    handle.focus()
    start = time.perf_counter()
    handle.press(key)
    return wait(lambda: said(page) != before, start, "the grid changed nothing")


def said(page: Page) -> str:
    """What the bar says, engine and grid included."""
    return str(page.locator(".sd-bar").text_content())


def wait(done: Callable[[], bool], start: float, trouble: str) -> float:
    """Seconds from the start until it is done."""
    while not done():
        if time.perf_counter() - start > 30:
            raise TimeoutError(f"{trouble} within 30 s")
        time.sleep(0.005)
    return time.perf_counter() - start


def explained(page: Page, tile: int) -> list[float]:
    """Seconds from a click on a tile of the picture to its explanation, and to what else it resembles, as the page
    itself sees it, which rests before."""
    settle(page)
    stage = page.locator(".stage").first.bounding_box()
    side = min(stage["width"], stage["height"]) - 10
    left, top = stage["x"] + (stage["width"] - side) / 2, stage["y"] + (stage["height"] - side) / 2
    row, col = divmod(tile, 7)
    page.evaluate(WATCH_WHY, f"Why row {row + 1}, col {col + 1}?")
    page.mouse.click(left + (col + 0.5) * side / 7, top + (row + 0.5) * side / 7)
    return [milliseconds / 1000 for milliseconds in page.evaluate("() => globalThis.explained")]


def dragged(page: Page) -> tuple[float, float]:
    """Drag the threshold: frames a second, and milliseconds to the first changed frame."""
    settle(page)
    box, line = page.locator(".plot").bounding_box(), page.locator(".plot .line").bounding_box()
    x, middle = line["x"] + line["width"] / 2, box["x"] + box["width"] / 2
    # To the side where there is room: at the end of the axis the line stands still, and no frame differs.
    distance = box["width"] / 3 * (1 if x < middle else -1)
    found = page.evaluate(DRAG, [x, box["y"] + box["height"] / 2, distance])
    settle(page)
    return found["rate"], found["first"]


def settle(page: Page) -> None:
    """Wait until the server has answered what was let go of, and the page is as it says."""
    page.wait_for_function(SETTLED)
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()


def grid_dragged(page: Page) -> tuple[float, float]:
    """Drag the grid's handle: grids a second, and milliseconds to the first other one that is shown."""
    settle(page)
    found = page.evaluate(DRAG_GRID)
    settle(page)
    return found["rate"], found["first"]


def tell_drags(what: str, drags: list[tuple[float, float]], unit: str) -> None:
    """Print how a drag went, and in how many rounds a changed frame was caught at all."""
    caught = [first / 1000 for _, first in drags if not math.isnan(first)]
    print(f"{what:52} {statistics.median(rate for rate, _ in drags):7.0f} {unit} a second (wanted: 30)")
    if caught:
        tell("  to the first changed frame", caught, "under 0.05 s")
    print(f"  a changed frame was caught in {len(caught)} of {len(drags)} rounds")


def measure(rounds: int) -> None:
    """Measure and print."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS.split())
        cold = []
        for _ in range(rounds):
            app = App()
            page = browser.new_page(viewport={"width": 1440, "height": 1000})
            cold.append(first_result(page, app))
            page.close()
            app.close()
        tell("first result after the click, cold app, texture", cold, "under 3 s")
        app = App()
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        weight = {"bytes": 0, "scripts": 0}
        page.on("response", lambda response: _weigh(response, weight))
        first_result(page, app)
        page.wait_for_timeout(4000)
        print(f"{'page weight':52} {weight['bytes'] / 1e6:7.2f} MB, {weight['scripts']} scripts")
        own, more = zip(*(explained(page, tile) for tile in range(8, 8 + rounds)), strict=True)
        tell("a click on a tile to its explanation", own, "under 0.15 s")
        tell("  to what else it resembles", more, "under 0.3 s")
        tell_drags("threshold dragged", [dragged(page) for _ in range(rounds)], "frames")
        tell_drags("grid dragged", [grid_dragged(page) for _ in range(rounds)], "grids")
        grids = [changed(page, "ArrowRight") for _ in range(rounds)]
        tell("a changed grid, computed ahead", grids, "under 0.7 s")
        browser.close()
        app.close()


def _weigh(response, weight: dict[str, int]) -> None:
    weight["bytes"] += int(response.headers.get("content-length", 0))
    weight["scripts"] += response.request.resource_type == "script"


def tell(what: str, seconds: Sequence[float], wanted: str) -> None:
    """Print one line."""
    spread = f"{min(seconds):.2f} to {max(seconds):.2f}"
    print(f"{what:52} {statistics.median(seconds):7.2f} s  (median of {len(seconds)}, {spread}; wanted: {wanted})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    measure(parser.parse_args().rounds)
