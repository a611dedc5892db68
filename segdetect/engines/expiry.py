"""Engines that stop working of themselves on some day, and how long that is away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol, runtime_checkable

from segdetect.message import Message, counted

# From so many days before, whoever uses the engine is told.
TOLD_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Expiry:
    """When an engine stops working of itself.

    Args:
        version: of the engine, as `fastdup 2.54`.
        day: the first day on which it refuses to run.
        update: the command that gets a newer one; empty where none is known.
    """

    version: str
    day: date
    update: str = ""

    def days_left(self, today: date) -> int:
        """The days on which it still runs, this one included; 0 or less once it has expired."""
        return (self.day - today).days

    def is_near(self, today: date) -> bool:
        """Whether it is time to tell of it, and not too late."""
        return 0 < self.days_left(today) <= TOLD_DAYS

    def sentence(self, today: date) -> Message:
        """What there is to know, in a clause."""
        left = self.days_left(today)
        if left <= 0:
            return Message("{version} expired on {day}", version=self.version, day=self.day)
        return Message(
            "{version} stops on {day}, in {days}", version=self.version, day=self.day, days=counted(left, "day")
        )


@runtime_checkable
class Expiring(Protocol):
    """An engine that may expire."""

    @property
    def expiry(self) -> Expiry | None:
        """When, as far as that is known."""
        ...


def first_expiry(engines: Iterable[object]) -> Expiry | None:
    """When the first of these engines expires; None where none does, as far as that is known."""
    found = [engine.expiry for engine in engines if isinstance(engine, Expiring)]
    return min((one for one in found if one is not None), key=lambda one: one.day, default=None)
