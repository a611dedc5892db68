"""Entries that were deleted and may still be wanted back: hidden from every list, and removed when that is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import sqlalchemy as sa

from segdetect.storage.history.tables import hidden, inspections

UNDO_SECONDS: Final = 300.0


def is_shown() -> sa.ColumnElement[bool]:
    """That an entry is not hidden."""
    return inspections.c.id.not_in(sa.select(hidden.c.inspection))


def hide(connection: sa.Connection, conditions: Sequence[sa.ColumnElement[bool]]) -> int:
    """Hide the entries of which this is true; how many there are."""
    numbers = [*connection.execute(sa.select(inspections.c.id).where(*conditions)).scalars()]
    if numbers:
        now = datetime.now(UTC)
        connection.execute(sa.insert(hidden), [{"inspection": number, "since": now} for number in numbers])
    return len(numbers)


def show(connection: sa.Connection, conditions: Sequence[sa.ColumnElement[bool]]) -> int:
    """Show the entries of which this is true again; how many were hidden."""
    found = sa.select(inspections.c.id).where(*conditions)
    return connection.execute(sa.delete(hidden).where(hidden.c.inspection.in_(found))).rowcount


def is_unwanted() -> sa.ColumnElement[bool]:
    """That an entry was hidden so long ago that nobody can want it back."""
    begin = datetime.now(UTC) - timedelta(seconds=UNDO_SECONDS)
    return inspections.c.id.in_(sa.select(hidden.c.inspection).where(hidden.c.since <= begin))
