"""A run's findings are kept as they come; a history that cannot be written costs the run nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from segdetect.errors import StorageError
from segdetect.storage.history import database
from segdetect.storage.history.entries import Search
from segdetect.storage.history.history import History
from segdetect.storage.history.keeping import CHUNK, Keeper
from segdetect.storage.history.retention import Limits
from tests.support.findings import finding, run


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> History:
    monkeypatch.setattr(database, "WAIT_SECONDS", 0.05)
    made = History(f"sqlite:///{tmp_path}/history.sqlite3")
    made.start()
    return made


def test_findings_are_kept_a_chunk_at_a_time_and_the_rest_at_the_end(history: History) -> None:
    told: list[StorageError] = []
    with Keeper(history, run(), tell=told.append) as keeper:
        for number in range(CHUNK + 2):
            keeper.add(finding(f"{number}.png", seed=number))
            assert history.count(Search()) == (CHUNK if number >= CHUNK - 1 else 0)
    assert history.count(Search()) == CHUNK + 2
    assert told == []


def test_what_is_beyond_the_limits_goes_at_the_end(history: History) -> None:
    history.set_limits(Limits(days=30))
    with Keeper(history, run(), tell=pytest.fail) as keeper:
        now = datetime.now(UTC)
        for days in (35, 8, 2):
            keeper.add(replace(finding(f"{days}.png", seed=days), created=now - timedelta(days=days)))
    assert [entry.image for entry in history.find(Search())] == ["2.png", "8.png"]


def test_trouble_is_told_once_and_what_was_found_meanwhile_is_kept_when_it_is_over(history: History) -> None:
    told: list[StorageError] = []
    with Keeper(history, run(), tell=told.append) as keeper:
        with closing(sqlite3.connect(history.database.file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            for number in range(3 * CHUNK):
                keeper.add(finding(f"{number}.png", seed=number))
        assert history.count(Search()) == 0
    assert history.count(Search()) == 3 * CHUNK
    assert [str(error) for error in told] == [str(told[0])]
    assert "another process" in str(told[0])


def test_trouble_that_lasts_raises_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    told: list[StorageError] = []
    with Keeper(History(f"sqlite:///{tmp_path}/file/history.sqlite3"), run(), tell=told.append) as keeper:
        for number in range(CHUNK + 1):
            keeper.add(finding(f"{number}.png", seed=number))
    assert len(told) == 1
