"""A file moved to another folder, whole and without taking another's place."""

from __future__ import annotations

import itertools
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path


def move(path: Path, place: Path) -> Path:
    """Move a file; where another has its name already, it gets a number.

    At every moment there is the whole file in one of the two places, or in both.

    Args:
        path: the file.
        place: where it goes; the folder is made where it is absent.

    Returns:
        Where it is now.

    Raises:
        OSError: it cannot be moved; it is where it was.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        moved = _linked(path, place)
    except FileNotFoundError:
        raise
    except OSError:
        # Another disk, or a file system on which a file has one name.
        moved = _copied(path, place)
    path.unlink()
    return moved


def _names(place: Path) -> Iterator[Path]:
    """
    >>> from itertools import islice
    >>> [path.name for path in islice(_names(Path("a.png")), 3)]
    ['a.png', 'a (2).png', 'a (3).png']
    """
    yield place
    yield from (place.with_name(f"{place.stem} ({number}){place.suffix}") for number in itertools.count(2))


def _linked(path: Path, place: Path) -> Path:
    for name in _names(place):
        try:
            # Unlike a rename, it fails where there is a file; and nobody is told that the old name was taken away.
            os.link(path, name, follow_symlinks=False)
        except FileExistsError:
            continue
        return name
    raise AssertionError("names do not end")


def _copied(path: Path, place: Path) -> Path:
    part = place.with_name(f".{uuid.uuid4().hex}.part")
    try:
        shutil.copy2(path, part)
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        for name in _names(place):
            try:
                name.touch(exist_ok=False)
            except FileExistsError:
                continue
            part.replace(name)
            return name
        raise AssertionError("names do not end")
    finally:
        part.unlink(missing_ok=True)
