"""A queue in front of what only one thread may do at a time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_POLL_SECONDS: Final = 0.1


class Turns:
    """First come, first served: one turn at a time, and those who wait are told how many are before them."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._tickets: deque[object] = deque()

    @contextmanager
    def turn(self, on_wait: Callable[[int], None]) -> Iterator[None]:
        """Hold the turn.

        Args:
            on_wait: called about ten times a second, with the number of turns before this one; whatever it raises
                gives up the place in the queue.
        """
        ticket = object()
        with self._changed:
            self._tickets.append(ticket)
        try:
            while ahead := self._ahead(ticket):
                on_wait(ahead)
                self._wait(ticket)
            yield
        finally:
            with self._changed:
                self._tickets.remove(ticket)
                self._changed.notify_all()

    def _ahead(self, ticket: object) -> int:
        with self._changed:
            return self._tickets.index(ticket)

    def _wait(self, ticket: object) -> None:
        with self._changed:
            if self._tickets[0] is not ticket:
                self._changed.wait(_POLL_SECONDS)
