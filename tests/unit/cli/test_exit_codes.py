"""How commands end: the codes that scripts rely on, one sentence on stderr, and no traceback whatever is asked."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from segdetect.cli.ending import (
    CRASHED,
    EXIT_CODES,
    INTERRUPTED,
    PIPE_CLOSED,
    SOME_FAILED,
    TERMINATED,
    WRONG_USE,
    Terminated,
)
from segdetect.cli.main import main
from segdetect.engines.base import Engine
from segdetect.errors import (
    ClusterError,
    DatasetError,
    EngineKilledError,
    EngineMissingError,
    NotKeptError,
    SegDetectError,
    SettingsError,
    StorageError,
    UnreadableImageError,
)
from segdetect.settings import EngineName
from tests.support.pictures import planted, png, weave
from tests.support.tiny_dataset import manifest_dataset
from tests.support.tiny_engine import TinyDenseEngine

ROOT = Path(__file__).parents[3]
DEFECT = png(planted(2, 3))


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> dict[EngineName, Engine]:
    engines: dict[EngineName, Engine] = {EngineName.TEXTURE: TinyDenseEngine()}
    monkeypatch.setattr("segdetect.pipeline.default_engines", lambda: engines)
    return engines


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a picture, a folder of them and a data set."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEGDETECT_DEBUG", raising=False)
    (tmp_path / "a.png").write_bytes(DEFECT)
    (tmp_path / "many").mkdir()
    for number in range(3):
        (tmp_path / "many" / f"{number}.png").write_bytes(png(weave(seed=number)))
    manifest_dataset(tmp_path / "own")
    return tmp_path


def program(*words: str | bytes, **options: Any) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "segdetect", *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, timeout=120, check=False, env=environment, **options)


def one_sentence(err: str) -> None:
    assert "Traceback" not in err
    assert err.startswith("segdetect: ")
    assert err.count("\n") == 1
    assert err.endswith(".\n")


# As `python -m segdetect`, where a signal comes while what the commands need is imported, and is taken for a failure of
# the import, as NumPy does.
STOPPED_EARLY = """
import runpy, signal, sys, time

class Stopping:
    def find_spec(self, name, path=None, target=None):
        if name == "segdetect.log":
            try:
                signal.raise_signal(signal.Signals[sys.argv[1]])
                time.sleep(0.01)
            except BaseException as error:
                raise ImportError(name) from error

