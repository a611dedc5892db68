"""Long work: python -m benchmarks.endurance [--inspections 500] [--pictures 3000] [--only texture fastdup dinov2 day]

Inspections in a row, each engine in a process of its own: a picture is decoded in a child, inspected, drawn, put in
tables and kept in the history, as the dashboard does. Then a day of a watched folder in fast motion: `segdetect watch`
with files, history and a folder where pictures go, to which a picture comes as soon as the one before is done with; at
one every 9.6 seconds, 3,000 are eight hours. Each picture has a tile planted in it, which has to be the odd one.

What counts is what the processes hold from the fiftieth picture to the last, children included, and what lies in the
folder for temporary files when they have ended.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.observing import ROOT, Held, held, left_in
from benchmarks.telling import tell
from segdetect.documents.inspections import read_inspection
from segdetect.output.annotation import png_bytes
from segdetect.output.tables import csv_bytes, tiles_table
from segdetect.output.thumbnails import kept_thumbnail
from segdetect.pictures.loading import load_image
from segdetect.pipeline import Inspector
from segdetect.settings import EngineName, GridSize, Settings
from segdetect.storage.history.entries import Finding, Run
from segdetect.storage.history.history import History
from segdetect.storage.plans.plan import Plan
from segdetect.storage.plans.plans import Plans
from tests.support.pictures import planted, png

DAY: Final = "day"
SIDE: Final = 7
PICTURE_WH: Final = (448, 448)
# Of the day, so that 3,000 of them take minutes.
DAY_WH: Final = (224, 224)
# From the fiftieth on nothing new is to come; what is kept between answers has reached its limit by then.
FIRST: Final = 50
LOOKS: Final = 50
CACHE_MB: Final = 32
# Engines that take a second for a picture do so many, as a share of the others' count.
SHARES: Final = {EngineName.TEXTURE: 1.0, EngineName.FASTDUP: 0.2, EngineName.DINOV2: 0.2}
PATIENCE: Final = 120.0
# So many pictures wait in the watched folder, so that it never waits for one.
AHEAD: Final = 5


@dataclass(frozen=True, slots=True)
class Look:
    """What was held when so many pictures were done."""

    done: int
    held: Held


def picture(number: int, size_wh: tuple[int, int] = PICTURE_WH) -> tuple[bytes, int]:
    """A picture that no other is like, and its odd tile."""
    tile = number % SIDE**2
    return png(planted(*divmod(tile, SIDE), size_wh=size_wh, side=SIDE, seed=number)), tile


# ---- inspections in a row --------------------------------------------------------------------------------------------


def inspect_in_a_row(engine: EngineName, count: int) -> tuple[list[Look], int]:
    """Inspect so many pictures in this process; returns what was held in between, and how many answers were wrong."""
    inspector, history = Inspector(), History()
    settings = Settings(grid=GridSize(SIDE, SIDE), engine=engine)
    run = Run(
        name="endurance", settings=settings, engine=engine.value, engine_version=inspector.choose(engine)[0].version
    )
    looks, wrong = [], 0
    for number in range(count):
        data, tile = picture(number)
        image = load_image(data, name=f"{number}.png")
        answer = inspector.inspect(image, settings)
        wrong += answer.strongest_tile != tile
        finding = Finding(result=answer, thumbnail=kept_thumbnail(image, answer), key=str(number))
        history.add(run, [finding])
        png_bytes(image, answer)
        csv_bytes(tiles_table(answer))
        if is_due(number + 1, count):
            looks.append(Look(number + 1, held(os.getpid())))
    return looks, wrong


def is_due(done: int, count: int) -> bool:
    """Whether it is time to look: at the fiftieth, at every fiftieth from there, and at the last."""
    return done == count or (done >= min(FIRST, count) and done % LOOKS == 0)


def measured(engine: EngineName, count: int) -> dict[str, Any]:
    """The same in a process of its own, whose temporary files are counted when it has ended."""
    with tempfile.TemporaryDirectory() as place:
        environment, temporary = _surroundings(Path(place))
        command = [sys.executable, "-m", "benchmarks.endurance", "--within", engine.value, "--inspections", str(count)]
        began = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=False)
        seconds = time.monotonic() - began
        if done.returncode:
            return {"name": engine.value, "failed": f"it ended with {done.returncode}"}
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return {"name": engine.value, **found, "seconds": round(seconds), "temporary_left": left_in(temporary)[0]}


def _surroundings(place: Path) -> tuple[Mapping[str, str], Path]:
    """An environment in which all that is written comes into a folder, and where temporary files then are."""
    temporary = place / "tmp"
    temporary.mkdir()
    own = {"SEGDETECT_HOME": str(place / "home"), "TMPDIR": str(temporary), "SEGDETECT_CACHE_MB": str(CACHE_MB)}
    return os.environ | own, temporary


# ---- a day of a watched folder ---------------------------------------------------------------------------------------


def day(count: int) -> dict[str, Any]:
    """Let so many pictures come to a watched folder, each soon after the other."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        environment, temporary = _surroundings(folder)
        coming, gone = folder / "line", folder / "done"
        coming.mkdir()
        _keep_plan(environment["SEGDETECT_HOME"])
        command = [sys.executable, "-m", "segdetect", "watch", str(coming), "--plan", DAY, "--json"]
        command += ["--out", str(folder / "out"), "--move-to", str(gone)]
        began = time.monotonic()
        with (folder / "said").open("w+") as said, (folder / "errors").open("w+") as errors:
            watcher = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=said, stderr=errors)
            try:
                looks = list(_let_come(watcher, coming, gone, count))
            finally:
                watcher.terminate()
                watcher.wait(60)
            said.seek(0)
            answers = [json.loads(line) for line in said]
        wrong = sum(not _is_right(answer) for answer in answers) + count - len(answers)
        seconds = round(time.monotonic() - began)
        return {"name": DAY, **_told(looks, count, wrong), "seconds": seconds, "temporary_left": left_in(temporary)[0]}


