"""Takes the README's pictures of the running dashboard in a headless browser: `make screenshots`.

`python -m scripts.screenshots [NAME...]` takes only the named ones. What is seen is the real thing: the bundled
samples, the engine that `auto` takes on this machine, and an evaluation of a small data set made of the samples.
"""

from __future__ import annotations

import argparse
import io
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Locator, Page, sync_playwright

from scripts.browser import find_chromium
from segdetect.samples.catalogue import SAMPLES, sample_bytes
from segdetect.samples.dataset import write_sample_dataset

ROOT: Final = Path(__file__).resolve().parents[1]
IMAGES: Final = ROOT / "docs" / "images"
FLAGS: Final = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars")
TIMEOUT: Final = 180_000  # milliseconds; a busy machine takes its time
SETTLE: Final = 2500  # milliseconds, for charts to draw themselves after the last answer
MAX_HEIGHT: Final = 3000
COLOURS: Final = 256
EXACT_COLOURS: Final = 48  # of them, kept as they are: the flat ones of the page, whose tints are easily lost

# Samples that make up the data set to evaluate, by category.
Take = Callable[[Page], Locator | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One picture.

    Args:
        address: the page and its settings.
        take: waits for what is to be seen, and returns the element to show; None shows the whole page.
        width: of the browser window, in pixels.
        height: of the browser window; None makes it as high as what is in it.
        dark: use the dark theme.
    """

    address: str
    take: Take
    width: int = 1440
    height: int | None = None
    dark: bool = False


def answer(page: Page) -> None:
    """Wait for the verdict and for all that fills itself in afterwards."""
    page.locator(".sd-banner").first.wait_for()
    idle(page)
    # On the first page the second engine is still on test: there is nothing to be seen of it until it was asked.
    page.locator(".st-key-second-opinion button").wait_for(timeout=TIMEOUT)
    idle(page)


def idle(page: Page) -> None:
    """Wait until the server has nothing more to say."""
    page.wait_for_function(
        "() => document.querySelector('[data-testid=\"stApp\"]')?.dataset.testScriptState === 'notRunning'"
        ' && !document.querySelector(\'[data-testid="stSkeleton"], [data-stale="true"]\')',
        timeout=TIMEOUT,
    )
    page.wait_for_timeout(SETTLE)


def empty(page: Page) -> None:
    """The first screen."""
    page.get_by_role("heading", level=1).wait_for()
    idle(page)


def why(page: Page) -> Locator:
    """Why the selected segment is odd."""
    answer(page)
    return page.locator(".st-key-why")


def tune(page: Page) -> Locator:
    """The histogram and the threshold."""
    answer(page)
    return page.locator(".st-key-histogram")


def sizes(page: Page) -> Locator:
    """The same picture in other grids."""
    answer(page)
    page.get_by_role("tab", name="Other grid sizes").click()
    page.get_by_text("(shown)").wait_for()
    idle(page)
    return page.locator("[data-testid='stTabs']").first


def compare(page: Page) -> None:
    """Both sides answered."""
    page.locator(".sd-banner").nth(1).wait_for()
    idle(page)


def evaluate(page: Page, folder: Path) -> None:
    """A finished evaluation."""
    write_sample_dataset(folder)
    page.get_by_role("textbox", name="Folder with pictures and masks").fill(str(folder))
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Evaluate", exact=True).click()
    page.get_by_text("Average precision").first.wait_for()
    idle(page)


def batch(page: Page) -> None:
    """A run that is done: bundled samples, and a file that was not copied whole."""
    chosen = [(f"{sample.key}.png", sample_bytes(sample.key)) for sample in SAMPLES[:7]]
    chosen.append(("not-copied-whole.png", chosen[0][1][:2000]))
    files = [FilePayload(name=name, mimeType="image/png", buffer=data) for name, data in chosen]
    idle(page)
    page.locator("[data-testid='stMain'] input[type=file]").set_input_files(files)
    page.get_by_role("button", name="Inspect these").click()
    page.get_by_text(f"1 to {len(files)} of {len(files)}").wait_for()
    page.locator(".js-plotly-plot").nth(1).wait_for()
    idle(page)


def history(page: Page, address: str) -> None:
    """Inspections that were kept, and the newest of them as it was."""
    for sample in ("Broken wire mesh", "Cracked bricks", "Flawed fabric"):
        page.goto(f"{address}/?{urlencode({'sample': sample})}")
        answer(page)
    page.goto(f"{address}/history")
    idle(page)
    box = page.get_by_test_id("stDataFrame").first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 18, box["y"] + 38 + 28)  # the box that chooses the first row
    page.get_by_role("button", name="Open on Inspect").wait_for()
    page.mouse.move(0, 0)  # a table that is pointed at shows its tools over what stands above it
    idle(page)


def shots(dataset: Path, address: str) -> dict[str, Shot]:
    """All pictures by name."""
    sample = "/?sample=Flawed+fabric"
    return {
        "empty": Shot(address="/", take=empty, width=1280, height=900),
        "result": Shot(address=sample, take=answer, height=900),
        "why": Shot(address=sample, take=why, height=900),
        "tune": Shot(address=sample, take=tune),
        "sizes": Shot(address=sample, take=sizes),
        "compare": Shot(
            address="/compare?compare-sample=Circuit+board&left-engine=fastdup&right-engine=dinov2",
            take=compare,
            height=1000,
        ),
        "evaluate": Shot(address="/evaluate", take=lambda page: evaluate(page, dataset)),
        "batch": Shot(address="/batch", take=batch),
        "history": Shot(address="/history", take=lambda page: history(page, address), height=1250),
        "method": Shot(address="/method", take=empty, width=1280, height=900),
        "dark": Shot(address="/?sample=Nut+in+gravel", take=answer, height=1000, dark=True),
        "phone": Shot(address="/?sample=Broken+wire+mesh", take=answer, width=400, height=1000),
    }


@contextmanager
def dashboard(home: Path) -> Iterator[str]:
    """The running dashboard's address; what it keeps goes to a folder of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py"]
    command += ["--server.headless", "true", "--server.port", str(port), "--server.fileWatcherType", "none"]
    environment = os.environ | {"SEGDETECT_HOME": str(home), "SEGDETECT_ROOTS": str(home.parent)}
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(address)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_for(address: str) -> None:
    deadline = time.monotonic() + TIMEOUT / 1000
    while True:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=10):
                return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def photograph(browser: Browser, address: str, shot: Shot) -> Image.Image:
    """Open a page, wait until it is complete, and take its picture."""
    context = browser.new_context(
        viewport={"width": shot.width, "height": shot.height or 1000},
        color_scheme="dark" if shot.dark else "light",
        device_scale_factor=1.5 if shot.width < 500 else 1,
    )
    try:
        context.set_default_timeout(TIMEOUT)
        page = context.new_page()
        page.goto(address + shot.address)
        element = shot.take(page)
        _close_notices(page)
        if shot.height is None:
            _grow(page, shot.width)
        data = page.screenshot() if element is None else element.screenshot()
    finally:
        context.close()
    return Image.open(io.BytesIO(data), formats=["PNG"]).convert("RGB")


