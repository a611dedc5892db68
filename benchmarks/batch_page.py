"""How quick the Batch page is on a large run: python benchmarks/batch_page.py [--rows 10000]

Makes a run with so many rows up, starts the dashboard, and times in Chromium what a visitor waits for: from opening the
run's address to its table (in a browser that has seen the dashboard before), and, when all of it is there, from typing
a name to the rows that have it. The page without a run is timed beside it: what no run can be quicker than. Ends with 1
where a limit is missed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

ROOT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from segdetect.errors import UnreadableImageError  # noqa: E402
from segdetect.inspection import Failure, Verdict  # noqa: E402
from segdetect.output.finished import Finished  # noqa: E402
from segdetect.output.thumbnails import kept_thumbnail  # noqa: E402
from segdetect.pictures.source_file import SourceFile  # noqa: E402
from segdetect.runs.queued.files import KeptFiles, write_files  # noqa: E402
from segdetect.runs.queued.record import RunRecord, State  # noqa: E402
from segdetect.runs.queued.rows import Rows  # noqa: E402
from segdetect.settings import DEFAULT_GRID, EngineName, GridSize, Settings  # noqa: E402
from tests.support.app_server import BROWSER_FLAGS, running_app  # noqa: E402
from tests.support.pictures import answer, picture, planted, weave  # noqa: E402

PAINT_LIMIT: Final = 2.0  # seconds
FILTER_LIMIT: Final = 0.5
ID: Final = "20261126-120000-0123456789ab"
ROUNDS: Final = 3
_CHARTS: Final = 3


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split(":")[0])
    parser.add_argument("--rows", type=int, default=10_000, metavar="N")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary) / "home"
        make_run(home / "runs" / ID, options.rows)
        with running_app(home) as address:
            empty, paint, filtering = timed(f"{address}/batch")
    print(
        f"{options.rows} rows: first paint {paint:.2f} s (limit {PAINT_LIMIT}), without a run {empty:.2f} s;", end=" "
    )
    print(f"filter {filtering:.2f} s (limit {FILTER_LIMIT})")
    return int(paint > PAINT_LIMIT or filtering > FILTER_LIMIT)


def make_run(folder: Path, count: int) -> None:
    """The folder of a run with so many pictures, one in twenty of them odd and one in a hundred failed."""
    folder.mkdir(parents=True)
    write_files(folder, KeptFiles([SourceFile("part.png", lambda: b"")]))
    rows = Rows(folder)
    rows.add(enumerate(finished(count)))
    RunRecord(
        id=ID,
        account="",
        name="Line 3",
        settings=Settings(engine=EngineName.TEXTURE),
        engine=EngineName.TEXTURE,
        engine_version="texture 2",
        engine_notes=(),
        dense=True,
        files=count,
        state=State.DONE,
        counts=rows.counts(),
    ).write(folder)


def finished(count: int) -> Iterator[Finished]:
    """Pictures made up, in the order of a line whose scores drift."""
    grid, rng = GridSize(), np.random.default_rng(0)
    clean, odd = picture(weave((140, 140))), picture(planted(2, 3, size_wh=(140, 140)))
    for number in range(count):
        name = f"part-{number:05d}.png"
        if number % 100 == 99:
            error = UnreadableImageError("the file is empty (0 bytes)", remedy="Copy it anew", file=name)
            yield Finished.of(Failure(name, error), file=number)
            continue
        is_odd = number % 20 == 7
        image = odd if is_odd else clean
        scores = rng.uniform(0.1, 0.35 + 0.1 * number / count, grid.tiles)
        place = int(np.clip(rng.normal(2, 0.7), 0, 6)) * DEFAULT_GRID + int(np.clip(rng.normal(3, 0.7), 0, 6))
        if is_odd:
            scores[place] = rng.uniform(0.55, 1.2)
        made = answer(
            image,
            scores.tolist(),
            grid=grid,
            flagged=[place] if is_odd else [],
            verdict=Verdict.ANOMALOUS if is_odd else Verdict.NORMAL,
        )
        yield Finished.of(replace(made, image=name), file=number, thumbnail=kept_thumbnail(image, made))


def timed(address: str) -> tuple[float, float, float]:
    """Seconds to the page without a run, to the first table of the run, and to the rows of a name."""
    from playwright.sync_api import sync_playwright

    empties, paints, filters = [], [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=BROWSER_FLAGS)
        context = browser.new_context(viewport={"width": 1440, "height": 1000}, locale="en-US")
        for number in range(ROUNDS + 1):
            tab = context.new_page()
            begin = time.monotonic()
            tab.goto(address)
            tab.get_by_role("button", name="Show").wait_for()
            empties.append(time.monotonic() - begin)
            tab.close()
            tab = context.new_page()
            begin = time.monotonic()
            tab.goto(f"{address}?run={ID}")
            tab.get_by_text("1 to 50 of").wait_for()
            paints.append(time.monotonic() - begin)
            # Nobody types before the charts, which come last, are there.
            tab.locator(".js-plotly-plot").nth(_CHARTS - 1).wait_for()
            box = tab.get_by_role("textbox", name="Name")
            box.fill(f"part-{number + 1:04d}")
            begin = time.monotonic()
            box.press("Enter")
            tab.get_by_text("1 to 10 of 10").wait_for()
            filters.append(time.monotonic() - begin)
            tab.close()
        browser.close()
    # The first one fills the browser's cache and opens what the program opens once.
    empty, paint, filtering = (statistics.median(times[1:]) for times in (empties, paints, filters))
    return empty, paint, filtering


if __name__ == "__main__":
    sys.exit(main())
