"""How long work says how far it is, and may be stopped."""

from __future__ import annotations

from collections.abc import Callable

# Called with the work done so far as a share 0..1 and a phrase that says what is going on. It may raise CancelledError.
Progress = Callable[[float, str], None]


def no_progress(share: float, doing: str) -> None:
    """Report to nobody."""


def part_of(progress: Progress, start: float, stop: float, doing: str = "") -> Progress:
    """Progress of a part of the work, from `start` to `stop` of the whole.

    Args:
        progress: of the whole.
        start: share of the whole that is done when the part begins, 0..1.
        stop: the same when it ends.
        doing: what the part does, in place of its own words.

    >>> said = []
    >>> part_of(lambda share, doing: said.append((share, doing)), 0.5, 1.0)(0.5, "comparing")
    >>> said
    [(0.75, 'comparing')]
    """
    return lambda share, what: progress(start + (stop - start) * share, doing or what)
