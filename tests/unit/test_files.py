"""Files that are whole or not there, and where they are kept."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from segdetect.files import changing, home, storage_errors, write_atomic
from tests.support.interruption import full, interruptions, killed


def test_a_file_is_written_and_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "new" / "kept.json"
    write_atomic(path, b"first")
    write_atomic(path, b"second")
    assert path.read_bytes() == b"second"
    assert [file.name for file in path.parent.iterdir()] == ["kept.json"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_former_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "kept.json"
    write_atomic(path, b"first")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(*((os, "fsync") if step == "fsync" else (Path, "replace")), full)
    with pytest.raises(OSError, match="No space left"):
        write_atomic(path, b"second")
    assert path.read_bytes() == b"first"
    assert [file.name for file in tmp_path.iterdir()] == ["kept.json"]


def test_home_is_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGDETECT_HOME", str(tmp_path))
    assert home() == tmp_path
    monkeypatch.delenv("SEGDETECT_HOME")
    assert home().name == "segdetect"


def test_a_file_may_be_read_by_whom_the_user_lets_read_files(tmp_path: Path) -> None:
    former = os.umask(0o022)
    try:
        write_atomic(tmp_path / "kept.json", b"")
    finally:
        os.umask(former)
    assert stat.S_IMODE((tmp_path / "kept.json").stat().st_mode) == 0o644


def test_a_file_may_have_as_long_a_name_as_the_file_system_allows(tmp_path: Path) -> None:
    write_atomic(tmp_path / ("x" * 255), b"kept")
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"kept"]


@pytest.mark.parametrize("stop", [killed, full])
def test_a_write_that_is_stopped_at_any_step_leaves_the_former_file_or_the_new(
    tmp_path: Path, stop: Callable[[], None]
) -> None:
    path = tmp_path / "kept.json"
    found = []

    def write() -> None:
        with storage_errors(tmp_path):
            write_atomic(path, b"second")

    path.write_bytes(b"first")
    for _ in interruptions(write, tmp_path, stop):
        found.append(path.read_bytes())
        path.write_bytes(b"first")
    assert set(found) == {b"first", b"second"}
    assert found[-1] == b"second"


def test_what_a_killed_writer_left_is_cleared_at_the_next_change(tmp_path: Path) -> None:
    (tmp_path / ".0123.part").write_bytes(b"half")
    with changing(tmp_path):
        pass
    assert [file.name for file in tmp_path.iterdir()] == [".lock"]
