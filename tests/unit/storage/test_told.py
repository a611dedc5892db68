"""What is told once a day is told once a day, also by the next process, and where nothing can be noted."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from segdetect.storage import told
from segdetect.storage.told import is_due

MONDAY, TUESDAY = date(2026, 11, 30), date(2026, 12, 1)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEGDETECT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(told, "_told", {})
    return tmp_path / "home"


def restart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told, "_told", {})


def test_once_a_day_for_each_thing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [is_due("a", MONDAY), is_due("a", MONDAY), is_due("b", MONDAY)] == [True, False, True]
    restart(monkeypatch)
    assert [is_due("a", MONDAY), is_due("b", MONDAY), is_due("a", TUESDAY)] == [False, False, True]


@pytest.mark.parametrize("data", [b"", b"[1]", b"{", b"\xff"])
def test_a_damaged_note_is_written_anew(data: bytes, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.mkdir()
    (home / told.FILE).write_bytes(data)
    assert is_due("a", MONDAY)
    restart(monkeypatch)
    assert not is_due("a", MONDAY)


def test_a_home_that_cannot_be_written(home: Path) -> None:
    home.write_text("a file in the folder's place")
    assert [is_due("a", MONDAY), is_due("a", MONDAY)] == [True, False]
