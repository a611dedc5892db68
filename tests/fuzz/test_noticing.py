"""What must not happen is noticed: the fuzzer finds each misdeed, and nothing where there is none."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from segdetect.pictures import isolation
from tests.fuzz import worker
from tests.fuzz.misdeeds import TARGETS, opening_apart
from tests.fuzz.run import RELIABILITY, Order, Outcome, run, tell
from tests.fuzz.worker import DECODER, OWN, PROBLEMS, ROUND, TEMPORARY, Tally, Trial, rounds

pytestmark = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="measures memory as Linux does")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for own in (OWN, TEMPORARY):
        (tmp_path / own).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / TEMPORARY))
    monkeypatch.setenv("TMPDIR", str(tmp_path / TEMPORARY))
    return tmp_path


def problem_of(name: str, folder: Path) -> str:
    """What is found with the only input; empty for nothing."""
    Trial(TARGETS[name], folder, inputs=1, seconds=60, end_seconds=0)(b"input")
    if not (folder / PROBLEMS).exists():
        return ""
    (line,) = map(json.loads, (folder / PROBLEMS).read_text().splitlines())
    assert Path(line["input"]).read_bytes() == b"input"
    return str(line["problem"])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("raising", "KeyError at misdeeds.py:"),
        ("curt", "InputError without file, problem or remedy: no"),
        ("writing", "it did what reading never does: os.remove"),
        ("opening", "it did what reading never does: open"),
        ("starting", "it did what reading never does: subprocess.Popen"),
        ("asking", "it did what reading never does: socket.connect"),
    ],
)
def test_a_misdeed_is_found(name: str, words: str, folder: Path) -> None:
    assert problem_of(name, folder).startswith(words)


@pytest.mark.parametrize("name", ["clean", "writing_its_own"])
def test_nothing_is_found_where_nothing_is_wrong(name: str, folder: Path) -> None:
    assert problem_of(name, folder) == ""


@pytest.mark.parametrize(("limit", "words"), [("MOST_SECONDS", "seconds"), ("MOST_BYTES", "MB")])
def test_what_takes_too_much_is_found(limit: str, words: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, limit, 0)
    problem = problem_of("clean", folder)
    assert problem.startswith("it took ")
    assert problem.endswith(words)


def test_what_another_process_does_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = isolation.Decoders(1, DECODER)
    monkeypatch.setattr(isolation, "decoders", lambda: pool)
    trial = Trial(TARGETS["clean"], folder, inputs=1, seconds=60, end_seconds=0)
    assert isolation.apart(opening_apart, b"data", name="a") == "a"
    pool.close()
    trial(b"input")
    assert "open ('/dev/full'" in (folder / PROBLEMS).read_text()


@pytest.mark.parametrize(
    ("name", "words"), [("crashing", "the process ended by SIGSEGV"), ("hanging", "it hung until it was ended")]
)
def test_an_input_that_ends_its_process_is_kept(name: str, words: str, tmp_path: Path) -> None:
    order = Order(1, 1, 60, "tests.fuzz.misdeeds", end_seconds=0.5)
    outcome = run(name, order, tmp_path)
    ((problem, place),) = outcome.problems.items()
    assert problem.startswith(words)
    assert Path(place).is_relative_to(tmp_path)
    assert outcome.tally.inputs == 1


def test_the_same_seed_gives_the_same_inputs(folder: Path) -> None:
    def inputs(seed: int) -> list[bytes]:
        tried: list[bytes] = []
        target = replace(TARGETS["clean"], read=tried.append)
        rounds(target, Trial(target, folder, inputs=2 * ROUND, seconds=60, end_seconds=0), start=0, of=seed)
        return tried

    assert inputs(1) == inputs(1)
    assert inputs(1) != inputs(2)


def test_figures_are_added_to_the_file_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = Outcome("ZIP", Tally(3, 100, 60, 39, 2, 0.25, 120.5), {"it hung": "a.bin"})
    tell([outcome], 7)
    monkeypatch.setenv(RELIABILITY, str(tmp_path / "lines"))
    for _ in range(2):
        tell([outcome], 7)
    expected = {
        **{"kind": "fuzz", "name": "ZIP", "inputs": 100, "refused": 60, "read": 39, "slowest_seconds": 0.25},
        **{"largest_mb": 120.5, "findings": 1, "seed": 7},
    }
    assert [json.loads(line) for line in (tmp_path / "lines").read_text().splitlines()] == [expected] * 2
