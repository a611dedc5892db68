"""Runs workers over all targets and says what they found: `run` is for `make fuzz` and for the tests."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from tests.fuzz.worker import END_SECONDS, INPUT, OWN, PROBLEMS, TALLY, TEMPORARY, Tally, kept

ROOT: Final = Path(__file__).parents[2]
TABLE: Final = "tests.fuzz.targets"
RELIABILITY: Final = "SEGDETECT_RELIABILITY"
# As many findings of one target are enough to look at.
_MOST_DEATHS: Final = 5
# Starting takes a while on a busy machine; whatever a worker does, it is ended at last.
_START_SECONDS: Final = 120.0
# Python, its libraries and atheris map more than they ever touch.
_MOST_MAPPED_BYTES: Final = 8_000_000_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a target.

    Args:
        name: of the target.
        tally: its figures.
        problems: what is wrong, with the place of an input that shows it.
    """

    name: str
    tally: Tally = field(default_factory=Tally)
    problems: Mapping[str, str] = field(default_factory=dict)

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(self.name, self.tally + other.tally, {**other.problems, **self.problems})

    @property
    def line(self) -> str:
        """The figures in a line of a table."""
        tally = self.tally
        return (
            f"{self.name:14}{tally.inputs:8}{tally.refused:9}{tally.read:8}{tally.broke_off:8}"
            f"{tally.slowest_seconds:9.2f} s{tally.largest_mb:8.0f} MB{len(self.problems):9}"
        )

    def record(self, seed: int) -> dict[str, Any]:
        """The same for `make reliability`."""
        tally = self.tally
        return {
            **{"kind": "fuzz", "name": self.name, "inputs": tally.inputs, "refused": tally.refused, "read": tally.read},
            **{"slowest_seconds": round(tally.slowest_seconds, 3), "largest_mb": round(tally.largest_mb, 1)},
            **{"findings": len(self.problems), "seed": seed},
        }


HEAD: Final = (
    f"{'target':14}{'inputs':>8}{'refused':>9}{'read':>8}{'broke':>8}{'slowest':>11}{'largest':>11}{'findings':>9}"
)


@dataclass(frozen=True, slots=True)
class Order:
    """How much is to be tried.

    Args:
        seed: what all inputs follow from.
        inputs: how many, or as many as the time allows.
        seconds: how long at most.
        table: the module with the targets.
        end_seconds: an input that takes so long ends its worker.
    """

    seed: int
    inputs: int
    seconds: float
    table: str = TABLE
    end_seconds: float = END_SECONDS


def run(name: str, order: Order, findings: Path, *, code: Sequence[str] = (), file: Path | None = None) -> Outcome:
    """Try inputs on one target; a worker that an input ends is followed by another, which goes on with the next round.

    Args:
        name: of the target.
        order: how much.
        findings: where inputs are kept that are findings.
        code: packages whose branches guide the search; none for one that nothing guides.
        file: an input that is tried alone.
    """
    outcome, end = Outcome(name), time.monotonic() + order.seconds
    for _ in range(_MOST_DEATHS):
        inputs, seconds = order.inputs - outcome.tally.inputs, end - time.monotonic()
        if inputs <= 0 or seconds <= 0:
            break
        with _folder() as folder:
            words = [f"--seed={order.seed}", f"--inputs={inputs}", f"--seconds={seconds}"]
            words += [f"--end-seconds={order.end_seconds}"]
            words += [f"--start={outcome.tally.round + 1 if outcome.tally.inputs else 0}"]
            words += ["--guided"] if code else [f"--file={file}"] if file else []
            died = _work([order.table, name, str(folder), *words], folder, seconds, code)
            outcome += _read(name, folder, findings, died)
        if not died or file:
            break
    return outcome


@contextmanager
def _folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="segdetect-fuzz-") as name:
        folder = Path(name)
        for own in (OWN, TEMPORARY):
            (folder / own).mkdir()
        yield folder


