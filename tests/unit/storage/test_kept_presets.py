"""Presets on disk: replaced in one step, and a damaged one stops no other."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from segdetect.errors import SettingsError, StorageError
from segdetect.files import file_name
from segdetect.settings import EngineName, GridSize, Rule, RuleName, Scope, Settings
from segdetect.storage.presets import BUILT_IN, Preset, Presets
from tests.support.interruption import full, interruptions, killed

CLOTH = Preset("Cloth", Settings(grid=GridSize(5, 9), engine=EngineName.TEXTURE, scope=Scope.BATCH), "as it comes")
OTHER = Preset("Cloth", Settings(rule=Rule(RuleName.THRESHOLD, threshold=0.5)))


@pytest.fixture
def presets(tmp_path: Path) -> Presets:
    return Presets(tmp_path / "presets")


def test_a_preset_is_kept_replaced_and_forgotten(presets: Presets) -> None:
    assert presets.all() == list(BUILT_IN)
    presets.save(CLOTH)
    assert presets.all() == [*BUILT_IN, CLOTH]
    presets.save(OTHER)
    assert presets.kept().whole == (OTHER,)
    presets.delete("Cloth")
    assert presets.kept().whole == ()


def test_a_built_in_name_is_refused(presets: Presets) -> None:
    with pytest.raises(SettingsError, match="built-in"):
        presets.save(Preset(BUILT_IN[0].name, CLOTH.settings))


@pytest.mark.parametrize("stop", [killed, full])
def test_stopped_at_any_step_a_write_leaves_the_old_preset_or_the_new(
    presets: Presets, stop: Callable[[], None]
) -> None:
    presets.save(CLOTH)
    outcomes = []
    for _ in interruptions(lambda: presets.save(OTHER), presets.folder, stop):
        found = presets.kept()
        assert found.damaged == ()
        outcomes += found.whole
        presets.save(CLOTH)
        assert not list(presets.folder.glob(".*.part"))
    assert CLOTH in outcomes
    assert outcomes[-1] == OTHER
    assert len(outcomes) > 5


def changed(**changes: Any) -> Callable[[dict[str, Any]], str]:
    return lambda record: json.dumps(record | {"settings": record["settings"] | changes})


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda record: json.dumps(record)[:-12], id="truncated"),
        pytest.param(lambda record: "", id="empty"),
        pytest.param(lambda record: "null", id="null"),
        pytest.param(lambda record: json.dumps({"name": "Cloth"}), id="no settings"),
        pytest.param(lambda record: json.dumps(record | {"name": BUILT_IN[0].name}), id="another's name"),
        pytest.param(changed(rows=0), id="no rows"),
        pytest.param(changed(rows=7.5), id="half a row"),
        pytest.param(changed(rows="7"), id="a word for rows"),
        pytest.param(changed(engine="resnet"), id="an engine of a later version"),
        pytest.param(changed(threshold="high"), id="a word for a threshold"),
        pytest.param(changed(false_alarms=None), id="no share"),
    ],
)
def test_a_damaged_preset_is_named_and_set_aside_once_and_the_others_go_on(
    presets: Presets, damage: Callable[[dict[str, Any]], str]
) -> None:
    presets.save(CLOTH)
    presets.save(Preset("Mesh", CLOTH.settings))
    file = presets.folder / f"{file_name('Cloth')}.json"
    text = damage(json.loads(file.read_text()))
    file.write_text(text)
    for _ in range(2):
        found = presets.kept()
        assert [preset.name for preset in found.whole] == ["Mesh"]
        (entry,) = found.damaged
        assert entry.path == file.with_name(f"{file.name}.broken")
        assert "was set aside" in str(entry.error)
    assert entry.path.read_text() == text
    presets.discard(entry)
    assert presets.kept().damaged == ()


def test_a_damaged_preset_that_cannot_be_renamed_is_named_all_the_same(
    presets: Presets, monkeypatch: pytest.MonkeyPatch
) -> None:
    presets.save(CLOTH)
    (file,) = presets.folder.glob("*.json")
    file.write_bytes(file.read_bytes()[:30])

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)
    (entry,) = presets.kept().damaged
    assert (entry.name, entry.path) == ("Cloth", file)
    assert file.exists()


def test_a_preset_that_may_not_be_read_stays_and_is_named(presets: Presets, monkeypatch: pytest.MonkeyPatch) -> None:
    presets.save(CLOTH)

    def refuse(*_: object, **__: object) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    found = presets.kept()
    assert found.whole == ()
    assert "cannot be read (Permission denied)" in str(found.damaged[0].error)
    monkeypatch.undo()
    assert presets.kept().whole == (CLOTH,)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    presets = Presets(tmp_path / "file" / "presets")
    assert presets.all() == list(BUILT_IN)
    with pytest.raises(StorageError):
        presets.save(CLOTH)
    with pytest.raises(StorageError):
        presets.delete("Cloth")


def test_what_cannot_be_read_for_a_moment_cannot_be_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that cannot be listed, or a file that cannot be read, may hold all that is dear."""
    presets = Presets(tmp_path / "presets")
    presets.save(Preset("Mesh", Settings()))

    def fails(*_: object) -> None:
        raise OSError(errno.ESTALE, "Stale file handle")

    for method in ("glob", "read_bytes"):
        with monkeypatch.context() as patch:
            patch.setattr(Path, method, fails)
            (entry,) = presets.kept().damaged
        assert not entry.can_be_removed
        presets.discard(entry)
    assert [preset.name for preset in presets.kept().whole] == ["Mesh"]
