"""Sets of known-good pictures that a user keeps under a name."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from segdetect.errors import SettingsError
from segdetect.storage.files import checked_name, file_name, home, storage_errors


class ReferenceSets:
    """The kept sets of known-good pictures.

    Args:
        folder: made when a set is first kept; by default one in the user's data folder.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or home() / "references"

    def names(self) -> list[str]:
        """Names of the kept sets of known-good pictures."""
        found = self.folder.glob("*/index.json")
        names = [str(json.loads(path.read_text(encoding="utf-8"))["name"]) for path in found]
        return sorted(names, key=str.casefold)

    def save(self, name: str, pictures: Sequence[tuple[str, bytes]]) -> None:
        """Keep known-good pictures, each a file name and its bytes; a set of the same name is replaced.

        Raises:
            SettingsError: no name or no picture.
            StorageError: the folder cannot be written, or the disk is full.
        """
        name = checked_name(name)
        if not pictures:
            raise SettingsError("there are no known-good pictures to keep", remedy="Add some first")
        folder = self._folder_of(name)
        with storage_errors(folder):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            # Names are the user's and stay in the index: they never become part of a path.
            for number, (_, data) in enumerate(pictures):
                (folder / f"{number:04d}.bin").write_bytes(data)
            index = {"name": name, "pictures": [picture for picture, _ in pictures]}
            (folder / "index.json").write_text(json.dumps(index, ensure_ascii=False), encoding="utf-8")

    def load(self, name: str) -> list[tuple[str, bytes]]:
        """The pictures of a kept set.

        Raises:
            StorageError: they cannot be read.
        """
        folder = self._folder_of(name)
        with storage_errors(folder):
            index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
            return [
                (picture, (folder / f"{number:04d}.bin").read_bytes())
                for number, picture in enumerate(index["pictures"])
            ]

    def delete(self, name: str) -> None:
        """Forget a kept set."""
        with storage_errors(self.folder):
            shutil.rmtree(self._folder_of(name), ignore_errors=True)

    def _folder_of(self, name: str) -> Path:
        return self.folder / file_name(name)
