"""Whether a data set's folder is still as it was."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from segdetect.evaluation.folders import KNOWN_GOOD, TESTS, TRUTHS
from segdetect.evaluation.manifest import MANIFEST
from segdetect.evaluation.visa import SPLIT
from segdetect.pictures.formats import SUFFIXES
from segdetect.pictures.names import inside
from segdetect.storage.roots import Roots

_FOLDERS: Final = ("images", *TESTS, *TRUTHS, *KNOWN_GOOD, "Data", "annotations")
_SUFFIXES: Final = SUFFIXES | {".json", ".csv"}


def folder_state(path: Path, *, allowed: Roots | None = None) -> str:
    """Names of all files that `read_dataset` looks at, with their sizes and times, in one digest.

    Args:
        path: the data set's folder; it need not exist.
        allowed: as in `read_dataset`: what lies elsewhere is not looked at.
    """
    digest = hashlib.blake2b(digest_size=16)
    for place in _looked_at(path):
        if allowed is None or allowed.inside(place) is not None:
            for file in _files(place):
                digest.update(os.fsencode(f"{file}\n{_stamp(file)}\n"))
    return digest.hexdigest()


def _looked_at(path: Path) -> Iterator[Path]:
    """The folders and files of each layout; in a folder of many categories, those of each.

    Pictures and lists may also lie in the folder itself and in those directly in it.
    """
    yield from (path / MANIFEST, path / SPLIT)
    try:
        homes = [path, *sorted(folder for folder in path.iterdir() if folder.is_dir())]
    except OSError:
        return
    for home in homes:
        yield from (place for name in _FOLDERS if (place := inside(home, name)).exists())
        yield from _listed(home)


def _listed(home: Path) -> Iterator[Path]:
    try:
        yield from (entry for entry in sorted(home.iterdir()) if entry.suffix.lower() in _SUFFIXES)
    except OSError:  # what cannot be listed is told when it is read
        return


def _files(place: Path) -> Iterator[str]:
    yield str(place)
    for parent, folders, files in os.walk(place):
        folders.sort()
        yield from (os.path.join(parent, name) for name in sorted(files))  # noqa: PTH118  (a Path takes ten times as long)


def _stamp(file: str) -> tuple[int, int] | None:
    try:
        found = os.stat(file)  # noqa: PTH116
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
