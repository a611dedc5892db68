"""The history's database: locked, gone, cut off in the midst of a transaction, damaged; the run goes on."""

from __future__ import annotations

import itertools
import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from segdetect.cli.main import main
from segdetect.engines.base import Engine
from segdetect.runs import run as run_module
from segdetect.settings import EngineName, GridSize, Settings
from segdetect.storage.history import database
from segdetect.storage.history.entries import Finding, Run, Search
from segdetect.storage.history.history import History
from tests.support.clock import stopped_clock
from tests.support.faults import fault, one_sentence
from tests.support.interruption import killed
from tests.support.pictures import answer, picture, planted, png, weave
from tests.support.tiny_engine import TinyDenseEngine

NAMES = ["0.png", "1.png", "2.png"]
RUN = ["inspect", "many", "--engine", "texture", "--out", "out"]
SAID = "said in a sentence; the run goes on; the next one is in the history"


class Meddling(TinyDenseEngine):
    """Does something before its second picture."""

    def __init__(self) -> None:
        super().__init__()
        self.meddle = lambda: None

    def embed(self, requests: object, progress: object = None) -> object:  # type: ignore[override]
        if len(self.described) == 1:
            self.meddle()
        return super().embed(requests)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Meddling:
    """In a working folder with pictures, and with a history."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEGDETECT_HOME", "home")
    monkeypatch.setenv("SEGDETECT_HISTORY", "1")
    monkeypatch.setattr(database, "WAIT_SECONDS", 0.2)
    monkeypatch.setattr(run_module, "CHUNK_DENSE", 1)
    engine = Meddling()
    engines: dict[EngineName, Engine] = {EngineName.TEXTURE: engine}
    monkeypatch.setattr("segdetect.pipeline.default_engines", lambda: engines)
    (tmp_path / "many").mkdir()
    for number, name in enumerate(NAMES):
        (tmp_path / "many" / name).write_bytes(png(planted(2, number, seed=number)))
    return engine


def in_history() -> list[str]:
    return sorted(entry.image for entry in History().find(Search()))


def survived(engine: Meddling, capsys: pytest.CaptureFixture[str], says: str) -> None:
    """The run answers all, and says why the history has not."""
    assert main(RUN) == 0
    one_sentence(capsys.readouterr().err, says)
    assert engine.described == NAMES


FILE = Path("home/history/history.sqlite3")


@fault("database locked", injected="another process holds it for the whole run", held=SAID)
def test_a_locked_database(engine: Meddling, capsys: pytest.CaptureFixture[str]) -> None:
    History().start()
    with closing(sqlite3.connect(FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        survived(engine, capsys, "another process is writing to it. Wait")
        other.execute("ROLLBACK")
    assert in_history() == []
    assert main(RUN) == 0
    assert in_history() == NAMES


@fault("database locked for a while", injected="it is free again before the run ends", held="nothing is missing in it")
def test_a_database_that_is_locked_for_a_while(engine: Meddling, capsys: pytest.CaptureFixture[str]) -> None:
    History().start()
    with closing(sqlite3.connect(FILE, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        engine.meddle = lambda: other.execute("ROLLBACK")
        survived(engine, capsys, "another process is writing to it. Wait")
    assert in_history() == NAMES


@fault("database gone", injected="its files are removed in mid-run", held=SAID)
def test_a_database_that_is_gone(
    engine: Meddling, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped_clock(monkeypatch)  # both runs begin in one second, as they may on a fast machine
    engine.meddle = lambda: [path.unlink() for path in FILE.parent.glob("history*")]
    survived(engine, capsys, "not kept in the history: ")
    assert in_history() == NAMES[1:]
    assert main(RUN) == 0
    assert len(in_history()) == 5


@pytest.mark.slow
@fault("database cut off", injected="half of its file is lost in mid-run", held=SAID.replace("next one", "next, anew,"))
def test_a_database_that_is_cut_off(engine: Meddling, capsys: pytest.CaptureFixture[str]) -> None:
    def cut() -> None:
        for path in FILE.parent.glob("history.sqlite3-*"):
            path.unlink()
        FILE.write_bytes(FILE.read_bytes()[: FILE.stat().st_size // 2])

    engine.meddle = cut
    survived(engine, capsys, "it is damaged. Move the file away")
    assert main(RUN) == 0
    one_sentence(capsys.readouterr().err, "it is damaged. Move the file away")
    FILE.rename(FILE.with_suffix(".away"))
    assert main(RUN) == 0
    assert in_history() == NAMES


@pytest.mark.slow
@fault(
    "database: killed in a transaction",
    injected="SIGKILL after each statement of a change in turn",
    held="what was kept before is there, integrity_check is content, the next change is kept",
)
def test_a_change_that_is_cut_off() -> None:
    assert main(RUN) == 0
    for at in itertools.count(1):
        child = os.fork()
        if child == 0:
            signal.alarm(60)  # one that hangs is ended by the system
            _add_and_die(at)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert status in (0, -signal.SIGKILL)
        with closing(sqlite3.connect(FILE)) as looked:
            assert looked.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        if status == 0:
            break
        assert in_history() == NAMES
    assert at > 5
    assert in_history() == [*NAMES, "later.png"]


def _add_and_die(at: int) -> None:
    """In a forked process: keep an answer, and die after so many statements of SQL, the last of which is no commit."""
    try:
        history = History()
        history.start()
        statements = itertools.count(1)
        sa.event.listen(
            history.database.engine, "after_cursor_execute", lambda *_: killed() if next(statements) == at else None
        )
        run = Run(name="later", settings=Settings(), engine="texture", engine_version="tiny 1")
        history.add(run, [Finding(result=answer(picture(weave(), "later.png"), [0.5] * 4, grid=GridSize(2, 2)))])
        os._exit(0)
    except BaseException:
        os._exit(2)
