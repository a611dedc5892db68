"""Many people at once on one dashboard: python -m benchmarks.load [--users 20] [--minutes 5] [--pause 30]

Each is a context of its own of one Chromium (a browser session with cookies, storage and websocket of its own), on one
dashboard with all engines. Again and again each drops in a picture that nobody else has, with a tile planted where
nobody else's is, and looks whether name, flag, scores and exported table are those of this picture; changes the
threshold and the grid, reviews the flag and exports. Between two steps they look for a while (`--pause`, the mean).

Everything, the browser too, is on this machine: the times are what a visitor waits on cores that 20 browsers share with
the server. Their processes give way to it (nice 10), as they would by being on machines of their own. Memory is looked
at when every visitor has been through all of it once and the server is quiet again (engines and caches are then what
they will be), while they work, and when they have gone.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import psutil
from playwright.async_api import async_playwright

from benchmarks.observing import Held, Server, at_rest, server, watched
from benchmarks.telling import tell
from benchmarks.visitor import ENGINES, PATIENCE_MS, Seen, come_in
from scripts.browser import find_chromium
from tests.support.app_server import BROWSER_FLAGS

BROWSER_NICE: Final = 10
CACHE_MB: Final = 128
QUIET_SECONDS: Final = 10.0
# What somebody takes to look at a picture and its flags before the next step.
PAUSE_SECONDS: Final = 30.0


async def visit(running: Server, users: int, minutes: float, pause: float, gone: float, seen: Seen) -> dict[str, Held]:
    """Let them all in; returns what the server held before, at its most, and when they had gone."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=BROWSER_FLAGS)
        visitors = [await come_in(browser, number, running.url, pause, seen) for number in range(users)]
        let_browsers_give_way()
        # Everything once, so that what comes once for all is there before anything is measured.
        await asyncio.gather(*(visitor.come() for visitor in visitors))
        first = {step: len(values) for step, values in seen.seconds.items()}
        before = await asyncio.to_thread(at_rest, running.pid, seconds=QUIET_SECONDS, most=60.0)
        print(f"before: {before}, first times: {first}", file=sys.stderr, flush=True)
        seen.seconds.clear()
        seen.queues.clear()
        with watched(running.pid) as watching:
            until = time.monotonic() + 60 * minutes
            await asyncio.gather(*(visitor.work(until) for visitor in visitors))
        await browser.close()
    # Of a tab that was closed Streamlit keeps the session for two minutes, and lets go of it when another is closed.
    await asyncio.sleep(gone)
    await _look_in(running.url)
    after = await asyncio.to_thread(at_rest, running.pid, seconds=QUIET_SECONDS, most=60.0)
    return {"before": before, "most": watching.most, "after": after}


def let_browsers_give_way() -> None:
    """Give each thread of the browsers that this process has started a lower priority; new ones inherit it."""
    for process in psutil.Process().children(recursive=True):
        if "chrom" not in process.name():
            continue
        for thread in process.threads():
            # Some of its processes take a higher priority than a server has, and threads come and go.
            with suppress(ProcessLookupError):
                os.setpriority(os.PRIO_PROCESS, thread.id, BROWSER_NICE)


async def _look_in(url: str) -> None:
    """Open the dashboard and close it again."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=BROWSER_FLAGS)
        page = await browser.new_page()
        await page.goto(url)
        await page.locator(".st-key-files input[type=file]").wait_for(state="attached", timeout=PATIENCE_MS)
        await browser.close()


def spread(values: Sequence[float]) -> dict[str, float]:
    """Count, median, 95th percentile and most of some seconds."""
    found = {"median": np.median(values), "p95": np.quantile(values, 0.95), "most": max(values)}
    return {"count": len(values), **{name: round(float(value), 3) for name, value in found.items()}}


def is_fair(seen: Sequence[int]) -> bool:
    """Whether a place in the queue only ever came nearer."""
    return all(later <= earlier for earlier, later in pairwise(seen))


def main() -> int:
    """Let them in, tell what they saw, and end with 1 where that is not what is wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--gone", type=float, default=150.0, help="seconds after the last tab was closed (default 150)")
    parser.add_argument(
        "--pause", type=float, default=PAUSE_SECONDS, help="mean seconds between two steps of a visitor"
    )
    options = parser.parse_args()
    # Else the dashboard and the browser would outlive it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    seen, began = Seen(), time.monotonic()
    load = round(os.getloadavg()[0], 1)
    with tempfile.TemporaryDirectory() as place:
        with server(Path(place), {"SEGDETECT_CACHE_MB": str(CACHE_MB)}) as running:
            memory = asyncio.run(visit(running, options.users, options.minutes, options.pause, options.gone, seen))
            said = running.log.read_text()
        left = [file.name for file in running.temporary.rglob("*")]
    places = [place for queue in seen.queues for place in queue]
    tell(
        kind="load",
        users=options.users,
        minutes=options.minutes,
        pause=options.pause,
        engines=dict(Counter(ENGINES[number % len(ENGINES)] for number in range(options.users))),
        cores=os.cpu_count(),
        load_before=load,
        cache_mb=CACHE_MB,
        errors=seen.errors,
        foreign=seen.foreign,
        tracebacks=said.count("Traceback"),
        seconds={step: spread(values) for step, values in sorted(seen.seconds.items())},
        queue_places={"waits": len(seen.queues), "farthest": max(places, default=0)},
        unfair=sum(not is_fair(queue) for queue in seen.queues),
        memory_mb={name: {"server": round(one.own), "children": round(one.children)} for name, one in memory.items()},
        files={name: one.files for name, one in memory.items()},
        temporary_left=left,
        took=round(time.monotonic() - began),
    )
    return 1 if seen.errors or seen.foreign else 0


if __name__ == "__main__":
    sys.exit(main())
