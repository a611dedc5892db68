"""How long, and how much, is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import sqlalchemy as sa

from segdetect.storage.history.hiding import is_shown
from segdetect.storage.history.tables import inspections, limits, pictures

# So many are deleted in one transaction: others wait no longer than that takes.
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Limits:
    """What is kept of an account.

    Args:
        days: entries that are older are deleted; None keeps them however old they are.
        bytes: the oldest are deleted until all hold no more than this; None keeps them however much they hold.
    """

    days: int | None = None
    bytes: int | None = None


NO_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Size:
    """How much entries hold.

    Args:
        entries: how many there are.
        bytes: what they hold, with the pictures that are kept.
    """

    entries: int
    bytes: int


def limits_of(connection: sa.Connection, account: str) -> Limits:
    """An account's limits."""
    row = connection.execute(sa.select(limits.c.days, limits.c.bytes).where(limits.c.account == account)).first()
    return NO_LIMITS if row is None else Limits(*row)


def size_of(connection: sa.Connection, account: str) -> Size:
    """How much an account's entries hold."""
    mine = sa.and_(inspections.c.account == account, is_shown())
    rows = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(inspections.c.bytes), 0)).where(mine)
    count, total = connection.execute(rows).one()
    shown = sa.exists().where(inspections.c.picture == pictures.c.sha256, mine)
    kept = connection.execute(sa.select(sa.func.coalesce(sa.func.sum(pictures.c.bytes), 0)).where(shown)).scalar_one()
    return Size(count, int(total) + int(kept))


def excess(connection: sa.Connection, account: str) -> list[int]:
    """Numbers of entries beyond an account's limits, the oldest first: of very many those to begin with."""
    allowed = limits_of(connection, account)
    if allowed.days is not None:
        begin = datetime.now(UTC) - timedelta(days=allowed.days)
        old = _oldest(account).where(inspections.c.created < begin).limit(_AT_ONCE)
        if numbers := [row.id for row in connection.execute(old)]:
            return numbers
    if allowed.bytes is None:
        return []
    surplus = size_of(connection, account).bytes - allowed.bytes
    numbers = []
    for row in connection.execute(_oldest(account).limit(_AT_ONCE)):
        if surplus <= 0:
            break
        numbers.append(row.id)
        # A picture that others have too frees nothing; then what is left to be freed is asked for again.
        surplus -= row.bytes + (row.picture_bytes or 0)
    return numbers


def _oldest(account: str) -> sa.Select[tuple[int, int, int]]:
    table = inspections.c
    return (
        sa.select(table.id, table.bytes, pictures.c.bytes.label("picture_bytes"))
        .outerjoin(pictures, pictures.c.sha256 == table.picture)
        .where(table.account == account, is_shown())
        .order_by(table.created, table.id)
    )
