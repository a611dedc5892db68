"""Work that gives way: what a visitor waits for is done before what is computed beside the pages."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

T = TypeVar("T")

# Of 0 to 19: a thread at 10 gets a tenth of a core that one at 0 wants too, and all of it where none does.
GIVING_WAY: Final = 10


def give_way() -> None:
    """Let all other threads come before this one from now on, and before those that it starts.

    On Linux only: elsewhere the priority is that of the whole process.
    """
    if sys.platform == "linux":
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, max(GIVING_WAY, os.getpriority(os.PRIO_PROCESS, thread)))


def giving_way(do: Callable[[], T]) -> T:
    """What `do` returns or raises, done in a thread of its own: the threads that it starts give way."""
    with ThreadPoolExecutor(1, "giving way", initializer=give_way) as one:
        return one.submit(do).result()
