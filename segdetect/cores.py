"""How many cores there are for this process, and how many threads its libraries may use."""

from __future__ import annotations

import os
import re
from typing import Final

THREADS_VARIABLE: Final = "OMP_NUM_THREADS"


def cores() -> int:
    """The cores that this process may run on, at least 1."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads() -> int:
    """The threads that one engine may use, at least 1: as many as `OMP_NUM_THREADS` says, else one for each core.

    Workers that share a machine have it set, by Dask or by hand.
    """
    told = os.environ.get(THREADS_VARIABLE, "")
    return int(told) if re.fullmatch("[1-9][0-9]{0,3}", told) else cores()
