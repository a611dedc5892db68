"""What a user keeps for later on this machine: presets, and named sets of known-good pictures."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import platformdirs

from segdetect.errors import SettingsError
from segdetect.export import storage_errors
from segdetect.settings import EngineName, GridSize, Rule, RuleName, Scope, Settings

HOME_VARIABLE: Final = "SEGDETECT_HOME"


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


class Library:
    """A folder with presets and reference sets.

    Args:
        folder: made when something is first kept; by default the user's data folder, or `SEGDETECT_HOME`.
    """

    def __init__(self, folder: Path | None = None) -> None:
        chosen = os.environ.get(HOME_VARIABLE)
        self.folder = folder or (Path(chosen) if chosen else Path(platformdirs.user_data_dir("segdetect", False)))

    def presets(self) -> list[Preset]:
        """The built-in presets, then the user's own by name."""
        own = [_read_preset(path) for path in (self.folder / "presets").glob("*.json")]
        return [*BUILT_IN, *sorted(own, key=lambda preset: preset.name.casefold())]

    def save_preset(self, preset: Preset) -> None:
        """Keep a preset; one of the same name is replaced.

        Raises:
            SettingsError: no name, or the name of a built-in preset.
            StorageError: the folder cannot be written.
        """
        name = _checked_name(preset.name)
        if name in {built_in.name for built_in in BUILT_IN}:
            raise SettingsError(f"'{name}' is a built-in preset", remedy="Choose another name")
        record = {"name": name, "why": preset.why, "settings": _as_record(preset.settings)}
        folder = self.folder / "presets"
        with storage_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            _file_for(folder, name).write_text(json.dumps(record, indent=2, ensure_ascii=False), encoding="utf-8")

    def delete_preset(self, name: str) -> None:
        """Forget a preset of the user's own."""
        with storage_errors(self.folder):
            _file_for(self.folder / "presets", name).unlink(missing_ok=True)

    def reference_sets(self) -> list[str]:
        """Names of the kept sets of known-good pictures."""
        found = (self.folder / "references").glob("*/index.json")
        names = [str(json.loads(path.read_text(encoding="utf-8"))["name"]) for path in found]
        return sorted(names, key=str.casefold)

    def save_references(self, name: str, pictures: Sequence[tuple[str, bytes]]) -> None:
        """Keep known-good pictures, each a file name and its bytes; a set of the same name is replaced.

        Raises:
            SettingsError: no name or no picture.
            StorageError: the folder cannot be written, or the disk is full.
        """
        name = _checked_name(name)
        if not pictures:
            raise SettingsError("there are no known-good pictures to keep", remedy="Add some first")
        folder = self._set_folder(name)
        with storage_errors(folder):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            # Names are the user's and stay in the index: they never become part of a path.
            for number, (_, data) in enumerate(pictures):
                (folder / f"{number:04d}.bin").write_bytes(data)
            index = {"name": name, "pictures": [picture for picture, _ in pictures]}
            (folder / "index.json").write_text(json.dumps(index, ensure_ascii=False), encoding="utf-8")

    def load_references(self, name: str) -> list[tuple[str, bytes]]:
        """The pictures of a kept set.

        Raises:
            StorageError: they cannot be read.
        """
        folder = self._set_folder(name)
        with storage_errors(folder):
            index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
            return [
                (picture, (folder / f"{number:04d}.bin").read_bytes())
                for number, picture in enumerate(index["pictures"])
            ]

    def delete_references(self, name: str) -> None:
        """Forget a kept set."""
        with storage_errors(self.folder):
            shutil.rmtree(self._set_folder(name), ignore_errors=True)

    def _set_folder(self, name: str) -> Path:
        return _file_for(self.folder / "references", name).with_suffix("")


def _checked_name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= 80:
        raise SettingsError("the name is empty or longer than 80 characters", remedy="Give it a short name")
    return name


def _file_for(folder: Path, name: str) -> Path:
    return folder / f"{hashlib.sha256(name.strip().encode()).hexdigest()[:24]}.json"


def _as_record(settings: Settings) -> dict[str, Any]:
    rule = settings.rule
    return {
        "rows": settings.grid.rows,
        "cols": settings.grid.cols,
        "engine": settings.engine.value,
        "scope": settings.scope.value,
        "rule": rule.name.value,
        "threshold": rule.threshold,
        "false_alarms": rule.false_alarms,
    }


def _read_preset(path: Path) -> Preset:
    record = json.loads(path.read_text(encoding="utf-8"))
    kept = record["settings"]
    settings = Settings(
        grid=GridSize(kept["rows"], kept["cols"]),
        engine=EngineName(kept["engine"]),
        scope=Scope(kept["scope"]),
        rule=Rule(RuleName(kept["rule"]), threshold=kept["threshold"], false_alarms=kept["false_alarms"]),
    )
    return Preset(record["name"], settings, record["why"])
