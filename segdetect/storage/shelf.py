"""What is kept under names, read so that a damaged entry is named and set aside while all others can be used."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from segdetect.errors import SettingsError, StorageError
from segdetect.files import changing, file_name, storage_errors

ASIDE: Final = ".broken"
# What reading JSON and making values of it raises where a file is truncated, damaged or from a later version.
DAMAGE: Final = (
    *(ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError),
    SettingsError,
)
_NAME: Final = re.compile(r'"name"\s*:\s*("(?:[^"\\]|\\.)*")')

Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class Damaged:
    """An entry that cannot be read.

    Args:
        name: what the user called it, where that can still be told; else the name on disk.
        path: the file or folder where it lies now.
        problem: what is wrong with it, as a clause.
        remedy: what to do about it, as a sentence without a full stop.
    """

    name: str
    path: Path
    problem: str
    remedy: str

    @property
    def can_be_removed(self) -> bool:
        """Whether it was set aside; what merely cannot be read may be whole, or be the folder of all entries."""
        return self.path.name.endswith(ASIDE)

    @property
    def error(self) -> StorageError:
        """The same as an error."""
        return StorageError(self.problem, remedy=self.remedy, file=self.name)


@dataclass(frozen=True, slots=True)
class Contents(Generic[Entry]):
    """What a shelf holds: the entries that can be read, and the others."""

    whole: tuple[Entry, ...]
    damaged: tuple[Damaged, ...]


class Shelf(Generic[Entry]):
    """A folder of entries, each a file of its own or a folder around one.

    Args:
        folder: where they are; it may be absent.
        pattern: finds the entries' files: `*.json`, or `*/index.json` for entries that are folders.
        read: makes an entry of its file; raises one of `DAMAGE` where it is damaged, and `StorageError` where it is
            whole and cannot be read all the same.
    """

    def __init__(self, folder: Path, pattern: str, read: Callable[[Path], Entry]) -> None:
        self.folder, self._pattern, self._read = folder, pattern, read

    def contents(self) -> Contents[Entry]:
        """Read all entries; one that is damaged is renamed, so that it is not found again and nothing of it is lost."""
        whole: list[Entry] = []
        damaged: list[Damaged] = []
        try:
            for file in sorted(self.folder.glob(self._pattern)):
                if not self._place(file).name.endswith(ASIDE):
                    self._add(file, whole, damaged)
            damaged += [_set_aside(place) for place in sorted(self.folder.glob(f"*{ASIDE}"))]
        except OSError as error:
            damaged.append(_unreadable(self.folder, error))
        return Contents(tuple(whole), tuple(damaged))

    def _add(self, file: Path, whole: list[Entry], damaged: list[Damaged]) -> None:
        try:
            whole.append(self._read(file))
        except FileNotFoundError:
            return  # forgotten since it was found
        except OSError as error:
            damaged.append(_unreadable(self._place(file), error))
        except StorageError as error:  # whole, and not for this version of the program
            damaged.append(Damaged(error.file or file.name, self._place(file), error.problem, error.remedy))
        except DAMAGE:
            try:
                self.set_aside(file, self._read)
            except (OSError, StorageError):
                damaged.append(_left(self._place(file)))

    def set_aside(self, file: Path, read: Callable[[Path], object]) -> None:
        """Rename an entry if it is still damaged now that no other process can be replacing it.

        Raises:
            OSError, StorageError: the folder cannot be written.
        """
        place = self._place(file)
        with changing(self.folder):
            try:
                read(file)
            except FileNotFoundError:
                return  # forgotten meanwhile
            except DAMAGE:
                place.rename(_free(place))

    def discard(self, damaged: Damaged) -> None:
        """Remove what is left of a damaged entry, for good; what was not set aside is left alone, as it may be whole.

        Raises:
            StorageError: the folder cannot be written.
        """
        if not damaged.can_be_removed:
            return
        with storage_errors(self.folder), changing(self.folder):
            if damaged.path.is_dir():
                shutil.rmtree(damaged.path)
            else:
                damaged.path.unlink(missing_ok=True)

    def _place(self, file: Path) -> Path:
        """The entry itself: its file, or the folder around it."""
        return self.folder / file.relative_to(self.folder).parts[0]


def read_record(file: Path) -> dict[str, Any]:
    """The JSON object in an entry's file.

    Raises:
        One of `DAMAGE`: it is none, or lies where no entry of its name belongs.
        OSError: it cannot be read.
    """
    return as_record(file.read_bytes(), file)


def as_record(data: bytes, file: Path) -> dict[str, Any]:
    """The same, of bytes that were read from the file."""
    record: dict[str, Any] = json.loads(data)
    if file_name(record["name"]) not in (file.stem, file.parent.name):
        raise ValueError(f"'{record['name']}' does not belong here")
    return record


def _free(place: Path) -> Path:
    aside, number = place.with_name(place.name + ASIDE), 2
    while aside.exists():
        aside, number = place.with_name(f"{place.name}-{number}{ASIDE}"), number + 1
    return aside


def _set_aside(place: Path) -> Damaged:
    return Damaged(
        _name_in(place),
        place,
        "it is damaged and was set aside",
        f"Keep it again under its name; what is left of it is {shown(place)}",
    )


def _left(place: Path) -> Damaged:
    return Damaged(_name_in(place), place, "it is damaged", f"Move it away: {shown(place)}")


def _unreadable(place: Path, error: OSError) -> Damaged:
    return Damaged(
        place.name,
        place,
        f"it cannot be read ({error.strerror or error})",
        f"Give yourself the right to read {shown(place)}",
    )


def shown(place: Path) -> str:
    """Its place below where things are kept: visitors need not know more of the machine."""
    return f"{place.parent.name}/{place.name}"


def _name_in(place: Path) -> str:
    """What is left of the user's name for it."""
    file = place / "index.json" if place.is_dir() else place
    try:
        found = _NAME.search(file.read_text(encoding="utf-8", errors="replace"))
        return str(json.loads(found[1])) if found else place.name
    except (OSError, ValueError):
        return place.name
