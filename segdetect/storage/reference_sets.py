"""Sets of known-good pictures that a user keeps under a name.

    references/HASH/index.json          {"name": ..., "folder": "3f2a...", "pictures": [{"name", "sha256"}, ...]}
    references/HASH/3f2a.../0000.bin

The pictures of a set lie in a folder of their own. A successor is written beside it, then the index is replaced, which
is the moment from which the new set is read, and only then is the former folder removed. Version 0.1 kept the
pictures beside an index that has names alone and no `folder`.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from segdetect.errors import SettingsError, StorageError
from segdetect.files import changing, checked_name, file_name, home, storage_errors, write_atomic
from segdetect.storage.shelf import DAMAGE, Contents, Damaged, Shelf, as_record, read_record

INDEX: Final = "index.json"

Pictures = list[tuple[str, bytes]]


class ReferenceSets:
    """The kept sets of known-good pictures.

    Args:
        folder: made when a set is first kept; by default one in the user's data folder.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or home() / "references"
        self._shelf = Shelf(self.folder, f"*/{INDEX}", _read_name)

    def names(self) -> list[str]:
        """Names of the kept sets of known-good pictures."""
        return list(self.kept().whole)

    def kept(self) -> Contents[str]:
        """Names of the kept sets, and what was kept but cannot be read; pictures are not looked at."""
        found = self._shelf.contents()
        return Contents(tuple(sorted(found.whole, key=str.casefold)), found.damaged)

    def save(self, name: str, pictures: Sequence[tuple[str, bytes]]) -> None:
        """Keep known-good pictures, each a file name and its bytes; a set of the same name is replaced.

        At any moment, and however this ends, either the whole former set can be read or the whole new one.

        Raises:
            SettingsError: no name or no picture.
            StorageError: the folder cannot be written, or the disk is full; the former set is still there.
        """
        name = checked_name(name)
        if not pictures:
            raise SettingsError("there are no known-good pictures to keep", remedy="Add some first")
        folder = self._folder_of(name)
        with storage_errors(folder), changing(self.folder):
            try:
                _write_set(folder, name, pictures)
            finally:
                _clear(folder)

    def load(self, name: str) -> Pictures:
        """The pictures of a kept set.

        Raises:
            StorageError: they cannot be read; a set that is damaged is set aside.
        """
        file = self._folder_of(name) / INDEX
        try:
            return _read_set(file)
        except FileNotFoundError as error:
            raise StorageError("this set is no longer kept", remedy="Choose another", file=name) from error
        except OSError as error:
            problem = f"it cannot be read ({error.strerror or error})"
            raise StorageError(problem, remedy="Check the disk or the network drive", file=name) from error
        except DAMAGE as error:
            with storage_errors(self.folder):
                self._shelf.set_aside(file, _read_set)
            raise StorageError(
                "this set is damaged and was set aside", remedy="Keep its pictures again under its name", file=name
            ) from error

    def delete(self, name: str) -> None:
        """Forget a kept set.

        Raises:
            StorageError: the folder cannot be written.
        """
        with storage_errors(self.folder), changing(self.folder):
            (self._folder_of(name) / INDEX).unlink(missing_ok=True)
            shutil.rmtree(self._folder_of(name), ignore_errors=True)

    def discard(self, damaged: Damaged) -> None:
        """Remove what is left of a damaged set, for good.

        Raises:
            StorageError: the folder cannot be written.
        """
        self._shelf.discard(damaged)

    def _folder_of(self, name: str) -> Path:
        return self.folder / file_name(name)


def _write_set(folder: Path, name: str, pictures: Sequence[tuple[str, bytes]]) -> None:
    fresh = folder / uuid.uuid4().hex
    # Names are the user's and stay in the index: they never become part of a path.
    for number, (_, data) in enumerate(pictures):
        write_atomic(fresh / f"{number:04d}.bin", data)
    listed = [{"name": picture, "sha256": hashlib.sha256(data).hexdigest()} for picture, data in pictures]
    write_atomic(folder / INDEX, json.dumps({"name": name, "folder": fresh.name, "pictures": listed}).encode())


def _clear(folder: Path) -> None:
    """Remove what the index does not name: a former set, or one that was not finished."""
    try:
        record = read_record(folder / INDEX)
    except FileNotFoundError:
        shutil.rmtree(folder, ignore_errors=True)
        return
    except (OSError, *DAMAGE):
        return  # what can be saved of it is not known
    early = "folder" not in record
    for path in folder.iterdir():
        if path.name in (INDEX, record.get("folder")) or (early and path.suffix == ".bin"):
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _read_name(file: Path) -> str:
    return checked_name(read_record(file)["name"])


def _read_set(file: Path) -> Pictures:
    """The pictures that an index names.

    Raises:
        One of `DAMAGE`: the index or a picture is damaged or absent.
        OSError: they cannot be read.
    """
    index, trouble = b"", ValueError("the index is empty")
    while (found := file.read_bytes()) != index:
        # An index that has changed since says that the set was replaced while it was read.
        index = found
        try:
            return [_read_picture(file.parent, *entry) for entry in _listed(as_record(index, file))]
        except (FileNotFoundError, *DAMAGE) as error:
            trouble = ValueError(str(error))
    raise trouble


def _listed(record: dict[str, Any]) -> list[tuple[str, Path, str]]:
    """Name, place below the set's folder, and digest (empty where none was kept) of each picture."""
    if "folder" not in record:
        return [(str(name), Path(f"{number:04d}.bin"), "") for number, name in enumerate(record["pictures"])]
    folder = Path(Path(record["folder"]).name)
    return [
        (str(entry["name"]), folder / f"{number:04d}.bin", str(entry["sha256"]))
        for number, entry in enumerate(record["pictures"])
    ]


def _read_picture(folder: Path, name: str, place: Path, sha256: str) -> tuple[str, bytes]:
    data = (folder / place).read_bytes()
    if sha256 and hashlib.sha256(data).hexdigest() != sha256:
        raise ValueError(f"{name} is damaged")
    return name, data