def _keep_plan(home: str) -> None:
    before = os.environ.get("SEGDETECT_HOME")
    os.environ["SEGDETECT_HOME"] = home
    try:
        Plans().keep(Plan(name=DAY, settings=Settings(grid=GridSize(SIDE, SIDE), engine=EngineName.TEXTURE)), {})
    finally:
        if before is None:
            del os.environ["SEGDETECT_HOME"]
        else:
            os.environ["SEGDETECT_HOME"] = before


def _let_come(watcher: subprocess.Popen[bytes], coming: Path, gone: Path, count: int) -> Iterator[Look]:
    """Put pictures there, a few ahead of what is done, and look at the watcher now and then."""
    put = 0
    for done in range(1, count + 1):
        while put < min(count, done + AHEAD):
            (coming / f".{put:05d}.part").write_bytes(picture(put, DAY_WH)[0])
            (coming / f".{put:05d}.part").rename(coming / f"{put:05d}.png")
            put += 1
        _await(gone / f"{done - 1:05d}.png", watcher)
        if is_due(done, count):
            yield Look(done, held(watcher.pid))


def _await(file: Path, watcher: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while not file.exists():
        if watcher.poll() is not None or time.monotonic() > end:
            raise SystemExit(f"{file.name} was not inspected within {PATIENCE:.0f} s (exit code {watcher.poll()})")
        time.sleep(0.01)


def _is_right(answer: Mapping[str, Any]) -> bool:
    """Whether a watcher's line has as the odd tile of its picture the one that was planted."""
    if "scores" not in answer:
        return False
    found = read_inspection(answer)
    return found.strongest_tile == int(Path(found.image).stem) % SIDE**2


# ---- what is told ----------------------------------------------------------------------------------------------------


def _told(looks: list[Look], count: int, wrong: int) -> dict[str, Any]:
    """What the looks come to: memory and open files at the first, and how far they grew from there."""
    first, last, most = looks[0], looks[-1], max(looks, key=lambda look: look.held.memory)
    return {
        "count": count,
        "wrong": wrong,
        "from": first.done,
        "memory_mb": {
            "first": round(first.held.memory),
            "most": round(most.held.memory),
            "last": round(last.held.memory),
        },
        "grown_mb": round(last.held.memory - first.held.memory),
        "files": {"first": first.held.files, "last": last.held.files},
        "processes": {"first": first.held.processes, "last": last.held.processes},
    }


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inspections", type=int, default=500, help="in a row; slow engines do a fifth (default 500)")
    parser.add_argument("--pictures", type=int, default=3000, help="of the watched folder's day (default 3000)")
    parser.add_argument("--only", nargs="+", default=[*SHARES, DAY], choices=[*SHARES, DAY])
    parser.add_argument("--within", type=EngineName, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.within:
        looks, wrong = inspect_in_a_row(options.within, options.inspections)
        print(json.dumps(_told(looks, options.inspections, wrong)))
        return
    for name in options.only:
        if name == DAY:
            tell(kind="endurance", **day(options.pictures))
        else:
            engine = EngineName(name)
            tell(kind="endurance", **measured(engine, max(1, round(SHARES[engine] * options.inspections))))


if __name__ == "__main__":
    main()
