"""Memory: how much of it caches may take, and how much a value holds."""

from __future__ import annotations

import ctypes
import gc
import mmap
import os
import re
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import FunctionType, ModuleType, NoneType
from typing import Final

import numpy as np

from segdetect.errors import SettingsError

CACHE_VARIABLE: Final = "SEGDETECT_CACHE_MB"
MEGABYTE: Final = 1_000_000
SHARE: Final = 4
# A quarter of less than this is too little for one large picture; more than this is no longer looked at again.
LEAST_CACHE: Final = 128 * MEGABYTE
MOST_CACHE: Final = 16_000 * MEGABYTE
# Where neither the system nor a control group says how much there is.
ASSUMED_MEMORY: Final = 4_000 * MEGABYTE

# They exist once for the whole process, whoever refers to them.
_SHARED: Final = (type, ModuleType, FunctionType, Enum, NoneType, bool)
_SHARED_NUMBERS: Final = range(-5, 257)


def cache_limit() -> tuple[int, str]:
    """How many bytes the caches of this process may hold together, and where that number comes from.

    Raises:
        SettingsError: `SEGDETECT_CACHE_MB` is not a whole number of at least 1.
    """
    chosen = os.environ.get(CACHE_VARIABLE, "").strip()
    if not chosen:
        limit = min(max(machine_memory() // SHARE, LEAST_CACHE), MOST_CACHE)
        return limit, f"by the memory of this machine ({CACHE_VARIABLE} changes it)"
    if not re.fullmatch("0*[1-9][0-9]{0,8}", chosen):
        raise SettingsError(
            f"{CACHE_VARIABLE} is {chosen[:40]!r}",
            remedy="Set it to a whole number of megabytes, 1 or more, or unset it",
        )
    return int(chosen) * MEGABYTE, f"by {CACHE_VARIABLE}"


def machine_memory(root: Path = Path("/")) -> int:
    """The bytes of memory that this process may use: the machine's, or less where a control group of Linux says so.

    Args:
        root: where the folders `proc` and `sys` are looked for; they may be absent.
    """
    try:
        machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf; other systems may lack these names
        machine = ASSUMED_MEMORY
    return min([machine, *_group_limits(root)])


def _group_limits(root: Path) -> Iterator[int]:
    """The limits of the control groups (version 1 and 2) that this process and their parents are in."""
    groups = root / "sys" / "fs" / "cgroup"
    for line in _text(root / "proc" / "self" / "cgroup").splitlines():
        _, controllers, place = line.split(":", 2)
        if not controllers:
            top, name = groups, "memory.max"
        elif "memory" in controllers.split(","):
            top, name = groups / "memory", "memory.limit_in_bytes"
        else:
            continue
        # Within a container the place may be that on its host, and only the top is there.
        inner = top / place.lstrip("/")
        for folder in (inner, *inner.parents):
            limit = _text(folder / name).strip()
            if limit.isdecimal():
                yield int(limit)
            if folder == top:
                break


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def return_freed() -> None:
    """Free what only rings of references hold, as a page's do, and give the system back what glibc would hold on to.

    After 40 brightness windows of a picture with 300 MB for the caches, a process had grown by 0.5 to 0.7 GB, engines
    included, and without this by 1.0 GB. It takes about a tenth of a second; a
    hundredth in the dashboard, where it does not go over what was imported.
    """
    gc.collect()
    trim = None if sys.platform == "win32" else getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def held_bytes(*values: object) -> int:
    """The memory of values and of everything that they refer to, each object counted once.

    >>> picture = np.zeros((100, 100, 3), np.uint8)
    >>> held_bytes(picture, picture[:10]) - held_bytes(picture) < 500
    True
    """
    total, seen, waiting = 0, set(), list(values)
    while waiting:
        value = waiting.pop()
        if id(value) in seen or _is_shared(value):
            continue
        seen.add(id(value))
        total += sys.getsizeof(value) + (len(value) if isinstance(value, mmap.mmap) else 0)
        waiting += _referents(value)
    return total


def _is_shared(value: object) -> bool:
    return isinstance(value, _SHARED) or (type(value) is int and value in _SHARED_NUMBERS)


def _referents(value: object) -> list[object]:
    # The garbage collector knows nothing of whose memory an array or a view shows.
    if isinstance(value, np.ndarray):
        return [value.base]
    return [value.obj] if isinstance(value, memoryview) else gc.get_referents(value)
