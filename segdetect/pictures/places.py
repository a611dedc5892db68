"""Where picture files lie, as names that another process, or a machine that sees the same disk, can read them by."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from segdetect.pictures import limits
from segdetect.pictures.archives import Archive, OpenZip, inner_archive, limited, member, too_large

_zips = OpenZip()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a picture file lies.

    Args:
        path: absolute path of the file, or of the archive that it is in.
        members: its number in the archive's list, after that of the archive in it that it lies in; empty for a file
            that is in none.
    """

    path: str
    members: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """What tells whether the file that two processes see under a path is the same.

    Args:
        size: of the file, or of the archive, in bytes.
        changed: when it was last changed, in whole seconds, since file servers keep no more.
    """

    size: int
    changed: int


def place_of(path: Path, members: tuple[int, ...] = ()) -> Place:
    """Where a file lies as others see it, whose links may lead elsewhere."""
    return Place(os.path.abspath(path), members)  # noqa: PTH100


def state_of(place: Place) -> State | None:
    """How the file at a place looks from here; None where it is not seen."""
    try:
        stat = Path(place.path).stat()
    except (OSError, ValueError):
        return None
    return State(stat.st_size, int(stat.st_mtime))


def read_place(place: Place) -> bytes:
    """The bytes of the file at a place; raises what `SourceFile.data` turns into errors of ours."""
    path = Path(place.path)
    if not place.members:
        return read_file(path)
    archive = _archive(place.path, place.members[:-1], state_of(place))
    return member(archive, _zips, place.members[-1]).read(None)


@functools.lru_cache(maxsize=16)
def _archive(path: str, members: tuple[int, ...], state: State | None) -> Archive:
    """An archive by its place; one that was replaced is another, so that it is opened anew."""
    if not members:
        return Archive(partial(Path, path))
    outer = _archive(path, members[:-1], state)
    return inner_archive(member(outer, _zips, members[-1]), outer)


def read_file(path: Path) -> bytes:
    """The bytes of a file, if they are not too many.

    Raises:
        OSError: it cannot be read.
        ImageTooLargeError: more than a gigabyte.
    """
    with path.open("rb") as file:
        # The size is checked first, since devices and pipes have none, and again by what was read.
        if os.fstat(file.fileno()).st_size > limits.MAX_FILE_BYTES:
            raise too_large(limits.MAX_FILE_BYTES)
        return limited(file.read(limits.MAX_FILE_BYTES + 1))
