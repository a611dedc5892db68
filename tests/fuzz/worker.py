"""Tries hostile inputs on one target, in a process of its own, and puts down what became of them; `run.py` starts it.

What it knows is on the disk before each input is tried, so that nothing is lost where one ends the process.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import os
import resource
import signal
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from typing import Any, Final
from unittest import mock

from hypothesis import HealthCheck, Phase, given, seed, settings

from segdetect.errors import SegDetectError
from segdetect.pictures import isolation
from tests.fuzz.damage import damaged
from tests.fuzz.target import Target
from tests.fuzz.watch import Watch

DECODER: Final = "tests.fuzz.watched_decoder"
TALLY, INPUT, PROBLEMS, OWN, TEMPORARY = "tally.json", "input", "problems.jsonl", "own", "tmp"
ROUND: Final = 25
# The program gives a picture up after ten seconds; saying so takes a moment.
MOST_SECONDS: Final = 10.5
MOST_BYTES: Final = 1_500_000_000
END_SECONDS: Final = 60.0
_BROKE_OFF: Final = "broke off abruptly"


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of inputs so far; `broke_off` are those that ended the process that decoded them, and only that."""

    round: int = 0
    inputs: int = 0
    refused: int = 0
    read: int = 0
    broke_off: int = 0
    slowest_seconds: float = 0.0
    largest_mb: float = 0.0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            max(self.round, other.round),
            self.inputs + other.inputs,
            self.refused + other.refused,
            self.read + other.read,
            self.broke_off + other.broke_off,
            max(self.slowest_seconds, other.slowest_seconds),
            max(self.largest_mb, other.largest_mb),
        )


class Trial:
    """Tries one input after another, until there were enough or the time is over.

    Args:
        target: what reads them.
        folder: where it writes.
        inputs: the most that are tried.
        seconds: the most that they take.
        end_seconds: an input that takes so long ends this process, whatever it is doing; 0 for none that does.
    """

    def __init__(
        self, target: Target, folder: Path, *, inputs: int, seconds: float, end_seconds: float = END_SECONDS
    ) -> None:
        self._target, self._folder, self._inputs = target, folder, inputs
        self._end_seconds = end_seconds
        self._end = time.monotonic() + seconds
        own = [folder / OWN, folder / TEMPORARY]
        self._watch = Watch(folder / TEMPORARY, own=own, programs=(DECODER, isolation.MODULE))
        self._tally_file = os.open(folder / TALLY, os.O_CREAT | os.O_WRONLY)
        self._children_mb = 0.0
        self.tally = Tally()

    @property
    def over(self) -> bool:
        """There were enough inputs."""
        return self.tally.inputs >= self._inputs or time.monotonic() >= self._end

    def begin_round(self, number: int) -> None:
        """Inputs are of this round from now on."""
        self._put_down(round=number)

    def __call__(self, data: bytes) -> None:
        """Try an input, unless it is over."""
        if self.over:
            return
        (self._folder / INPUT).write_bytes(data)
        before = self.tally
        self._put_down(inputs=before.inputs + 1)
        problem, seconds, megabytes = self._measured(data)
        if seconds > MOST_SECONDS:  # or the machine was busy with something else
            self._put_down(refused=before.refused, read=before.read, broke_off=before.broke_off)
            problem, seconds, megabytes = self._measured(data)
        self._put_down(
            slowest_seconds=max(self.tally.slowest_seconds, seconds),
            largest_mb=max(self.tally.largest_mb, megabytes),
        )
        if news := self._watch.news():
            problem = f"it did what reading never does: {news.splitlines()[0]}"
        if not problem and seconds > MOST_SECONDS:
            problem = f"it took {seconds:.1f} seconds"
        if not problem and megabytes * 1e6 > MOST_BYTES:
            problem = f"it took {megabytes:.0f} MB"
        if problem:
            self._keep(problem, data)

    def _measured(self, data: bytes) -> tuple[str, float, float]:
        """What is wrong with how an input was read, its seconds, and the most megabytes of memory."""
        _forget_peaks()
        started = time.perf_counter()
        problem = self._tried(data)
        return problem, time.perf_counter() - started, self._peak_mb()

    def _tried(self, data: bytes) -> str:
        """What is wrong with how an input was read; empty for nothing."""
        if self._end_seconds:
            signal.setitimer(signal.ITIMER_REAL, self._end_seconds)
        try:
            with self._watch.looking():
                self._target.read(data)
        except self._target.allowed as error:
            return self._refused(error)
        except Exception as error:
            return _told(error)
        else:
            self._put_down(read=self.tally.read + 1)
            return ""
        finally:
            if self._end_seconds:
                signal.setitimer(signal.ITIMER_REAL, 0)

    def _refused(self, error: SegDetectError) -> str:
        broke_off = self.tally.broke_off + (_BROKE_OFF in str(error))
        self._put_down(refused=self.tally.refused + 1, broke_off=broke_off)
        if not (error.problem and error.remedy and error.file):
            return f"{type(error).__name__} without file, problem or remedy: {error}"
        str(error).encode("utf-8", "surrogateescape")
        return ""

    def _put_down(self, **news: Any) -> None:
        self.tally = replace(self.tally, **news)
        os.pwrite(self._tally_file, json.dumps(asdict(self.tally)).ljust(400).encode(), 0)

    def _keep(self, problem: str, data: bytes) -> None:
        line = {"problem": problem, "round": self.tally.round, "input": kept(self._folder, data)}
        with (self._folder / PROBLEMS).open("a") as file:
            file.write(json.dumps(line) + "\n")

    def _peak_mb(self) -> float:
        """The most memory of this process, and of those that decode for it, since `_forget_peaks`."""
        own = sum(_status_mb(pid) for pid in ("self", *_decoder_pids()))
        ended = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000
        largest, self._children_mb = (ended if ended > self._children_mb else 0.0), max(ended, self._children_mb)
        return max(own, _status_mb("self") + largest)


