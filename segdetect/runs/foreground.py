"""What somebody waits for at this moment, so that what nobody waits for can let it go first."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Foreground:
    """Knows the threads that do what somebody waits for; any may take part, and any may wait for an end of it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        # How often each has begun without having ended: parts of a page are waited for, too.
        self._threads: Counter[int] = Counter()

    @contextmanager
    def work(self) -> Iterator[None]:
        """What is done within is waited for."""
        thread = threading.get_ident()
        with self._changed:
            self._threads[thread] += 1
        try:
            yield
        finally:
            with self._changed:
                self._threads[thread] -= 1
                self._threads += Counter()  # forgets those that have ended
                self._changed.notify_all()

    @property
    def has_others(self) -> bool:
        """Whether anybody waits for what another thread than this one does."""
        with self._changed:
            return bool(self._threads.keys() - {threading.get_ident()})

    def is_idle(self, *, within: float = 0.0) -> bool:
        """Whether nobody waits for anything.

        Args:
            within: seconds that such a moment is waited for.
        """
        with self._changed:
            return self._changed.wait_for(lambda: not self._threads, within)
