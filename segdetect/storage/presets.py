"""Presets: the built-in ones, and settings that a user keeps under a name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from segdetect.documents import read_settings, settings_record
from segdetect.errors import SettingsError
from segdetect.files import changing, checked_name, file_name, home, storage_errors, write_atomic
from segdetect.settings import EngineName, GridSize, Rule, RuleName, Scope, Settings
from segdetect.storage.shelf import Contents, Damaged, Shelf, read_record


@dataclass(frozen=True, slots=True)
class Preset:
    """Settings with a name and the reason for them."""

    name: str
    settings: Settings
    why: str = ""


BUILT_IN: Final = (
    Preset(
        "Surface texture",
        Settings(grid=GridSize(7, 7), engine=EngineName.AUTO),
        "Cloth, mesh, leather, brushed metal: the picture repeats itself, so it is its own reference.",
    ),
    Preset(
        "Fine defects in a texture",
        Settings(grid=GridSize(14, 14), engine=EngineName.DINOV2),
        "Small tiles and the most accurate engine, for threads, pores and hairline scratches.",
    ),
    Preset(
        "Printed or machined part",
        Settings(grid=GridSize(8, 8), engine=EngineName.DINOV2, scope=Scope.REFERENCES),
        "A part looks different everywhere: only known-good pictures tell what is normal.",
    ),
    Preset(
        "Circuit board",
        Settings(grid=GridSize(12, 12), engine=EngineName.DINOV2, scope=Scope.REFERENCES),
        "Components are small and unlike each other: finer tiles, compared with good boards.",
    ),
    Preset(
        "X-ray or scan",
        Settings(
            grid=GridSize(10, 10),
            engine=EngineName.DINOV2,
            scope=Scope.REFERENCES,
            rule=Rule(RuleName.AUTO, false_alarms=0.1),
        ),
        "A missed finding costs more than a second look: one false alarm in ten normal pictures is allowed. "
        "Not a medical device.",
    ),
)


class Presets:
    """The presets of this machine.

    Args:
        folder: made when one is first kept; by default one in the user's data folder.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or home() / "presets"
        self._shelf = Shelf(self.folder, "*.json", _read_preset)

    def all(self) -> list[Preset]:
        """The built-in presets, then the user's own by name."""
        return [*BUILT_IN, *self.kept().whole]

    def kept(self) -> Contents[Preset]:
        """The user's own presets by name, and what was kept but cannot be read."""
        found = self._shelf.contents()
        return Contents(tuple(sorted(found.whole, key=lambda preset: preset.name.casefold())), found.damaged)

    def save(self, preset: Preset) -> None:
        """Keep a preset; one of the same name is replaced.

        Raises:
            SettingsError: no name, or the name of a built-in preset.
            StorageError: the folder cannot be written.
        """
        name = checked_name(preset.name)
        if name in {built_in.name for built_in in BUILT_IN}:
            raise SettingsError(f"'{name}' is a built-in preset", remedy="Choose another name")
        record = {"name": name, "why": preset.why, "settings": settings_record(preset.settings)}
        with storage_errors(self.folder), changing(self.folder):
            write_atomic(self._file(name), json.dumps(record, indent=2).encode())

    def delete(self, name: str) -> None:
        """Forget a preset of the user's own.

        Raises:
            StorageError: the folder cannot be written.
        """
        with storage_errors(self.folder), changing(self.folder):
            self._file(name).unlink(missing_ok=True)

    def discard(self, damaged: Damaged) -> None:
        """Remove what is left of a damaged preset, for good.

        Raises:
            StorageError: the folder cannot be written.
        """
        self._shelf.discard(damaged)

    def _file(self, name: str) -> Path:
        return self.folder / f"{file_name(name)}.json"


def _read_preset(path: Path) -> Preset:
    record = read_record(path)
    name, why, kept = checked_name(record["name"]), str(record["why"]), record["settings"]
    return Preset(name, read_settings(kept), why)
