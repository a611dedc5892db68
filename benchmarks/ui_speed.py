"""How fast the page answers in a real browser: python benchmarks/ui_speed.py [--rounds 10]

Prints medians: the first result after a click on a cold app with the texture engine, a changed threshold, a changed
grid that was computed ahead; and what the page weighs.
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
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


def changed(page: Page, slider: str, key: str) -> float:
    """Seconds from a key press on a slider to the line under the verdict or the reason having changed."""
    before = page.locator(".sd-banner").inner_text() + facts(page)
    handle = page.get_by_role("slider", name=slider).first
    handle.focus()
    start = time.perf_counter()
    handle.press(key)
    while page.locator(".sd-banner").inner_text() + facts(page) == before:
        if time.perf_counter() - start > 30:
            raise TimeoutError(f"{slider} changed nothing within 30 s")
        time.sleep(0.01)
    return time.perf_counter() - start


def facts(page: Page) -> str:
    """The line that names engine, grid, rule and time."""
    return page.get_by_text("compared with itself").first.inner_text()


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
        grids = [changed(page, "Grid (tiles per side)", "ArrowRight") for _ in range(rounds)]
        tell("a changed grid, computed ahead", grids, "under 0.7 s")
        thresholds = [changed(page, "Threshold", "ArrowRight") for _ in range(rounds)]
        tell("a changed threshold", thresholds, "under 0.5 s")
        browser.close()
        app.close()


def _weigh(response, weight: dict[str, int]) -> None:
    weight["bytes"] += int(response.headers.get("content-length", 0))
    weight["scripts"] += response.request.resource_type == "script"


def tell(what: str, seconds: list[float], wanted: str) -> None:
    """Print one line."""
    spread = f"{min(seconds):.2f} to {max(seconds):.2f}"
    print(f"{what:52} {statistics.median(seconds):7.2f} s  (median of {len(seconds)}, {spread}; wanted: {wanted})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    measure(parser.parse_args().rounds)
