"""From a file to its verdict in a watched folder, beside the bare engine: python -m benchmarks.watching [--count N]

Both are measured in turn in one warm process, so that a machine whose speed drifts does it to both. The engine's own
time is what each answer says that describing, comparing and deciding took; what is beyond it is waiting until the file
is written, reading and decoding it, and whatever else a watcher does.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from benchmarks.speed import picture
from segdetect.errors import CancelledError
from segdetect.inspection import Inspection
from segdetect.pictures.loading import load_image
from segdetect.pipeline import Inspector
from segdetect.runs.watching.inspecting import Picture
from segdetect.runs.watching.watch import Watch
from segdetect.runs.watching.wishes import Wish
from segdetect.settings import EngineName, GridSize, Scope, Settings
from segdetect.storage.history.history import History
from segdetect.storage.plans.opened import OpenPlan
from segdetect.storage.plans.plan import GoodPicture, Plan
from segdetect.storage.plans.plans import Plans

ENGINES = (EngineName.TEXTURE, EngineName.DINOV2)
PATIENCE = 300.0


class Watched:
    """A folder with a watcher in a thread of its own."""

    def __init__(self, folder: Path, plan: OpenPlan, inspector: Inspector) -> None:
        self.folder = folder
        self._told = threading.Event()
        self._ending = False
        self._at, self._picture = 0.0, None
        wish = Wish(folder=folder, plan=plan, out=folder.parent / "out")
        self._watch = Watch(wish, inspector, history=History(), tell=self._tell, shown=True)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        with suppress(CancelledError):
            self._watch.run(self._progress)

    def _progress(self, share: float, doing: str) -> None:
        if self._ending:
            raise CancelledError("enough")

    def _tell(self, told: Picture) -> None:
        self._at, self._picture = time.perf_counter(), told
        self._told.set()

    def wait(self) -> None:
        """Wait until it is ready."""
        end = time.monotonic() + PATIENCE
        while not self._watch.standing.ready and time.monotonic() < end:
            time.sleep(0.05)

    def seconds(self, name: str, data: bytes) -> tuple[float, float]:
        """From the moment that a file is written until its verdict, and the engine's own time of it."""
        self._told.clear()
        (self.folder / name).write_bytes(data)
        begin = time.perf_counter()
        assert self._told.wait(PATIENCE)
        assert self._picture is not None
        result = self._picture.result
        assert isinstance(result, Inspection), result
        return self._at - begin, result.total_seconds

    def close(self) -> None:
        """End it."""
        self._ending = True
        self._thread.join()


def plan_of(engine: EngineName, good: Sequence[bytes]) -> OpenPlan:
    """A plan with these good pictures."""
    files = {load_image(data, name="good").sha256: data for data in good}
    scope = Scope.REFERENCES if good else Scope.SELF
    settings = Settings(grid=GridSize(7, 7), engine=engine, scope=scope)
    listed = tuple(GoodPicture(f"good-{number}.png", sha256) for number, sha256 in enumerate(files))
    return Plans().open(Plans().keep(Plan(name=engine.value, settings=settings, good=listed), files).name)


def measure(engine: EngineName, count: int, good_count: int, place: Path) -> str:
    """A line of the table."""
    good = [picture(number) for number in range(good_count)]
    plan, inspector, bare = plan_of(engine, good), Inspector(), []
    bank = [load_image(data, name="good") for data in good]
    folder = place / engine.value / "in"
    folder.mkdir(parents=True)
    watched = Watched(folder, plan, inspector)
    watched.wait()
    latencies, own = [], []
    for number in range(count):
        data, other = picture(100 + 2 * number), load_image(picture(101 + 2 * number), name="bare")
        latency, seconds = watched.seconds(f"{number:04d}.png", data)
        latencies.append(latency)
        own.append(seconds)
        time.sleep(0.3)  # until what was found is kept
        begin = time.perf_counter()
        inspector.inspect(other, plan.plan.applied, bank=bank)
        bare.append(time.perf_counter() - begin)
    watched.close()
    beyond, ratios = np.subtract(latencies, own), np.divide(latencies, bare)
    told = " | ".join(
        f"{np.median(values):.2f} / {np.quantile(values, 0.95):.2f}" for values in (latencies, own, beyond)
    )
    return f"| {engine} | {told} | {np.median(bare):.2f} | {np.median(ratios):.2f} |"


def main() -> None:
    """Measure the engines that run here."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20, help="pictures of each engine (default 20)")
    parser.add_argument("--good", type=int, default=3, help="good pictures of the plan; 0 compares each with itself")
    parser.add_argument("--engine", type=EngineName, nargs="+", default=ENGINES)
    options = parser.parse_args()
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores{load}; 1024 x 1024, with --out and history")
    print(f"Compared with {options.good or 'no'} good pictures.")
    print("| engine | file to verdict, median / p95 (s) | engine's own | beyond it | bare engine | ratio to it |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as place:
        os.environ["SEGDETECT_HOME"] = str(Path(place) / "home")
        for engine in options.engine:
            print(measure(engine, options.count, options.good, Path(place)), flush=True)


if __name__ == "__main__":
    main()
