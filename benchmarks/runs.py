"""Runs of many pictures, and what they are compared with, measured in one go: python benchmarks/runs.py [FIGURE...]

Ratios are printed, both sides measured in turn. Pictures are crops of those in --pictures, else of the bundled samples.
"""

import argparse
import gc
import io
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from segdetect.engines.fastdup import FastdupEngine
from segdetect.memory import return_freed
from segdetect.pictures.loading import load_image
from segdetect.pictures.source_file import SourceFile
from segdetect.pictures.sources import list_sources
from segdetect.pipeline import Inspector
from segdetect.runs import cluster
from segdetect.runs.rooms import Here, Room
from segdetect.runs.run import Work, inspect_run
from segdetect.samples.catalogue import sample_bytes
from segdetect.settings import EngineName, Scope, Settings

ROOT = Path(__file__).parents[1]
SIDE = 512
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp")


def crops(source: Path | None, folder: Path, count: int) -> list[Path]:
    """So many different crops of real pictures, as PNG."""
    originals = [path for path in sorted(source.rglob("*")) if path.suffix.lower() in SUFFIXES] if source else []
    opened = [_opened(path.read_bytes()) for path in originals[:: max(1, len(originals) // 40)][:40]]
    opened = opened or [_opened(sample_bytes("clean-fabric"))]
    random = np.random.default_rng(0)
    paths = []
    for number in range(count):
        picture = opened[number % len(opened)]
        left, top = (int(random.integers(0, max(1, side - SIDE))) for side in picture.size)
        paths.append(folder / f"{number:05}.png")
        picture.crop((left, top, left + SIDE, top + SIDE)).save(paths[-1], compress_level=1)
    return paths


def _opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    scale = max(1.0, 1.2 * SIDE / min(picture.size))
    return picture.resize((round(picture.width * scale), round(picture.height * scale)))


def files_of(folder: Path, count: int) -> tuple[SourceFile, ...]:
    """The first files of a folder."""
    return list_sources([folder]).files[:count]


def seconds_of(work: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def told(name: str, value: str, wanted: str) -> None:
    """Print one figure."""
    print(f"{name:66} {value:>28}   (wanted: {wanted}; load {os.getloadavg()[0]:.1f})", flush=True)


def drained(work: Work, room: Room) -> int:
    """How many pictures a run is done with."""
    return sum(len(part) for part in inspect_run(work, room))


def memory(folder: Path, count: int) -> None:
    """How much a process grows from its hundredth picture to the last."""
    settings = Settings(engine=EngineName.TEXTURE)
    inspector = Inspector()
    work = Work.by(inspector, files_of(folder, count), settings, annotated=True)
    done, first = 0, 0.0
    for part in inspect_run(work, Here(inspector)):
        done += len(part)
        if first == 0.0 and done >= min(100, count // 2):
            first, at = _resident(), done
    last = _resident()
    told(
        f"memory from picture {at} to {done}, texture",
        f"{first:.0f} to {last:.0f} MB: {last - first:+.0f} MB",
        "< 50 MB",
    )


def _resident() -> float:
    gc.collect()
    return_freed()
    return psutil.Process().memory_info().rss / 1e6


def workers(folder: Path, count: int) -> None:
    """Two processes against one process that works in the same way."""
    work = Work.by(Inspector(), files_of(folder, count), Settings(engine=EngineName.TEXTURE))
    seconds = []
    for number in (1, 2):
        with closing(cluster.local(number)) as room:
            room._client.run(_one_thread)
            drained(Work.by(Inspector(), files_of(folder, 2 * number), work.settings), room)
            seconds.append(seconds_of(lambda room=room: drained(work, room)))
    ratio = seconds[0] / seconds[1]
    told(f"{count} pictures, texture: two workers | one", f"{seconds[1]:.1f} s {seconds[0]:.1f} s x {ratio:.2f}", "1.7")


def _one_thread() -> None:
    import cv2

    cv2.setNumThreads(1)


def bare(folder: Path, count: int) -> None:
    """A run against reading the pictures and calling the inspector, and nothing else."""
    inspector = Inspector()
    settings = Settings(engine=EngineName.TEXTURE)
    files = files_of(folder, count)
    half = len(files) // 2
    ours = bare = 0.0
    # In turn, part by part, so that a machine whose speed drifts does it to both.
    for start in range(0, half - 7, 8):
        mine, theirs = files[start : start + 8], files[half + start : half + start + 8]
        ours += seconds_of(lambda mine=mine: drained(Work.by(inspector, mine, settings), Here(inspector)))
        bare += seconds_of(lambda theirs=theirs: _calls(inspector, theirs, settings))
    told(f"{half} pictures, texture: pictures a second, run | bare calls", f"x {bare / ours:.2f}", "0.85")


def _calls(inspector: Inspector, files: tuple[SourceFile, ...], settings: Settings) -> None:
    images = [load_image(file.data(), name=file.name) for file in files]
    inspector.inspect_many(images, settings)
    inspector.forget(images, settings)


def fastdup(folder: Path, count: int) -> None:
    """A run by fastdup against the notebook's loop in a warm process."""
    from speed import Blog

    engine = FastdupEngine()
    settings = Settings(engine=EngineName.FASTDUP)
    inspector = Inspector({EngineName.FASTDUP: engine})
    files = files_of(folder, count)
    work = Work.by(inspector, files, settings)
    with tempfile.TemporaryDirectory(prefix="runs-") as home:
        blog = Blog(Path(home))
        paths = [file.place.path for file in files if file.place]
        blog.ask(do="loop", pictures=paths[:1])
        ours = seconds_of(lambda: drained(work, Here(inspector)))
        theirs = blog.ask(do="loop", pictures=paths)
        blog.close()
    engine.close()
    told(f"{count} pictures, fastdup: run | the blog's loop", f"{ours:.1f} s {theirs:.1f} s x {theirs / ours:.2f}", "4")


def batch(folder: Path, count: int) -> None:
    """Scope batch against scope self."""
    files = files_of(folder, count)
    seconds = []
    for scope in (Scope.SELF, Scope.BATCH):
        inspector = Inspector()
        work = Work.by(inspector, files, Settings(engine=EngineName.DINOV2, scope=scope))
        seconds.append(seconds_of(lambda work=work, inspector=inspector: drained(work, Here(inspector))))
    ratio = seconds[1] / seconds[0]
    told(f"{count} pictures, dinov2: batch | self", f"{seconds[1]:.1f} s {seconds[0]:.1f} s x {ratio:.2f}", "at most 2")


def kill(folder: Path, count: int) -> None:
    """A run that is killed half-way and gone on with against one that is not."""
    _lose(folder, count, [], "SIGKILL half-way, then --resume")


def worker(folder: Path, count: int) -> None:
    """The same where one of two workers of a loopback cluster is killed."""
    _lose(folder, count, ["--workers", "2"], "a worker of two killed")


def _lose(folder: Path, count: int, words: list[str], name: str) -> None:
    with tempfile.TemporaryDirectory(prefix="runs-") as home:
        inputs, whole, lost = (Path(home) / name for name in ("in", "whole", "lost"))
        inputs.mkdir()
        for file in files_of(folder, count):
            if file.place:
                (inputs / file.name).symlink_to(file.place.path)
        _command(inputs, whole).wait()
        running = _command(inputs, lost, *words)
        _await(lost, count // 2)
        victims = [process for process in psutil.Process(running.pid).children() if "spawn_main" in _line(process)]
        os.kill(victims[-1].pid if words else running.pid, signal.SIGKILL)
        running.wait()
        kept = len((lost / "journal.jsonl").read_bytes().splitlines()) - 1
        if not words:
            _command(inputs, lost, "--resume").wait()
        same = _contents(whole) == _contents(lost)
    told(f"{count} pictures, {name}: the same files", f"{same}, {kept} kept", "True")


def _line(process: psutil.Process) -> str:
    return " ".join(process.cmdline())


def _command(inputs: Path, out: Path, *words: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "segdetect", "inspect", str(inputs), "--engine", "texture", "--out", str(out)]
    nowhere = subprocess.DEVNULL
    return subprocess.Popen([*command, "--no-history", *words], cwd=ROOT, stdout=nowhere, stderr=nowhere)


def _await(out: Path, pictures: int) -> None:
    journal = out / "journal.jsonl"
    while not journal.is_file() or len(journal.read_bytes().splitlines()) <= pictures:
        time.sleep(0.05)


def _contents(out: Path) -> dict[str, object]:
    return {path.relative_to(out).as_posix(): _content(path) for path in out.rglob("*") if path.is_file()}


def _content(path: Path) -> object:
    """All that a file holds but for the seconds that were measured, the time of the start and the run's own number."""
    if path.name == "images.csv":
        return [line.split(",")[:8] + line.split(",")[9:] for line in path.read_text().splitlines()]
    if path.name == "journal.jsonl":
        return [_without_times(json.loads(line)) for line in path.read_text().splitlines()]
    return _without_times(json.loads(path.read_text())) if path.name == "run.json" else path.read_bytes()


def _without_times(record: dict[str, object]) -> dict[str, object]:
    document = record.get("document")
    if isinstance(document, dict):
        document.pop("seconds", None)
    for name in ("started", "id"):
        record.pop(name, None)
    return record


FIGURES = {
    "memory": (memory, 1000),
    "workers": (workers, 1000),
    "bare": (bare, 1000),
    "fastdup": (fastdup, 40),
    "batch": (batch, 100),
    "kill": (kill, 60),
    "worker": (worker, 60),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("figures", nargs="*", choices=[*FIGURES, []], help="all if left out")
    parser.add_argument("--pictures", type=Path, help="folder of real pictures to take crops of")
    parser.add_argument("--count", type=int, help="so many pictures in place of each figure's own number")
    options = parser.parse_args()
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory(prefix="crops-") as name:
        folder = Path(name)
        wanted = [(FIGURES[figure][0], options.count or FIGURES[figure][1]) for figure in options.figures or FIGURES]
        crops(options.pictures, folder, max(count for _, count in wanted))
        for measure, count in wanted:
            measure(folder, count)


if __name__ == "__main__":
    main()