def _work(arguments: Sequence[str], folder: Path, seconds: float, code: Sequence[str]) -> str:
    """Run a worker to its end; returns what is wrong with that, empty for nothing."""
    module = ["tests.fuzz.guided", ",".join(code)] if code else ["tests.fuzz.worker"]
    with (folder / "printed").open("w+b") as printed:
        process = subprocess.Popen(
            [sys.executable, "-m", *module, *arguments],
            cwd=ROOT,
            env=_environment(folder, isolated=not code),
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_bound,
        )
        try:
            code_of_end = process.wait(seconds + _START_SECONDS)
        except subprocess.TimeoutExpired:
            code_of_end = -signal.SIGALRM
        finally:
            _end(process)
        printed.seek(0)
        return _death(code_of_end, printed.read().decode(errors="replace"))


def _bound() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MAPPED_BYTES, _MOST_MAPPED_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _environment(folder: Path, *, isolated: bool) -> dict[str, str]:
    own = str(folder / OWN)
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("SEGDETECT_")},
        **{"HOME": own, "SEGDETECT_HOME": own, "TMPDIR": str(folder / TEMPORARY), "PYTHONPATH": str(ROOT)},
        **{"SEGDETECT_LOG": "0", "SEGDETECT_HISTORY": "0", "SEGDETECT_ISOLATE": "1" if isolated else "0"},
        **{"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    }


def _death(code: int, printed: str) -> str:
    if code == 0:
        return ""
    last = (printed.strip().splitlines() or [""])[-1][:300]
    if code == -signal.SIGALRM:
        return "it hung until it was ended"
    return f"the process ended by {signal.Signals(-code).name}: {last}" if code < 0 else f"the worker failed: {last}"


def _read(name: str, folder: Path, findings: Path, died: str) -> Outcome:
    """What a worker has put down; inputs that are findings are kept."""
    tally = Tally()
    if (folder / TALLY).exists():
        tally = Tally(**json.loads((folder / TALLY).read_text() or "{}"))
    problems: dict[str, str] = {}
    if (folder / PROBLEMS).exists():
        for line in map(json.loads, (folder / PROBLEMS).read_text().splitlines()):
            problems.setdefault(_alike(line["problem"]), line["input"])
    if died:
        problems[died] = str(folder / INPUT)
    moved = {problem: _moved(Path(place), findings / name.replace(" ", "-")) for problem, place in problems.items()}
    return Outcome(name, tally, moved)


def _moved(place: Path, findings: Path) -> str:
    if not place.exists():
        return "no input was tried"
    findings.mkdir(parents=True, exist_ok=True)
    return kept(findings, place.read_bytes())


def _alike(problem: str) -> str:
    """A problem without the figures in which the same one differs from input to input."""
    place, separator, rest = problem.partition(": ")
    return place + separator + re.sub(r"\d+", "N", rest)[:120]


def has_atheris() -> bool:
    """Whether a search can be guided."""
    return importlib.util.find_spec("atheris") is not None


def run_all(
    order: Order, findings: Path, *, only: Sequence[str] = (), say: Callable[[str], object] = print
) -> list[Outcome]:
    """Try inputs on all targets, a third of them guided where atheris is installed; says what it is about to do, too.

    Args:
        order: how much in all, which targets share.
        findings: where inputs are kept that are findings.
        only: names of targets; all of them if left out.
        say: told of progress.
    """
    targets = [one for name, one in importlib.import_module(order.table).TARGETS.items() if not only or name in only]
    shares = sum(target.share for target in targets)
    outcomes = []
    for target in targets:
        inputs = max(1, round(order.inputs * target.share / shares))
        guided = inputs // 3 if has_atheris() and target.guided else 0
        seconds = order.seconds / len(targets)
        plain = replace(order, inputs=inputs - guided, seconds=seconds * (2 / 3 if guided else 1))
        outcome = run(target.name, plain, findings)
        if guided:
            outcome += run(target.name, replace(order, inputs=guided, seconds=seconds / 3), findings, code=target.code)
        say(outcome.line)
        for problem, place in outcome.problems.items():
            say(f"    {problem}\n        {place}")
        outcomes.append(outcome)
    return outcomes


def tell(outcomes: Sequence[Outcome], seed: int) -> None:
    """Add the figures to the file that `make reliability` reads, where it names one."""
    if file := os.environ.get(RELIABILITY):
        with Path(file).open("a") as table:
            table.writelines(json.dumps(outcome.record(seed)) + "\n" for outcome in outcomes)
