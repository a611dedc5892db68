"""Long runs on the command line: stopped, gone on with, done elsewhere, read by programs."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

import segdetect
from segdetect.cli import saying
from segdetect.cli.ending import TERMINATED
from segdetect.cli.main import main
from segdetect.documents.failures import read_failure
from segdetect.documents.inspections import read_inspection
from segdetect.engines.base import Engine
from segdetect.runs import run
from segdetect.settings import EngineName
from tests.support.pictures import planted, png
from tests.support.tiny_dataset import manifest_dataset
from tests.support.tiny_engine import TinyDenseEngine

NAMES = ["0.png", "1.png", "2.png", "bad.png"]


class Slow(TinyDenseEngine):
    """Is stopped by the system at its third picture, if it is told to be."""

    stopped = False

    def embed(self, requests: object, progress: object = None) -> object:  # type: ignore[override]
        if self.stopped and len(self.described) == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return super().embed(requests)  # type: ignore[arg-type]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Slow:
    tiny = Slow()
    engines: dict[EngineName, Engine] = {EngineName.TEXTURE: tiny}
    monkeypatch.setattr("segdetect.pipeline.default_engines", lambda: engines)
    monkeypatch.setattr(run, "CHUNK_DENSE", 1)
    return tiny


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a folder of three pictures and a damaged one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEGDETECT_SCHEDULER", raising=False)
    (tmp_path / "many").mkdir()
    for number in range(3):
        (tmp_path / "many" / f"{number}.png").write_bytes(png(planted(2, number, seed=number)))
    (tmp_path / "many" / "bad.png").write_bytes(b"")
    return tmp_path


INSPECT = ["inspect", "many", "--engine", "texture"]


def test_a_run_that_the_system_stopped_is_gone_on_with(
    folder: Path, engine: Slow, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*INSPECT, "--out", "whole"]) == 1
    engine.stopped, engine.described = True, []
    former = signal.getsignal(signal.SIGTERM)
    assert main([*INSPECT, "--out", "out", "--resume"]) == TERMINATED
    assert signal.getsignal(signal.SIGTERM) is former
    assert list(pd.read_csv("out/images.csv")["image"]) == NAMES[:2]
    engine.stopped, engine.described = False, []
    capsys.readouterr()
    assert main([*INSPECT, "--out", "out", "--resume"]) == 1
    printed = capsys.readouterr()
    assert engine.described == ["2.png"]
    assert [line.split(":")[0] for line in printed.out.splitlines()] == ["2.png"]
    assert printed.err.splitlines()[0] == "segdetect: 2 pictures done already."
    assert printed.err.splitlines()[-1] == "segdetect: 3 inspected, 0 left out, 1 failed."
    for name in ("tiles.csv", "flagged_segments.csv", "annotated/1.png"):
        assert (folder / "out" / name).read_bytes() == (folder / "whole" / name).read_bytes()
    assert main([*INSPECT, "--out", "out", "--resume", "--grid", "8"]) == 2
    assert "the run there does not have the same rows (7 there, 8 now)" in capsys.readouterr().err


HOLDS = """
import sys, time
from pathlib import Path
from types import SimpleNamespace
from segdetect.files import hold
with hold(Path(sys.argv[1]), OSError()):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.mark.usefixtures("engine")
def test_a_second_command_does_not_write_to_the_same_folder_until_the_first_has_ended(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest_dataset(folder / "set")
    main([*INSPECT, "--out", "out"])
    before = {path: path.read_bytes() for path in (folder / "out").rglob("*") if path.is_file()}
    environment = {**os.environ, "PYTHONPATH": str(Path(segdetect.__file__).parents[1])}
    with subprocess.Popen([sys.executable, "-c", HOLDS, "out"], stdout=subprocess.PIPE, env=environment) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        capsys.readouterr()
        for command in (INSPECT, ["history", "export"], ["evaluate", "set", "--engine", "texture"]):
            assert main([*command, "--out", "out"]) == 1
            told = "segdetect: out: another command is writing to this folder. Wait until that is done, or choose"
            assert told in capsys.readouterr().err
        assert {path: path.read_bytes() for path in before} == before
        other.kill()
    assert main([*INSPECT, "--out", "out", "--resume"]) == 1
    assert "4 pictures done already" in capsys.readouterr().err


@pytest.mark.usefixtures("engine")
def test_programs_read_a_line_for_each_picture(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*INSPECT, "--json"]) == 1
    printed = capsys.readouterr()
    *answers, failure = (json.loads(line) for line in printed.out.splitlines())
    assert [read_inspection(answer).image for answer in answers] == NAMES[:3]
    assert read_failure(failure).image == "bad.png"
    assert "bad.png: the file is empty" in printed.err


@pytest.mark.usefixtures("engine")
def test_a_log_tells_how_far_a_long_run_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(saying, "SECONDS_A_LINE", 0.0)
    main(INSPECT)
    told = [line for line in capsys.readouterr().err.splitlines() if line.endswith(" left.")]
    assert [line.split(" pictures")[0] for line in told] == [f"segdetect: {n} of 4" for n in range(1, 5)]


def test_a_slow_run_is_told_in_seconds_for_a_picture(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = itertools.count(0.0, 40.0)
    monkeypatch.setattr(saying, "time", SimpleNamespace(monotonic=lambda: next(now)))
    pace = saying.Pace(total=9)
    pace.step()
    assert "1 of 9 pictures, 40.0 s a picture, 05:20 left." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--resume"], "--resume was given without --out"),
        (["--workers", "2", "--scheduler", "tcp://127.0.0.1:9"], "--workers was given together with --scheduler"),
    ],
    ids=["resume", "both"],
)
@pytest.mark.usefixtures("engine")
def test_options_that_do_not_go_together(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*INSPECT, *words]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("number", ["0", "-1", "two", "9999"])
@pytest.mark.usefixtures("engine")
def test_a_number_of_workers_that_is_none(number: str) -> None:
    with pytest.raises(SystemExit):
        main([*INSPECT, "--workers", number])


@pytest.mark.parametrize(
    "address", ["tcp://foo", *(pytest.param(one, marks=pytest.mark.slow) for one in ("foo", "http://foo:8786"))]
)
def test_what_is_no_address_of_a_scheduler_is_refused_without_a_traceback(address: str, folder: Path) -> None:
    words = [sys.executable, "-m", "segdetect", *INSPECT, "--engine", "texture", "--scheduler", address]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    ended = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 1
    problem = "it is no address of a scheduler. Give one with its port, as tcp://HOST:8786."
    assert ended.stderr == f"segdetect: {address}: {problem}\n"


@pytest.mark.parametrize("by_option", [True, False])
@pytest.mark.usefixtures("engine")
def test_a_scheduler_that_is_not_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], by_option: bool
) -> None:
    monkeypatch.setattr("segdetect.runs.cluster.SECONDS_TO_CONNECT", 0.3)
    if not by_option:
        monkeypatch.setenv("SEGDETECT_SCHEDULER", "tcp://127.0.0.1:9")
    words = ["--scheduler", "tcp://127.0.0.1:9"] if by_option else []
    assert main([*INSPECT, "--out", "out", *words]) == 1
    assert "tcp://127.0.0.1:9: no scheduler answers there" in capsys.readouterr().err
    assert not (folder / "out").exists()
