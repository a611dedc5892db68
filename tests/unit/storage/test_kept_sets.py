"""Sets of references: the whole former one or the whole new one, whatever happens to who writes it."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable
from pathlib import Path

import pytest

from segdetect.errors import SettingsError, StorageError
from segdetect.files import changing, file_name
from segdetect.storage.reference_sets import ReferenceSets
from tests.support.interruption import full, interruptions, killed

OLD = [("a.png", b"old a"), ("b.png", b"old b")]
NEW = [("c.png", b"new c")]


@pytest.fixture
def sets(tmp_path: Path) -> ReferenceSets:
    return ReferenceSets(tmp_path)


def bins(folder: Path) -> list[bytes]:
    return sorted(path.read_bytes() for path in folder.rglob("*.bin"))


def as_version_0_1(folder: Path, name: str, pictures: list[tuple[str, bytes]]) -> Path:
    place = folder / file_name(name)
    place.mkdir(parents=True)
    for number, (_, data) in enumerate(pictures):
        (place / f"{number:04d}.bin").write_bytes(data)
    (place / "index.json").write_text(json.dumps({"name": name, "pictures": [picture for picture, _ in pictures]}))
    return place


def test_a_set_is_kept_replaced_and_forgotten(sets: ReferenceSets) -> None:
    assert sets.names() == []
    sets.save(" Gasket ", OLD)
    sets.save("axle", NEW)
    assert sets.names() == ["axle", "Gasket"]
    assert sets.load("Gasket") == OLD
    sets.save("Gasket", NEW)
    assert sets.load("Gasket") == NEW
    assert bins(sets.folder / file_name("Gasket")) == [b"new c"]
    sets.delete("Gasket")
    assert sets.names() == ["axle"]
    assert not (sets.folder / file_name("Gasket")).exists()
    with pytest.raises(StorageError, match="no longer kept"):
        sets.load("Gasket")


def test_names_of_pictures_are_no_paths(sets: ReferenceSets) -> None:
    odd = [("../../x.png", b"1"), ("a\nb\ud800.png", b"2"), ("", b"3")]
    sets.save("odd", odd)
    assert sets.load("odd") == odd
    assert not list(sets.folder.parent.glob("x.png"))


def test_a_set_without_pictures_or_name_is_refused(sets: ReferenceSets) -> None:
    with pytest.raises(SettingsError):
        sets.save("empty", [])
    with pytest.raises(SettingsError):
        sets.save(" ", OLD)


def test_a_set_of_version_0_1_is_read_and_replaced(sets: ReferenceSets) -> None:
    place = as_version_0_1(sets.folder, "gasket", OLD)
    assert sets.names() == ["gasket"]
    assert sets.load("gasket") == OLD
    sets.save("gasket", NEW)
    assert sets.load("gasket") == NEW
    assert bins(place) == [b"new c"]


@pytest.mark.parametrize("stop", [killed, full])
@pytest.mark.parametrize("early", [True, False], ids=["version 0.1", "now"])
def test_stopped_at_any_step_a_write_leaves_the_old_set_or_the_new(
    tmp_path: Path, stop: Callable[[], None], early: bool
) -> None:
    sets = ReferenceSets(tmp_path / "sets")
    outcomes = []

    def begin() -> None:
        sets.delete("gasket")
        if early:
            as_version_0_1(sets.folder, "gasket", OLD)
        else:
            sets.save("gasket", OLD)

    begin()
    for _ in interruptions(lambda: sets.save("gasket", NEW), sets.folder, stop):
        outcomes.append(sets.load("gasket"))
        assert sets.kept().damaged == ()
        assert outcomes[-1] in (OLD, NEW)
        # Nothing half done outlasts the next save.
        sets.save("gasket", NEW)
        assert bins(tmp_path) == [b"new c"]
        assert not list(tmp_path.rglob("*.part"))
        begin()
    assert OLD in outcomes
    assert outcomes[-1] == NEW
    assert len(outcomes) > 12


@pytest.mark.parametrize("stop", [killed, full])
def test_a_first_save_that_is_stopped_leaves_no_set_or_a_whole_one(tmp_path: Path, stop: Callable[[], None]) -> None:
    sets = ReferenceSets(tmp_path / "sets")
    for _ in interruptions(lambda: sets.save("gasket", NEW), sets.folder, stop):
        found = sets.kept()
        assert found.damaged == ()
        assert not found.whole or sets.load("gasket") == NEW
        sets.delete("gasket")


@pytest.mark.parametrize("stop", [killed, full])
def test_forgetting_that_is_stopped_leaves_no_set_or_a_whole_one(tmp_path: Path, stop: Callable[[], None]) -> None:
    sets = ReferenceSets(tmp_path / "sets")
    sets.save("gasket", OLD)
    for _ in interruptions(lambda: sets.delete("gasket"), sets.folder, stop):
        found = sets.kept()
        assert found.damaged == ()
        assert not found.whole or sets.load("gasket") == OLD
        sets.save("gasket", OLD)


def _save_often(folder: Path, mark: int) -> None:
    pictures = [(f"{mark}-{number}.png", bytes([mark]) * 2000) for number in range(mark)]
    for _ in range(25):
        ReferenceSets(folder).save("gasket", pictures)


def test_processes_that_save_at_once_do_not_mix(sets: ReferenceSets) -> None:
    sets.save("gasket", [("0", b"0")])
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_save_often, args=(sets.folder, mark)) for mark in (2, 3, 5)]
    for writer in writers:
        writer.start()
    seen = set()
    while any(writer.is_alive() for writer in writers):
        pictures = sets.load("gasket")
        if len(pictures) > 1:
            assert [name for name, _ in pictures] == [f"{len(pictures)}-{n}.png" for n in range(len(pictures))]
            assert {data for _, data in pictures} == {bytes([len(pictures)]) * 2000}
        seen.add(len(pictures))
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert len(seen) > 1, "no reader met a writer"
    assert len(bins(sets.folder)) == len(sets.load("gasket"))
    assert sets.kept().damaged == ()


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda file: file.write_bytes(file.read_bytes()[:-9]), id="truncated"),
        pytest.param(lambda file: file.write_bytes(b""), id="empty"),
        pytest.param(lambda file: file.write_bytes(b"\xff\xfe\x00"), id="no text"),
        pytest.param(lambda file: file.write_text("[1, 2]"), id="a list"),
        pytest.param(lambda file: file.write_text("[" * 100_000), id="deep"),
        pytest.param(lambda file: file.write_text('{"name": 5}'), id="a number for a name"),
        pytest.param(lambda file: file.write_text('{"name": "axle"}'), id="another's name"),
    ],
)
def test_a_damaged_index_is_named_and_set_aside_once_and_the_others_go_on(
    sets: ReferenceSets, damage: Callable[[Path], object]
) -> None:
    sets.save("gasket", OLD)
    sets.save("axle", NEW)
    place = sets.folder / file_name("gasket")
    damage(place / "index.json")
    for _ in range(2):
        found = sets.kept()
        assert found.whole == ("axle",)
        (entry,) = found.damaged
        assert entry.path == place.with_name(f"{place.name}.broken")
        assert f"{sets.folder.name}/{entry.path.name}" in str(entry.error)
    assert bins(entry.path) == [b"old a", b"old b"]
    sets.save("gasket", NEW)
    assert sets.names() == ["axle", "gasket"]
    sets.discard(entry)
    assert sets.kept().damaged == ()
    assert not entry.path.exists()


def test_what_is_left_of_a_name_names_a_damaged_set(sets: ReferenceSets) -> None:
    sets.save('Gasket "ü" 2', OLD)
    index = sets.folder / file_name('Gasket "ü" 2') / "index.json"
    index.write_bytes(index.read_bytes()[:60])
    assert sets.kept().damaged[0].name == 'Gasket "ü" 2'


@pytest.mark.parametrize("early", [True, False], ids=["version 0.1", "now"])
def test_a_set_with_a_picture_missing_is_named_and_set_aside(sets: ReferenceSets, early: bool) -> None:
    if early:
        as_version_0_1(sets.folder, "gasket", OLD)
    else:
        sets.save("gasket", OLD)
    next(iter(sets.folder.rglob("0001.bin"))).unlink()
    with pytest.raises(StorageError, match="gasket: this set is damaged and was set aside"):
        sets.load("gasket")
    assert sets.names() == []
    assert [entry.name for entry in sets.kept().damaged] == ["gasket"]


def test_a_picture_that_was_changed_is_noticed(sets: ReferenceSets) -> None:
    sets.save("gasket", OLD)
    next(iter(sets.folder.rglob("0001.bin"))).write_bytes(b"old")
    with pytest.raises(StorageError, match="damaged"):
        sets.load("gasket")


def test_damaged_twice_a_set_is_set_aside_beside_the_first(sets: ReferenceSets) -> None:
    for _ in range(2):
        sets.save("gasket", OLD)
        (sets.folder / file_name("gasket") / "index.json").write_bytes(b"{")
        sets.kept()
    assert len(sets.kept().damaged) == 2
    assert len(bins(sets.folder)) == 4


def test_a_process_that_holds_the_folder_for_long_is_said(sets: ReferenceSets, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segdetect.files.LOCK_SECONDS", 0.1)
    sets.save("gasket", OLD)
    context = multiprocessing.get_context("fork")
    with changing(sets.folder):
        other = context.Process(target=_is_refused, args=(sets,))
        other.start()
        other.join()
    assert other.exitcode == 0
    assert sets.load("gasket") == OLD


def _is_refused(sets: ReferenceSets) -> None:
    with pytest.raises(StorageError, match="another process is writing"):
        sets.save("gasket", NEW)
