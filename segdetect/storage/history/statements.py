"""Statements about many entries, which databases take in parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, TypeVar

# What SQLite, and PostgreSQL, take in one statement.
_MANY: Final = 500

T = TypeVar("T")


def parts_of(values: Iterable[T]) -> Iterator[list[T]]:
    """Values in parts, each of which one statement takes."""
    coming = iter(values)
    while part := [*islice(coming, _MANY)]:
        yield part
