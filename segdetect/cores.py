"""How many cores there are for this process, and how many threads its libraries may use."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

import threadpoolctl

Given = TypeVar("Given")
Found = TypeVar("Found")

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


@functools.cache
def make_products_exact() -> None:
    """Let each matrix product of NumPy be computed by one thread, for the rest of this process.

    Its BLAS divides a product among the threads that there are, and sums in another order at the borders between them:
    two machines, or workers that share one, would differ in the last digits of every score. What takes long is divided
    by us, into parts that do not depend on the number of threads; see `each_at_once`.
    """
    threadpoolctl.threadpool_limits(1, user_api="blas")


def each_at_once(do: Callable[[Given], Found], parts: Iterable[Given]) -> list[Found]:
    """What `do` returns for each part, in their order, computed by as many threads as `threads` says."""
    several = list(parts)
    if len(several) < 2 or threads() < 2:
        return [do(part) for part in several]
    with ThreadPoolExecutor(min(threads(), len(several)), "parts") as pool:
        return list(pool.map(do, several))
