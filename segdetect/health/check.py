"""What was looked at, and what was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from segdetect import __version__

# Raised when a field changes its meaning or goes.
FORMAT: Final = 1


class State(StrEnum):
    """How something stands."""

    FINE = "fine"
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at.

    Args:
        name: what, in a word or two.
        state: how it stands: `NOTE` is worth knowing, `WRONG` wants somebody to do something.
        said: what was found, as a clause without a full stop; a `Message` where it has decimals or a date.
        remedy: what can be done about it, as a sentence without a full stop; empty where nothing need be.
        place: the folder or address in question, for who runs the program; visitors of a page need not know it.
        figures: what a monitor may draw, by name: numbers, texts, or None for what is not known.
    """

    name: str
    said: str
    state: State = State.FINE
    remedy: str = ""
    place: str = ""
    figures: Mapping[str, int | float | str | None] = field(default_factory=dict)

    @property
    def record(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "name": self.name,
            "state": self.state.value,
            "said": str(self.said),
            "remedy": str(self.remedy),
            "place": self.place,
            "figures": dict(self.figures),
        }


@dataclass(frozen=True, slots=True)
class Health:
    """All that was looked at.

    Args:
        checks: in the order in which a person reads them.
        at: when.
    """

    checks: tuple[Check, ...]
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def state(self) -> State:
        """That of the check that stands worst."""
        order = list(State)
        return max((check.state for check in self.checks), key=order.index, default=State.FINE)

    @property
    def record(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "document": "segdetect doctor",
            "format": FORMAT,
            "segdetect": __version__,
            "at": self.at.isoformat(timespec="seconds"),
            "state": self.state.value,
            "checks": [check.record for check in self.checks],
        }
