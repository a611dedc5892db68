"""What is looked at, how it stands, and that one trouble hides no other."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest

from segdetect.engines.expiry import Expiry, first_expiry
from segdetect.engines.fastdup.engine import FastdupEngine
from segdetect.errors import EngineExpiredError, EngineFailedError, EngineMissingError, EngineUnavailableError
from segdetect.health.check import Check, Health, State
from segdetect.health.examination import examine
from segdetect.health.live import figures
from segdetect.memory import MEGABYTE
from segdetect.pipeline import Inspector
from segdetect.runs.rooms import SCHEDULER_VARIABLE
from segdetect.settings import EngineName, Settings
from segdetect.storage.history.history import SWITCH, History
from segdetect.storage.history.tables import HEAD
from segdetect.storage.plans.plan import Plan
from segdetect.storage.plans.plans import Plans
from tests.support.tiny_engine import TinyDenseEngine, TinyTileEngine

DAY = date(2026, 12, 21)


class Ending(TinyTileEngine):
    """As fastdup, which stops of itself, or has."""

    expiry = Expiry("tiny 1", DAY)
    trouble: EngineUnavailableError | None = None

    def check(self) -> None:
        if self.trouble is not None:
            raise self.trouble


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "home"
    monkeypatch.setenv("SEGDETECT_HOME", str(place))
    monkeypatch.setenv(SWITCH, "1")
    monkeypatch.setenv("SEGDETECT_LOG", "1")
    return place


def inspector(trouble: EngineUnavailableError | None = None) -> Inspector:
    ending = Ending()
    ending.trouble = trouble
    return Inspector(dict.fromkeys(EngineName, TinyDenseEngine()) | {EngineName.FASTDUP: ending})


def looked(of: Inspector | None = None, *, today: date = DAY - timedelta(days=90)) -> Health:
    return examine(of or inspector(), today=today)


def found(health: Health, name: str) -> Check:
    (check,) = [check for check in health.checks if check.name == name]
    return check


def test_where_all_is_well_it_says_so_and_changes_nothing(home: Path) -> None:
    health = looked()
    assert [(check.name, check.said) for check in health.checks if check.state is not State.FINE] == []
    assert health.state is State.FINE
    assert found(health, "one picture").figures["engine"] == "fastdup"
    assert not home.exists()


def test_the_record_is_for_programs() -> None:
    record = looked().record
    assert (record["document"], record["format"], record["state"]) == ("segdetect doctor", 1, "fine")
    assert {check["name"] for check in record["checks"]} >= {"machine", "engine fastdup", "history", "scheduler"}
    folder = next(check for check in record["checks"] if check["name"] == "data folder")
    assert folder["figures"]["free_bytes"] > 0


@pytest.mark.parametrize(
    ("left", "state", "said"),
    [
        (31, State.FINE, "tiny 1 stops on 2026-12-21, in 31 days"),
        (30, State.NOTE, "tiny 1 stops on 2026-12-21, in 30 days"),
        (1, State.NOTE, "tiny 1 stops on 2026-12-21, in 1 day"),
        (0, State.NOTE, "tiny 1 expired on 2026-12-21"),
        (-7, State.NOTE, "tiny 1 expired on 2026-12-21"),
    ],
)
def test_an_expiry_is_told_from_30_days_before(left: int, state: State, said: str) -> None:
    check = found(looked(today=DAY - timedelta(days=left)), "expiry")
    assert (check.state, str(check.said), check.figures["days_left"]) == (state, said, left)
    assert bool(check.remedy) is (state is State.NOTE)


def test_the_first_to_expire_counts_and_others_are_no_trouble() -> None:
    later = Ending()
    later.expiry = Expiry("tiny 2", DAY + timedelta(days=9))
    assert first_expiry([TinyDenseEngine(), later, Ending()]) == Ending.expiry
    assert first_expiry([TinyDenseEngine()]) is None


def test_fastdup_that_is_not_there_has_no_expiry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [])
    monkeypatch.setattr("sys.prefix", "/nowhere")
    monkeypatch.delenv("SEGDETECT_FASTDUP_PYTHON", raising=False)
    assert FastdupEngine().expiry is None


@pytest.mark.parametrize(
    ("trouble", "state"),
    [
        (EngineMissingError("it is not installed", remedy="Install it"), State.NOTE),
        (EngineExpiredError("it expired", remedy="Install another"), State.NOTE),
        (EngineUnavailableError("it failed its self-test", remedy="Install it again"), State.WRONG),
    ],
)
def test_an_engine_that_cannot_run(trouble: EngineUnavailableError, state: State) -> None:
    health = looked(inspector(trouble))
    check = found(health, "engine fastdup")
    assert (check.state, check.said, check.remedy) == (state, trouble.problem, trouble.remedy)
    assert found(health, "auto").said == "means dinov2 here"
    assert health.state is state


def test_no_engine_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    trouble = EngineMissingError("it is not installed")
    engines = dict.fromkeys(EngineName, Ending())
    monkeypatch.setattr(Ending, "trouble", trouble)
    health = looked(Inspector(engines))
    assert found(health, "auto").state is State.WRONG
    # What came of the others is told all the same.
    assert found(health, "scheduler").state is State.FINE


def test_plans_that_ask_for_an_engine_that_cannot_run() -> None:
    Plans().keep(Plan(name="Gasket", settings=Settings(engine=EngineName.FASTDUP)))
    Plans().keep(Plan(name="Seal", settings=Settings(engine=EngineName.AUTO)))
    assert found(looked(), "plans").state is State.FINE
    check = found(looked(inspector(EngineExpiredError("it expired"))), "plans")
    assert (check.state, check.said) == (State.WRONG, "Gasket asks for an engine that cannot run")


def test_a_folder_that_cannot_be_written(home: Path) -> None:
    home.write_text("a file in the folder's place")
    check = found(looked(), "data folder")
    assert (check.state, check.place) == (State.WRONG, str(home))


@pytest.mark.parametrize(("free", "state"), [(900, State.NOTE), (100, State.WRONG)])
def test_a_disk_that_is_nearly_full(free: int, state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": free * MEGABYTE})
    monkeypatch.setattr("segdetect.health.surroundings.shutil.disk_usage", lambda place: usage)
    assert found(looked(), "data folder").state is state


def test_a_disk_that_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def full(dir: Path) -> Iterator[None]:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        yield

    monkeypatch.setattr("segdetect.health.surroundings.tempfile.TemporaryFile", full)
    check = found(looked(), "temporary folder")
    assert (check.state, check.said) == (State.WRONG, "the disk is full")


def test_the_history_is_reached_and_left_as_it_is() -> None:
    assert found(looked(), "history").said == "nothing has been kept yet"
    history = History()
    history.start()
    check = found(looked(), "history")
    assert (check.state, check.figures["form"]) == (State.FINE, HEAD)
    with sqlite3.connect(history.database.file) as connection:
        connection.execute("UPDATE segdetect_version SET version_num = '9999'")
    check = found(looked(), "history")
    assert check.state is State.WRONG
    assert "newer SegDetect" in check.said


def test_a_history_that_is_damaged() -> None:
    history = History()
    history.start()
    history.database.engine.dispose()
    for file in history.database.file.parent.iterdir():
        file.unlink()
    history.database.file.write_bytes(b"no database" * 1000)
    check = found(looked(), "history")
    assert (check.state, check.said) == (State.WRONG, "it is damaged")


def test_the_log_is_told_with_its_level(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check = found(looked(), "log")
    assert (check.said, check.place) == ("a line for each event from info on", str(home / "log"))
    monkeypatch.setenv("SEGDETECT_LOG", "off")
    assert found(looked(), "log").said == "turned off (SEGDETECT_LOG)"
    monkeypatch.setenv("SEGDETECT_LOG", "on")
    monkeypatch.setenv("SEGDETECT_LOG_LEVEL", "loud")
    assert found(looked(), "log").state is State.WRONG


def test_a_scheduler_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SCHEDULER_VARIABLE, "tcp://127.0.0.1:1")
    monkeypatch.setattr("segdetect.runs.cluster.SECONDS_TO_CONNECT", 0.5)
    check = found(looked(), "scheduler")
    assert (check.state, check.place) == (State.WRONG, "tcp://127.0.0.1:1")


class Blind(TinyDenseEngine):
    def _describe(self, request):  # type: ignore[no-untyped-def]
        raise EngineFailedError("it sees nothing") if "doctor" in request.image.name else AssertionError


def test_a_picture_that_does_not_come_through() -> None:
    check = found(looked(Inspector(dict.fromkeys(EngineName, Blind()))), "one picture")
    assert (check.state, check.said) == (State.WRONG, "it sees nothing")


def test_what_nobody_foresaw_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Health:
        raise RuntimeError("a bolt is loose")

    monkeypatch.setattr("segdetect.health.parts.Plans", broken)
    check = found(looked(), "plans")
    assert (check.state, check.said) == (State.WRONG, "RuntimeError: a bolt is loose")


def test_the_figures_of_this_moment() -> None:
    now = figures()
    assert now.memory > 10 * MEGABYTE
    assert now.free > 0
    assert 0 <= now.cache <= now.cache_limit
