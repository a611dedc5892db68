"""A stop waits for what must be whole, and comes then; whoever insists is not kept waiting."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from segdetect.cli.ending import INTERRUPTED, TERMINATED, ended
from segdetect.stopping import stop, whole
from segdetect.storage.history.database import Database


class Stopped(BaseException):
    pass


def test_a_stop_comes_at_once_where_nothing_is_under_way() -> None:
    with pytest.raises(Stopped):
        stop(Stopped())
    with whole():
        pass
    with pytest.raises(Stopped):
        stop(Stopped())


def test_a_stop_waits_for_what_must_be_whole() -> None:
    done = []

    def work() -> None:
        with whole():
            with whole():
                stop(Stopped())
                done.append("inner")
            done.append("outer")

    with pytest.raises(Stopped):
        work()
    assert done == ["inner", "outer"]
    with whole():
        done.append("next")
    assert done == ["inner", "outer", "next"]


def test_the_second_stop_does_not_wait() -> None:
    done = []

    def work() -> None:
        with whole():
            stop(Stopped())
            stop(Stopped())
            done.append("never")

    with pytest.raises(Stopped):
        work()
    assert done == []


def test_what_another_thread_does_makes_no_stop_wait() -> None:
    inside, leave = threading.Event(), threading.Event()

    def work() -> None:
        with whole():
            inside.set()
            leave.wait(20)

    thread = threading.Thread(target=work)
    thread.start()
    inside.wait(20)
    with pytest.raises(Stopped):
        stop(Stopped())
    leave.set()
    thread.join()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, INTERRUPTED), (signal.SIGTERM, TERMINATED)])
def test_a_command_that_is_stopped_while_it_writes_to_the_history_has_written_it(
    number: signal.Signals, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'history.sqlite3'}")
    before = signal.getsignal(number)

    def work() -> int:
        with database.writing() as connection:
            connection.execute(sa.text("CREATE TABLE kept (name TEXT)"))
            signal.raise_signal(number)
            connection.execute(sa.text("INSERT INTO kept VALUES ('it')"))
        raise AssertionError("it went on")

    assert ended(work) == code
    assert signal.getsignal(number) == before
    assert capsys.readouterr().err.startswith("segdetect: stopped.")
    with database.reading() as connection:
        assert connection.execute(sa.text("SELECT name FROM kept")).scalars().all() == ["it"]
