"""What the program holds at this moment."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from segdetect.files import home, storage_errors
from segdetect.memo import process_budget

_GONE: Final = (psutil.NoSuchProcess, psutil.AccessDenied)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the program holds; all sizes are bytes.

    Args:
        memory: of this process.
        children: how many processes it has started, those that these have started included.
        children_memory: theirs together.
        cache: what is kept between answers.
        cache_limit: what that may grow to.
        free: on the disk where things are kept.
        kept: the history's file and the log, as far as they lie in the folder for what is kept.
    """

    memory: int
    children: int
    children_memory: int
    cache: int
    cache_limit: int
    free: int
    kept: int


def figures() -> Figures:
    """What this process, its children and its folder hold now.

    Raises:
        StorageError: the folder cannot be looked at.
    """
    own = psutil.Process()
    held = [_memory(child) for child in own.children(recursive=True)]
    budget, folder = process_budget(), home()
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    with storage_errors(folder):
        free, kept = shutil.disk_usage(there).free, _kept(folder)
    return Figures(
        memory=own.memory_info().rss,
        children=len(held),
        children_memory=sum(held),
        cache=budget.used_bytes,
        cache_limit=budget.max_bytes,
        free=free,
        kept=kept,
    )


def _memory(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except _GONE:  # it has just ended
        return 0


def _kept(folder: Path) -> int:
    """The files right in the folders of the history and the log; runs and plans hold too many to count them often."""
    places = (folder / name for name in ("history", "log"))
    return sum(file.stat().st_size for place in places if place.is_dir() for file in place.iterdir() if file.is_file())
