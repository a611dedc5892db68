"""Files are moved whole, and none takes the place of another."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from segdetect.runs.watching.moving import move


def _no_link(*args: object, **options: object) -> None:
    raise OSError(18, "another disk")


@pytest.mark.parametrize("linked", [True, False], ids=["one disk", "another disk"])
def test_a_file_gets_a_number_where_its_name_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, linked: bool
) -> None:
    if not linked:
        monkeypatch.setattr(os, "link", _no_link)
    for number in range(3):
        (tmp_path / "a.png").write_bytes(bytes([number]))
        os.utime(tmp_path / "a.png", (5, 5))
        moved = move(tmp_path / "a.png", tmp_path / "done" / "line" / "a.png")
        assert moved.stat().st_mtime == 5
    done = tmp_path / "done" / "line"
    assert {path.name: path.read_bytes() for path in done.iterdir()} == {
        "a.png": b"\0",
        "a (2).png": b"\1",
        "a (3).png": b"\2",
    }
    assert not (tmp_path / "a.png").exists()


def test_what_cannot_be_moved_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "a.png").write_bytes(b"a")
    monkeypatch.setattr(os, "link", _no_link)
    monkeypatch.setattr("segdetect.runs.watching.moving.shutil.copy2", full)
    with pytest.raises(OSError, match="No space"):
        move(tmp_path / "a.png", tmp_path / "done" / "a.png")
    assert (tmp_path / "a.png").read_bytes() == b"a"
    assert list((tmp_path / "done").iterdir()) == []
    monkeypatch.undo()
    with pytest.raises(FileNotFoundError):
        move(tmp_path / "b.png", tmp_path / "done" / "b.png")