def kept(folder: Path, data: bytes) -> str:
    """Where an input that is a finding was kept."""
    path = folder / f"{hashlib.sha256(data).hexdigest()[:12]}.bin"
    path.write_bytes(data)
    return str(path)


def _told(error: BaseException) -> str:
    """An error and the place in our code, or else in others', where it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/segdetect/" in frame.filename] or frames
    return f"{type(error).__name__} at {Path(ours[-1].filename).name}:{ours[-1].lineno}: {str(error)[:300]}"


def _forget_peaks() -> None:
    for pid in ("self", *_decoder_pids()):
        with suppress(OSError):
            Path(f"/proc/{pid}/clear_refs").write_text("5")


def _status_mb(pid: str) -> float:
    """The most memory that a process has held; 0 when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1000 for line in lines if line.startswith("VmHWM")), 0.0)


def _decoder_pids() -> list[str]:
    return [str(decoder.pid) for decoder in isolation.decoders()._idle]


def rounds(target: Target, trial: Trial, *, start: int, of: int) -> None:
    """Try inputs in rounds, in turn drawn and damaged ones; a round's inputs follow from the seed and its number."""
    number, whole = start, target.whole()
    while not trial.over:
        trial.begin_round(number)
        random = Random(f"{of} {target.name} {number}")
        if number % 2:
            for _ in range(ROUND):
                trial(damaged(random, whole))
        else:
            _draw(target, trial, random.getrandbits(64))
        number += 1


def _draw(target: Target, trial: Trial, number: int) -> None:
    @seed(number)
    @settings(
        max_examples=ROUND,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(target.drawn())
    def tried(data: bytes) -> None:
        trial(data)

    tried()


def guided(target: Target, trial: Trial, *, of: int, folder: Path) -> None:
    """Try inputs that atheris makes of whole files, led by the branches that the code takes; does not return."""
    import atheris

    corpus = folder / "corpus"
    corpus.mkdir()
    for number, data in enumerate(target.whole()):
        (corpus / f"{number:04d}").write_bytes(data)
    trial.begin_round(-1)

    def tried(data: bytes) -> None:
        trial(data)
        if trial.over:
            os._exit(0)

    options = [f"-seed={of % 2**31 + 1}", "-rss_limit_mb=0", "-timeout=0", "-max_len=100000", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], tried)
    atheris.Fuzz()


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("table")
    parser.add_argument("target")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--inputs", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--end-seconds", type=float, default=END_SECONDS)
    parser.add_argument("--guided", action="store_true")
    parser.add_argument("--file", type=Path)
    options = parser.parse_args()
    os.chdir(options.folder / OWN)
    target: Target = importlib.import_module(options.table).TARGETS[options.target]
    trial = Trial(
        target, options.folder, inputs=options.inputs, seconds=options.seconds, end_seconds=options.end_seconds
    )
    if options.guided:
        guided(target, trial, of=options.seed, folder=options.folder)
    decoders = isolation.Decoders(1, DECODER)
    with mock.patch.object(isolation, "decoders", return_value=decoders):
        if options.file:
            trial(options.file.read_bytes())
        else:
            rounds(target, trial, start=options.start, of=options.seed)
    decoders.close()


if __name__ == "__main__":
    main()
