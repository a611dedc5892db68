"""Each file of a watched folder is told once, when it is fully written, in its order, however it is looked at."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from segdetect.files import is_on_network
from segdetect.runs.watching import arrivals
from segdetect.runs.watching.arrivals import Arrivals, Stamp, stamp_of
from tests.support.pictures import png, weave

PICTURE = png(weave((32, 32)))
LONG = 20.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "_STILL_SECONDS", 0.2)
    monkeypatch.setattr(arrivals, "_OPEN_SECONDS", 0.6)


@pytest.fixture(params=[None, 0.05], ids=["told by the system", "polling"])
def looking(folder: Path, request: pytest.FixtureRequest) -> Iterator[Arrivals]:
    with Arrivals(folder, is_done=lambda path, stamp: False, poll=request.param) as opened:
        assert opened.is_polling == (request.param is not None)
        yield opened


def write(path: Path, data: bytes = PICTURE) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return path


def taken(looking: Arrivals, seconds: float = LONG) -> str:
    arrival = looking.next(seconds)
    return "" if arrival is None else arrival.path.name


def test_a_new_file_is_told_once(folder: Path, looking: Arrivals) -> None:
    path = write(folder / "a.png")
    arrival = looking.next(LONG)
    assert arrival is not None
    assert (arrival.path, arrival.stamp) == (path, stamp_of(path))
    looking._is_done = lambda path, stamp: True
    assert taken(looking, 0.5) == ""


def test_a_file_that_grows_is_told_when_it_is_whole(folder: Path, looking: Arrivals) -> None:
    with (folder / "a.png").open("wb") as file:
        for byte in PICTURE[:6]:
            file.write(bytes([byte]))
            file.flush()
            assert taken(looking, 0.1) == ""
        file.write(PICTURE[6:])
    arrival = looking.next(LONG)
    assert arrival is not None
    assert arrival.stamp.size == len(PICTURE)


def test_files_that_are_renamed_into_place_are_told_under_their_own_name(folder: Path, looking: Arrivals) -> None:
    write(folder / "a.png.part").rename(folder / "a.png")
    assert taken(looking) == "a.png"
    write(folder.parent / "b.png").rename(folder / "b.png")
    looking._is_done = lambda path, stamp: path.name == "a.png"
    assert taken(looking) == "b.png"


def test_files_in_new_folders_are_found(folder: Path, looking: Arrivals) -> None:
    write(folder.parent / "made" / "b.png")
    (folder.parent / "made").rename(folder / "moved")
    assert taken(looking) == "b.png"
    looking._is_done = lambda path, stamp: path.name == "b.png"
    write(folder / "new" / "a.png")
    assert taken(looking) == "a.png"


def test_what_is_no_picture_is_left_alone(folder: Path, looking: Arrivals) -> None:
    for name in (".hidden.png", "Thumbs.db", "a.png.crdownload", "notes.txt"):
        write(folder / name, b"no picture")
    write(folder / ".trash" / "b.png")
    assert taken(looking, 0.6) == ""
    assert looking.waiting == 0


def test_what_was_there_comes_first_by_its_time(folder: Path) -> None:
    for age, name in ((300, "c.png"), (100, "a.png"), (200, "b.png")):
        then = time.time() - age
        os.utime(write(folder / name), (then, then))
    with Arrivals(folder, is_done=lambda path, stamp: path.name == "b.png") as looking:
        assert looking.waiting == 2
        assert [taken(looking, 0.0), taken(looking, 0.0)] == ["c.png", "a.png"]


@pytest.mark.skipif(sys.platform != "linux", reason="only there the system says when a file is closed")
def test_what_lay_there_for_as_long_as_it_would_be_waited_for_is_taken_at_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "_OPEN_SECONDS", 5.0)
    for age, name in ((20, "a.png"), (0, "c.png"), (30, "b.png")):
        then = time.time() - age
        os.utime(write(folder / name), (then, then))
    with Arrivals(folder, is_done=lambda path, stamp: False) as looking:
        assert [taken(looking, 0.0) for _ in range(3)] == ["b.png", "a.png", ""]
    with Arrivals(folder, is_done=lambda path, stamp: False, poll=0.05) as looking:
        # Another machine's clock may be wrong.
        assert taken(looking, 0.0) == ""


def test_folders_outside_are_not_looked_at(folder: Path) -> None:
    write(folder / "done" / "a.png")
    with Arrivals(folder, is_done=lambda path, stamp: False, outside=[folder / "done"]) as looking:
        assert looking.waiting == 0


def test_a_folder_that_goes_away_is_waited_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "_AGAIN_SECONDS", 0.05)
    monkeypatch.setattr(arrivals, "_SEARCH_SECONDS", 0.05)
    with Arrivals(folder, is_done=lambda path, stamp: False) as looking:
        shutil.rmtree(folder)
        assert taken(looking, 0.3) == ""
        assert "not there at present" in str(looking.trouble)
        write(folder / "a.png")
        assert taken(looking) == "a.png"
        assert looking.trouble is None


@pytest.mark.parametrize("moved", [True, False], ids=["moved away", "removed"])
def test_a_folder_that_takes_the_place_of_another_is_listened_to(folder: Path, moved: bool) -> None:
    with Arrivals(folder, is_done=lambda path, stamp: path.name != "b.png") as looking:
        # All within less than it takes to search the whole folder anew.
        if moved:
            folder.rename(folder.with_name("away"))
        else:
            shutil.rmtree(folder)
        write(folder / "a.png")
        assert taken(looking, 1.0) == ""
        began = time.monotonic()
        write(folder / "b.png")
        assert taken(looking) == "b.png"
        assert time.monotonic() - began < LONG / 2
        assert not looking.is_polling


def test_where_the_system_cannot_tell_it_is_polled(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def __getattr__(self, name: str) -> object:
            return lambda *args, **options: None

        def start(self) -> None:
            raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr(arrivals, "_observer", Full)
    monkeypatch.setattr(arrivals, "POLL_SECONDS", 0.05)
    with Arrivals(folder, is_done=lambda path, stamp: False) as looking:
        assert looking.is_polling
        write(folder / "a.png")
        assert taken(looking) == "a.png"


def test_a_file_that_was_changed_meanwhile_is_told_again(folder: Path, looking: Arrivals) -> None:
    write(folder / "a.png")
    arrival = looking.next(LONG)
    assert arrival is not None
    looking.again(arrival)
    assert looking.next(LONG) == arrival


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system does not list what lies where so")
def test_network_drives_are_known(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    share = tmp_path / "line 3"
    (share / "today").mkdir(parents=True)
    named = str(share).replace(" ", "\\040")
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\n//server/line {named} cifs rw 0 0\n")
    assert is_on_network(share / "today", mounts=mounts)
    assert not is_on_network(tmp_path, mounts=mounts)
    assert not is_on_network(tmp_path, mounts=tmp_path / "absent")


def test_a_stamp_tells_a_file_that_was_written_anew(folder: Path) -> None:
    path = write(folder / "a.png")
    before = stamp_of(path)
    os.utime(path, ns=(0, 1))
    assert stamp_of(path) == Stamp(len(PICTURE), 1) != before
    assert stamp_of(folder) is None
