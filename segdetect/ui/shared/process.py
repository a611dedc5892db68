"""What this process has one of, for all visitors."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

_FORGET: Final[list[Callable[[], None]]] = []


def one_per_process(make: Callable[[], T]) -> Callable[[], T]:
    """A function that makes its value at the first call, in whichever thread that is, and returns it from then on.

    Streamlit's own cache for such values can be emptied by any visitor through a message to its server; runs under way
    would be lost with it.

    >>> folders = one_per_process(list)
    >>> folders() is folders()
    True
    """
    made: list[T] = []
    lock = threading.Lock()

    @functools.wraps(make)
    def get() -> T:
        with lock:
            if not made:
                made.append(make())
            return made[0]

    _FORGET.append(made.clear)
    return get


def begin_anew() -> None:
    """Forget them all, as a restart of the process does; for tests."""
    for forget in _FORGET:
        forget()
