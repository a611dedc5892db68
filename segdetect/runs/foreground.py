"""What somebody waits for at this moment, so that what nobody waits for can let it go first."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Foreground:
    """Counts the work that somebody waits for; any thread may take part, and any may wait for an end of it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0

    @contextmanager
    def work(self) -> Iterator[None]:
        """What is done within is waited for."""
        with self._changed:
            self._count += 1
        try:
            yield
        finally:
            with self._changed:
                self._count -= 1
                self._changed.notify_all()

    @property
    def count(self) -> int:
        """How much of it is going on."""
        with self._changed:
            return self._count

    def is_idle(self, *, within: float = 0.0) -> bool:
        """Whether nobody waits for anything.

        Args:
            within: seconds that such a moment is waited for.
        """
        with self._changed:
            return self._changed.wait_for(lambda: self._count == 0, within)
