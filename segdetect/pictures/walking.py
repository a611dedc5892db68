"""Folders searched the same way whoever asks: linked ones once, without what systems and tools leave behind."""

from __future__ import annotations

import heapq
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from segdetect.pictures.left_out import (
    OWN_OUTPUT,
    OWN_PICTURES,
    OWN_RECORD,
    OWN_RECORD_BYTES,
    is_own_record,
    left_behind,
)

SEARCHED: Final = "it leads to a folder that is searched already, or that holds the one given"
BROKEN_LINK: Final = "it is a link that leads nowhere"
NO_FILE: Final = "it is no ordinary file"


@dataclass(frozen=True, slots=True)
class Walked:
    """A file that a search came across, or what it did not enter.

    Args:
        path: below the folder given, links not followed.
        reason: why it is left out; empty for a file to look at.
        error: why it could not be looked at.
        folder: it is a folder.
    """

    path: Path
    reason: str = ""
    error: OSError | None = None
    folder: bool = False


def walk(folder: Path, *, enter: Callable[[Path], object] = lambda _: None) -> list[Walked]:
    """All files below a folder, and what was left out, sorted by the parts of their paths.

    Linked folders are searched after all others, so that a folder is found by its own name where it has one, and each
    only once. The folder given is searched whatever its name.

    Args:
        folder: where to search.
        enter: called with each folder before it is opened; what it raises is passed on.
    """
    return sorted(_walk(folder, enter), key=lambda found: found.path.parts)


def _walk(folder: Path, enter: Callable[[Path], object]) -> Iterator[Walked]:
    start = os.path.realpath(folder)
    entered = {str(parent) for parent in Path(start).parents}
    waiting = [(False, str(folder), start)]
    while waiting:
        _, name, real = heapq.heappop(waiting)
        place = Path(name)
        if real in entered:
            yield Walked(place, SEARCHED, folder=True)
            continue
        entered.add(real)
        enter(place)
        try:
            with os.scandir(place) as listed:
                entries = list(listed)
        except OSError as error:
            yield Walked(place, error=error, folder=True)
            continue
        own = _is_own_output(place, {entry.name for entry in entries})
        for entry in entries:
            found = _looked_at(entry, place / entry.name, own)
            if found.folder and not found.reason:
                linked = entry.is_symlink()
                inner = os.path.realpath(entry.path) if linked else f"{real}{os.sep}{entry.name}"
                heapq.heappush(waiting, (linked, str(found.path), inner))
            else:
                yield found


def _looked_at(entry: os.DirEntry[str], path: Path, own: bool) -> Walked:
    try:
        folder = entry.is_dir()
        reason = left_behind(entry.name, folder=folder)
        if not reason and folder and own and entry.name in OWN_PICTURES:
            reason = OWN_OUTPUT
        if not reason and not folder and not path.is_file():
            reason = BROKEN_LINK if entry.is_symlink() and not path.exists() else NO_FILE
    except OSError as error:  # a link into a folder that may not be entered
        return Walked(path, error=error)
    return Walked(path, reason, folder=folder)


def _is_own_output(place: Path, names: set[str]) -> bool:
    """Whether the program has written into this folder."""
    if OWN_RECORD not in names or names.isdisjoint(OWN_PICTURES) or not (place / OWN_RECORD).is_file():
        return False
    try:
        with (place / OWN_RECORD).open("rb") as file:
            return is_own_record(file.read(OWN_RECORD_BYTES))
    except OSError:  # nothing says that it is one
        return False