def _close_notices(page: Page) -> None:
    """What is told once a day lies over the page that is opened first."""
    notices = page.get_by_test_id("stToast")
    while notices.count():
        notices.first.get_by_role("button").click()
        page.mouse.move(0, 0)
        page.wait_for_timeout(SETTLE)


def _grow(page: Page, width: int) -> None:
    """Streamlit scrolls inside the page, so that only a window as high as its content shows all of it."""
    height = page.evaluate("() => document.querySelector('[data-testid=\"stMainBlockContainer\"]').scrollHeight")
    page.set_viewport_size({"width": width, "height": min(MAX_HEIGHT, int(height))})
    page.wait_for_timeout(SETTLE)


def reduced(picture: Image.Image) -> Image.Image:
    """The picture with a palette, a quarter as large as a file: the commonest colours exactly, the others nearly."""
    counted = picture.getcolors(picture.width * picture.height) or []
    common = [colour for _, colour in sorted(counted, reverse=True)[:EXACT_COLOURS]]
    other = picture.quantize(COLOURS - len(common), method=Image.Quantize.MAXCOVERAGE)
    pixels, index = np.asarray(picture), np.array(other) + len(common)
    for number, colour in enumerate(common):
        index[(pixels == colour).all(axis=2)] = number
    small: Image.Image = Image.fromarray(index.astype(np.uint8))
    small.putpalette([*np.array(common).ravel().tolist(), *(other.getpalette() or [])])
    return small


def take_all(
    arguments: Sequence[str] | None,
    about: str | None,
    names: Sequence[str],
    take: Callable[[Browser, str, Path, str], Image.Image],
    prefix: str = "",
) -> int:
    """Take the pictures that the words of the command name; returns the exit code: 0 done, 1 there is no browser.

    Args:
        arguments: the words after the command; None for those that it was called with.
        about: what the command says of itself.
        names: of all that there are.
        take: of the browser, the dashboard's address, a folder that it may read, and a name.
        prefix: of the files.
    """
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of {', '.join(names)} (default all)")
    parser.add_argument("--out", type=Path, default=IMAGES, metavar="DIR", help="where to write them")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(names):
        parser.error(f"no picture named {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    chromium = find_chromium()
    if chromium is None:
        print(
            f"{parser.prog}: no Chromium or Chrome starts on this machine (sudo apt install chromium)", file=sys.stderr
        )
        return 1
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="segdetect-") as scratch, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        with dashboard(Path(scratch) / "home") as address:
            for name in options.names or names:
                path = options.out / f"{prefix}{name}.png"
                picture = take(browser, address, Path(scratch), name)
                reduced(picture).save(path, optimize=True)
                print(f"{path.name}: {picture.width} x {picture.height}, {path.stat().st_size // 1000} kB", flush=True)
        browser.close()
    return 0


def picture_of(browser: Browser, address: str, scratch: Path, name: str) -> Image.Image:
    """The picture of this name."""
    return photograph(browser, address, shots(scratch / "samples", address)[name])


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the pictures; returns the exit code."""
    return take_all(arguments, __doc__, list(shots(Path(), "")), picture_of)


if __name__ == "__main__":
    sys.exit(main())
