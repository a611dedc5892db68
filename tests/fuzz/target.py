"""A way in for hostile input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hypothesis.strategies import SearchStrategy

from segdetect.errors import InputError, SegDetectError


@dataclass(frozen=True, slots=True)
class Target:
    """One way in.

    Args:
        name: what it is called.
        read: reads an input; what it returns counts as read.
        whole: files that are read, to be damaged.
        drawn: inputs of the expected shape.
        allowed: errors that are an answer; all others are findings.
        share: how many inputs it gets, as compared with others.
        code: packages whose branches guide the search; none where nothing does.
    """

    name: str
    read: Callable[[bytes], object]
    whole: Callable[[], Sequence[bytes]]
    drawn: Callable[[], SearchStrategy[bytes]]
    allowed: tuple[type[SegDetectError], ...] = (InputError,)
    share: float = 1.0
    code: tuple[str, ...] = ("segdetect",)

    @property
    def guided(self) -> bool:
        """Whether branches guide the search."""
        return bool(self.code)
