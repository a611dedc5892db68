"""Watchers in the background outlive who started them, and the program, and are stopped when somebody says so."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from segdetect.errors import CancelledError, ForbiddenPathError, InputError, SettingsError, StorageError
from segdetect.pipeline import Inspector
from segdetect.runs.watching import arrivals, watchers
from segdetect.runs.watching.calls import Call
from segdetect.runs.watching.watchers import Watchers
from segdetect.settings import EngineName, GridSize, Settings
from segdetect.storage.plans.plan import Plan
from segdetect.storage.plans.plans import Plans
from segdetect.storage.roots import Roots
from tests.support.pictures import planted, png, weave

PATIENCE = 30.0


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEGDETECT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(arrivals, "_OPEN_SECONDS", 0.1)
    monkeypatch.setattr(watchers, "_VERSION_SECONDS", 0.1)
    Plans().keep(Plan(name="Cloth", settings=Settings(grid=GridSize(7, 7), engine=EngineName.TEXTURE)))
    place = tmp_path / "data" / "in"
    place.mkdir(parents=True)
    (place / "0.png").write_bytes(png(weave()))
    return place


@pytest.fixture
def server(folder: Path, inspector: Inspector) -> Iterator[Callable[[], Watchers]]:
    """Begins the program anew: what went on in the last one ends."""
    running: list[Watchers] = []

    def end() -> None:
        for last in running:
            for id in list(last._tasks):
                last._end(id)

    def begin() -> Watchers:
        end()
        running.append(Watchers(lambda: inspector, roots=lambda: Roots((folder.parent,), shown=True)))
        return running[-1]

    yield begin
    end()


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def names(found: Watchers, id: str) -> list[str]:
    return [seen.name for seen in found.ledger(id).last()]


def test_it_goes_on_after_a_restart_until_it_is_stopped(folder: Path, server: Callable[[], Watchers]) -> None:
    first = server()
    id = first.start(folder, "Cloth")
    wait_for(lambda: names(first, id) == ["0.png"])
    second = server()
    (folder / "1.png").write_bytes(png(planted(2, 3)))
    wait_for(lambda: names(second, id) == ["1.png", "0.png"])
    (state,) = second.of("")
    assert (state.goes_on, state.trouble, state.standing.ready, str(state.version)) == (
        True,
        None,
        True,
        "Cloth, version 1",
    )
    second.stop("", id)
    assert not second.of("")[0].goes_on
    third = server()
    (folder / "2.png").write_bytes(png(weave(seed=2)))
    assert not third.of("")[0].goes_on
    third.start(folder, "Cloth")
    wait_for(lambda: names(third, id)[0] == "2.png")
    assert sum(third.ledger(id).shift().counts.values()) == 3


def test_a_new_version_of_the_plan_is_in_use_at_once(folder: Path, server: Callable[[], Watchers]) -> None:
    found = server()
    id = found.start(folder, "Cloth")
    wait_for(lambda: names(found, id))
    plans = Plans()
    plans.keep(Plan(name="Cloth", settings=Settings(grid=GridSize(4, 4), engine=EngineName.TEXTURE), version=1))
    wait_for(lambda: str(found.of("")[0].version) == "Cloth, version 2")
    (folder / "1.png").write_bytes(png(weave(seed=3)))
    wait_for(lambda: len(names(found, id)) == 2)


def test_what_it_fails_of_is_said_and_it_can_be_started_again(folder: Path, server: Callable[[], Watchers]) -> None:
    found = server()
    id = found.start(folder, "Cloth")
    wait_for(lambda: names(found, id))
    Plans().delete("Cloth")
    wait_for(lambda: not found.of("")[0].goes_on)
    assert isinstance(found.of("")[0].trouble, StorageError)
    Plans().restore("Cloth")
    found.start(folder, "Cloth")
    wait_for(lambda: found.of("")[0].standing.ready)


def test_each_account_sees_its_own_and_forgets_what_it_has_stopped(
    folder: Path, server: Callable[[], Watchers]
) -> None:
    found = server()
    id = found.start(folder, "Cloth", account="anna")
    assert found.of("") == []
    found.stop("", id)
    found.forget("", id)
    with pytest.raises(SettingsError, match="another account"):
        found.start(folder, "Cloth")
    wait_for(lambda: names(found, id))
    found.forget("anna", id)
    assert found.get("anna", id) is not None
    found.stop("anna", id)
    found.forget("anna", id)
    assert found.of("anna") == []
    found.start(folder, "Cloth")
    wait_for(lambda: names(found, id) == ["0.png"])


def test_only_what_may_be_read_is_watched(folder: Path, server: Callable[[], Watchers], tmp_path: Path) -> None:
    found = server()
    (tmp_path / "secret.png").write_bytes(png(weave()))
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(ForbiddenPathError):
        found.start(tmp_path, "Cloth")
    with pytest.raises(InputError):
        found.start(folder / "absent", "Cloth")
    with pytest.raises(StorageError):
        found.start(folder, "absent")
    id = found.start(folder, "Cloth")
    wait_for(lambda: len(names(found, id)) == 2)
    (seen,) = (seen for seen in found.ledger(id).last() if seen.name == "link.png")
    assert seen.call is Call.LOOK
    assert "may not be read from here" in seen.reason


def test_there_is_an_end_to_how_many_are_watched(
    folder: Path, server: Callable[[], Watchers], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchers, "MOST", 1)
    found = server()
    found.start(folder, "Cloth")
    (folder.parent / "other").mkdir()
    with pytest.raises(SettingsError, match="Stop a watcher first"):
        found.start(folder.parent / "other", "Cloth")


def test_a_fault_of_the_program_is_said(
    folder: Path, server: Callable[[], Watchers], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr("segdetect.runs.watching.watch.Watch.run", broken)
    found = server()
    found.start(folder, "Cloth")
    wait_for(lambda: found.of("")[0].trouble)
    assert "RuntimeError" in str(found.of("")[0].trouble)
    assert not isinstance(found.of("")[0].trouble, CancelledError)
