"""A queue in front of what only one thread may do at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

_POLL_SECONDS: Final = 0.1
_in_no_hurry: ContextVar[bool] = ContextVar("in no hurry", default=False)


@contextmanager
def coming_last() -> Iterator[None]:
    """What is done within comes after all for which somebody waits, in whatever queue."""
    token = _in_no_hurry.set(True)
    try:
        yield
    finally:
        _in_no_hurry.reset(token)


@dataclass(frozen=True, eq=False)
class _Ticket:
    gives_way: bool


class Turns:
    """One turn at a time, first come first served but for those who come last; who waits knows how many come before."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        # The first ticket has the turn. Those of who gives way stand behind all others.
        self._tickets: list[_Ticket] = []

    @contextmanager
    def turn(self, on_wait: Callable[[int], None]) -> Iterator[None]:
        """Hold the turn.

        Args:
            on_wait: called about ten times a second, with the number of turns before this one; whatever it raises
                gives up the place in the queue.
        """
        ticket = _Ticket(_in_no_hurry.get())
        with self._changed:
            self._tickets.insert(self._place_for(ticket), ticket)
        try:
            while ahead := self._ahead(ticket):
                on_wait(ahead)
                self._wait(ticket)
            yield
        finally:
            with self._changed:
                self._tickets.remove(ticket)
                self._changed.notify_all()

    def _place_for(self, ticket: _Ticket) -> int:
        waiting = [place for place, one in enumerate(self._tickets) if place > 0 and one.gives_way]
        return waiting[0] if waiting and not ticket.gives_way else len(self._tickets)

    def _ahead(self, ticket: _Ticket) -> int:
        with self._changed:
            return self._tickets.index(ticket)

    def _wait(self, ticket: _Ticket) -> None:
        with self._changed:
            if self._tickets[0] is not ticket:
                self._changed.wait(_POLL_SECONDS)
