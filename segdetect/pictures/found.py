"""What a search came across, and the names that it gets: those of one search are unique."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final

from segdetect.pictures.left_out import LeftOut
from segdetect.pictures.names import as_text, composed
from segdetect.pictures.places import Place, place_of, read_file
from segdetect.pictures.source_file import SourceFile, Sources

_TWICE: Final = "it was found before"


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A source before it has its name.

    Args:
        names: those that it may get, the preferred one first.
        key: where it is read from: two that are read from one place are one.
        read: as in `SourceFile`, and so are `note`, one of its `notes`, `named` and `place`.
        size: in bytes, where it was listed by an archive.
    """

    names: tuple[str, ...]
    key: str
    read: Callable[[], bytes]
    note: str = ""
    size: int = 0
    named: bool = False
    place: Place | None = None


def found_file(path: Path, *names: str, named: bool = False) -> Found:
    """A file on the disk."""
    return Found(names, file_key(path), partial(read_file, path), named=named, place=place_of(path))


def unreadable_source(key: str, error: Exception, *names: str) -> Found:
    """One that cannot be read, which is said when its turn comes."""
    return Found(names, key, partial(_fail, error))


def file_key(path: Path) -> str:
    """Where a file is read from: linked folders on the way followed, a link to the file itself not."""
    return os.path.join(os.path.realpath(path.parent), path.name)  # noqa: PTH118


def listed(found: Iterable[Found | LeftOut]) -> Sources:
    """What was found, under its names, without files that were found before.

    A picture compared with itself would look normal everywhere.
    """
    unique: dict[str, Found] = {}
    left_out: dict[tuple[str, str], LeftOut] = {}
    for item in found:
        if isinstance(item, LeftOut):
            left_out[item.name, item.reason] = replace(item, name=as_text(item.name))
        elif unique.setdefault(item.key, item) is not item:
            name = as_text(item.names[0])
            left_out[name, _TWICE] = LeftOut(name, _TWICE)
    return Sources(tuple(_named(list(unique.values()))), tuple(left_out.values()))


def _named(found: Sequence[Found]) -> list[SourceFile]:
    """Give every source its first name that no other has, alike for all that share one; number those that still do."""
    # A name on disk may hold bytes that are no text; no table could be written with them.
    found = [replace(item, names=tuple(map(as_text, item.names))) for item in found]
    level = [0] * len(found)
    for _ in range(2):
        for alike in _alike(found, level):
            to = _telling_apart([found[index] for index in alike], level[alike[0]])
            for index in alike:
                level[index] = max(level[index], to)
    names = [_name_at(item, at) for item, at in zip(found, level, strict=True)]
    taken: set[str] = set()
    for index, name in enumerate(names):
        number = 2
        while composed(names[index]) in taken:
            names[index] = numbered(name, number)
            number += 1
        taken.add(composed(names[index]))
    return [
        SourceFile(name, item.read, (item.note,) if item.note else (), named=item.named, place=item.place)
        for name, item in zip(names, found, strict=True)
    ]


def _alike(found: Sequence[Found], level: Sequence[int]) -> list[list[int]]:
    """The sources that share a name at these levels, by their places."""
    places: dict[str, list[int]] = {}
    for index, (item, at) in enumerate(zip(found, level, strict=True)):
        places.setdefault(composed(_name_at(item, at)), []).append(index)
    return [alike for alike in places.values() if len(alike) > 1]


def _telling_apart(alike: Sequence[Found], level: int) -> int:
    """The first level from this one on at which sources have different names; this one where none tells them apart.

    A longer name that is shared as well, as by members of one name in an archive, says nothing more.
    """
    further = range(level + 1, max(len(item.names) for item in alike))
    return next((at for at in further if len({composed(_name_at(item, at)) for item in alike}) > 1), level)


def _name_at(item: Found, level: int) -> str:
    return item.names[min(level, len(item.names) - 1)]


def numbered(name: str, number: int) -> str:
    """A name with a number in front of its suffix.

    >>> numbered("scans/a.png", 2)
    'scans/a (2).png'
    """
    path = PurePosixPath(name)
    return f"{name.removesuffix(path.suffix)} ({number}){path.suffix}"


def nothing(inside: Sequence[Found | LeftOut]) -> str:
    """That no picture was found, and what may be one and was left out."""
    left_out = [item for item in inside if isinstance(item, LeftOut) and item.maybe_picture]
    if not left_out:
        return "no picture was found in it"
    named = ", ".join(f"{as_text(item.name)} ({item.reason})" for item in left_out[:3])
    return f"no picture was found in it; left out: {named}" + (", ..." if len(left_out) > 3 else "")


def _fail(error: Exception) -> bytes:
    raise error