# Whoever started the tests may have told them to ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Stopping())
runpy.run_module("segdetect", run_name="__main__")
"""


@pytest.mark.parametrize(("name", "code"), [("SIGINT", INTERRUPTED), ("SIGTERM", TERMINATED)])
def test_a_command_that_has_hardly_begun_is_stopped_in_a_sentence(name: str, code: int) -> None:
    command = [sys.executable, "-c", STOPPED_EARLY, name]
    done = subprocess.run(command, timeout=120, check=False, capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stdout) == (code, "")
    one_sentence(done.stderr)


# ---- each kind of failure has its code -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingsError("no"), WRONG_USE),
        (UnreadableImageError("no"), WRONG_USE),
        (DatasetError("no"), WRONG_USE),
        (EngineMissingError("no"), SOME_FAILED),
        (EngineKilledError("no"), SOME_FAILED),
        (StorageError("no"), SOME_FAILED),
        (NotKeptError("no"), WRONG_USE),
        (ClusterError("no"), SOME_FAILED),
        (KeyError("a key"), CRASHED),
        (OSError(errno.EIO, "Input/output error"), CRASHED),
        (MemoryError(), SOME_FAILED),
        (RecursionError("too\ndeep"), CRASHED),
        (KeyboardInterrupt(), INTERRUPTED),
        (Terminated(), TERMINATED),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), PIPE_CLOSED),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
@pytest.mark.parametrize(("command", "does"), [("inspect", "inspect_run"), ("evaluate", "evaluate")])
@pytest.mark.usefixtures("engines")
def test_each_failure_has_its_code_and_its_sentence(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    command: str,
    does: str,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(f"segdetect.cli.{command}.{does}", fail)
    assert main([command, "own" if command == "evaluate" else "a.png", "--engine", "texture"]) == code
    err = capsys.readouterr().err
    if code == PIPE_CLOSED:
        assert err == ""
    else:
        one_sentence(err.replace(". ", " ")) if code in (INTERRUPTED, TERMINATED) else one_sentence(err)
    if code == CRASHED:
        assert type(error).__name__ in err
        assert "fault of the program" in err
        assert "SEGDETECT_DEBUG=1" in err


@pytest.mark.usefixtures("engines", "folder")
def test_the_details_of_a_crash_are_there_for_who_asks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("segdetect.cli.inspect.inspect_run", fail)
    monkeypatch.setenv("SEGDETECT_DEBUG", "1")
    assert main(["inspect", "a.png", "--engine", "texture"]) == CRASHED
    err = capsys.readouterr().err
    assert "Traceback (most recent call last)" in err
    assert "in fail" in err
    assert err.splitlines()[-1].startswith("segdetect: ZeroDivisionError: by zero. This is a fault of the program")


class DyingEngine(TinyDenseEngine):
    """Works for one picture, then its surroundings fail."""

    def __init__(self, error: SegDetectError) -> None:
        super().__init__()
        self._error = error

    def embed(self, requests: Any, progress: Any = lambda *_: None) -> Any:
        if self.described:
            raise self._error
        return super().embed(requests, progress)


@pytest.mark.parametrize("error", [StorageError("the disk is full"), EngineMissingError("it is gone")])
def test_what_was_done_before_the_end_is_in_the_output(
    folder: Path,
    engines: dict[EngineName, Engine],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: SegDetectError,
) -> None:
    monkeypatch.setattr("segdetect.runs.batch.CHUNK_PICTURES", 1)
    engines[EngineName.TEXTURE] = DyingEngine(error)
    assert main(["inspect", "many", "--engine", "texture", "--out", "out"]) == SOME_FAILED
    printed = capsys.readouterr()
    assert printed.out.startswith("0.png: ")
    assert printed.err == f"segdetect: {error}\n"
    assert len((folder / "out" / "images.csv").read_text().splitlines()) == 2
    assert (folder / "out" / "annotated" / "0.png").is_file()


@pytest.mark.usefixtures("engines", "folder")
def test_a_disk_that_fills_up_is_1_and_keeps_what_was_done(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real, written = Path.replace, []

    def replace(self: Path, target: Path) -> Path:
        written.append(target.name)
        if target.name == "1.png":
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    assert main(["inspect", "many", "--engine", "texture", "--out", "out"]) == SOME_FAILED
    assert capsys.readouterr().err == ("segdetect: out: the disk is full. Free some space or choose another folder.\n")
    assert (folder / "out" / "annotated" / "0.png").is_file()


@pytest.mark.usefixtures("engines", "folder")
def test_figures_that_cannot_be_written_are_still_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise StorageError("the disk is full")

    monkeypatch.setattr("segdetect.cli.evaluate.write_evaluation", full)
    assert main(["evaluate", "own", "--engine", "texture", "--out", "out"]) == SOME_FAILED
    printed = capsys.readouterr()
    assert "overall" in printed.out
    assert "the disk is full" in printed.err


# ---- bad use of every kind -------------------------------------------------------------------------------------------

LONG = "x" * 5000


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["inspect", "a.png", "--out", "a.png"], SOME_FAILED),
        (["inspect", "a.png", "--out", "a.png/out"], SOME_FAILED),
        (["inspect", "a.png", "--out", "/proc/out"], SOME_FAILED),
        (["inspect", "a.png", "--out", LONG], SOME_FAILED),
        (["inspect", "a.png", "--out", "full"], SOME_FAILED),
        (["inspect", LONG], WRONG_USE),
        (["inspect", "nowhere/\udcff.png"], WRONG_USE),
        (["inspect", "loop.png"], SOME_FAILED),
        (["inspect", "broken.zip"], SOME_FAILED),
        (["inspect", "\udcff.png"], 0),
        (["inspect", "odd-\udcfe", "--out", "out-\udcfe"], 0),
        (["inspect", "a.png", "--references", "nowhere"], WRONG_USE),
        (["inspect", "a.png", "--references", "empty.png"], WRONG_USE),
        (["inspect", "a.png", "--references", "loop.png"], WRONG_USE),
        (["inspect", "a.png", "--references", "broken.zip"], WRONG_USE),
        (["inspect", "a.png", "--references", LONG], WRONG_USE),
        (["inspect", "a.png", "--references", "tiny.png"], WRONG_USE),
        (["inspect", "a.png", "--rule", "threshold", "--threshold", "inf"], WRONG_USE),
        (["inspect", "a.png", "--false-alarms", "nan"], WRONG_USE),
        (["inspect", "a.png", "--grid", "-3"], WRONG_USE),
        (["evaluate", "own", "--out", "a.png"], SOME_FAILED),
        (["evaluate", "a.png"], WRONG_USE),
        (["evaluate", "nowhere"], WRONG_USE),
        (["evaluate", "many"], WRONG_USE),
        (["evaluate", LONG], WRONG_USE),
        (["evaluate", "own", "--references", "empty.png"], WRONG_USE),
        (["evaluate", "null"], WRONG_USE),
        (["evaluate", "binary"], WRONG_USE),
        (["evaluate", "mvtec-\udcfe", "--out", "out-\udcfe"], 0),
    ],
    ids=lambda value: ascii(" ".join(value))[1:70] if isinstance(value, list) else "",
)
@pytest.mark.usefixtures("engines")
def test_bad_use_ends_in_sentences(
    folder: Path, capfd: pytest.CaptureFixture[str], words: list[str], code: int
) -> None:
    _prepare(folder)
    assert main([*words, "--engine", "texture"]) == code
    printed = capfd.readouterr()
    assert "Traceback" not in printed.err
    assert "fault of the program" not in printed.err
    assert all(line.startswith("segdetect: ") for line in printed.err.splitlines())
    assert bool(printed.err) == bool(code)
    if code == 0 and "--out" in words:
        assert b"\xef\xbf\xbd" in (folder / words[-1] / "images.csv").read_bytes()


def _prepare(folder: Path) -> None:
    (folder / "empty.png").write_bytes(b"")
    (folder / "tiny.png").write_bytes(png(weave((20, 20))))
    (folder / "loop.png").symlink_to("loop.png")
    (folder / "broken.zip").write_bytes(b"PK\x03\x04 and no more")
    (folder / "\udcff.png").write_bytes(DEFECT)
    for name in ("odd-\udcfe", "mvtec-\udcfe/test/bad-\udcfe", "mvtec-\udcfe/test/good", "mvtec-\udcfe/ground_truth"):
        (folder / name).mkdir(parents=True)
    (folder / "odd-\udcfe" / "\udcff.png").write_bytes(DEFECT)
    (folder / "mvtec-\udcfe" / "test" / "good" / "\udcff.png").write_bytes(png(weave()))
    (folder / "mvtec-\udcfe" / "test" / "bad-\udcfe" / "\udcff.png").write_bytes(DEFECT)
    truth = folder / "mvtec-\udcfe" / "ground_truth" / "bad-\udcfe" / "\udcff_mask.png"
    truth.parent.mkdir()
    marked = planted(2, 3) * 0
    marked[32:48, 48:64] = 255
    truth.write_bytes(png(marked))
    (folder / "full").mkdir()
    (folder / "full" / "tiles.csv").symlink_to("/dev/full")
    for name, manifest in (("null", b"image,mask,category\na\0b.png,,own\n"), ("binary", os.urandom(3000))):
        shutil.copytree(folder / "own", folder / name)
        (folder / name / "manifest.csv").write_bytes(manifest)


@pytest.mark.usefixtures("engines", "folder")
def test_a_folder_that_can_be_listed_and_not_entered_fails_by_itself(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = Path.is_file

    def is_file(self: Path) -> bool:
        if self.name == "1.png":
            raise PermissionError(errno.EACCES, "Permission denied", str(self))
        return real(self)

    monkeypatch.setattr(Path, "is_file", is_file)
    assert main(["inspect", "many", "--engine", "texture"]) == SOME_FAILED
    printed = capsys.readouterr()
    assert [line.split(":")[0] for line in printed.out.splitlines()] == ["0.png", "2.png"]
    assert printed.err.splitlines() == [
        "segdetect: 1.png: it may not be read. Give yourself the right to read it.",
        "segdetect: 2 inspected, 0 left out, 1 failed.",
    ]


@pytest.mark.usefixtures("engines", "folder")
def test_a_path_below_a_folder_that_may_not_be_entered_is_wrong_use(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def is_dir(self: Path) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "is_dir", is_dir)
    assert main(["inspect", "shut/a.png", "--engine", "texture"]) == WRONG_USE
    one_sentence(capsys.readouterr().err.replace("read. Give", "read, give"))


# ---- with real pipes and streams -------------------------------------------------------------------------------------


@pytest.fixture
def reader_that_leaves() -> Iterator[int]:
    """A pipe that nobody reads."""
    read, write = os.pipe()
    os.close(read)
    yield write
    os.close(write)


@pytest.mark.parametrize("words", [["inspect", "many", "--engine", "texture"], ["engines"], ["--help"]], ids=" ".join)
@pytest.mark.usefixtures("folder")
def test_a_reader_that_left_is_no_failure_to_talk_of(reader_that_leaves: int, words: list[str]) -> None:
    done = program(*words, stdout=reader_that_leaves, stderr=subprocess.PIPE)
    assert done.stderr == b"" or b"auto took" in done.stderr
    # argparse ends by itself once it has helped.
    assert done.returncode == (0 if "--help" in words else PIPE_CLOSED)


def test_head_gets_its_line_and_the_run_ends(folder: Path) -> None:
    line = f"{sys.executable} -m segdetect inspect many --engine texture --out out | head -n 1; exit ${{PIPESTATUS[0]}}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["bash", "-c", line], env=environment, capture_output=True, timeout=120, check=False)
    # Where all lines were written before it left, nothing broke.
    assert done.returncode == PIPE_CLOSED or b"3 inspected" in done.stderr
    assert done.returncode in (0, PIPE_CLOSED)
    assert done.stdout.count(b"\n") == 1
    assert "0.png" in (folder / "out" / "images.csv").read_text()


@pytest.mark.usefixtures("folder")
def test_nobody_on_either_stream_is_quiet_too(reader_that_leaves: int) -> None:
    done = program("inspect", "nowhere.png", stdout=reader_that_leaves, stderr=reader_that_leaves)
    assert done.returncode == WRONG_USE


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.usefixtures("folder")
def test_answers_that_find_no_room_are_said() -> None:
    with Path("/dev/full").open("wb") as full:
        done = program("inspect", "a.png", "--engine", "texture", stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == SOME_FAILED
    assert done.stderr == (
        b"segdetect: standard output: the disk is full. Free some space, or send the answers elsewhere.\n"
    )


@pytest.mark.parametrize(
    "closed", ["0<&- 1>&- 2>&-", *(pytest.param(one, marks=pytest.mark.slow) for one in ("1>&-", "2>&-", "1>&- 2>&-"))]
)
def test_closed_streams_do_no_harm(folder: Path, closed: str) -> None:
    line = f"exec {sys.executable} -m segdetect inspect many empty.png --engine texture --out out {closed}"
    (folder / "empty.png").write_bytes(b"")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["bash", "-c", line], env=environment, capture_output=True, timeout=120, check=False)
    assert done.returncode == SOME_FAILED
    assert b"Traceback" not in done.stderr
    images = (folder / "out" / "images.csv").read_text().splitlines()
    assert len(images) == 5
    assert (folder / "out" / "tiles.csv").read_text().startswith("image,tile,")


# ---- the words -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [["--help"], ["inspect", "--help"], ["evaluate", "--help"]], ids=" ".join)
def test_help_lists_the_codes(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 0
    assert EXIT_CODES.strip() in capsys.readouterr().out


def test_the_readme_lists_the_same_codes() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    told = text[text.index("Exit codes: ") :].split("\n\n")[0]
    codes: Callable[[str, str], list[str]] = lambda pattern, text: re.findall(pattern, text, re.M)  # noqa: E731
    assert codes(r"\*\*(\d+)\*\*", told) == codes(r"^  (\d+) ", EXIT_CODES)
