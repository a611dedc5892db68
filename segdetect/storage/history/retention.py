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
# A computer's date that is wrong after its start is noticed and set right within this time.
LEAP_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class Limits:
    """What is kept of an account.

    Args:
        days: entries that are older are deleted, unless the date may have leapt; None keeps them however old they are.
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


def excess(connection: sa.Connection, account: str, *, sure: bool = False) -> list[int]:
    """Numbers of entries beyond an account's limits, the oldest first: of very many those to begin with.

    Args:
        connection: to the history.
        account: whose entries.
        sure: the date is right, whatever it was when the newest entries were made.
    """
    allowed, now = limits_of(connection, account), datetime.now(UTC)
    if allowed.days is not None and (sure or not _may_have_leapt(connection, account, now, allowed.days)):
        old = _oldest(account).where(inspections.c.created < now - timedelta(days=allowed.days)).limit(_AT_ONCE)
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


def _may_have_leapt(connection: sa.Connection, account: str, now: datetime, days: int) -> bool:
    """Whether the date went on without entries for more than a week, and has not stayed there for a week since.

    A wrong date would make everything look old at once. Where less than a week is kept, that time takes its place.
    """
    made, settling = inspections.c.created, timedelta(days=min(LEAP_DAYS, days))
    # Each is one step in the index, however many there are.
    newest, oldest = (sa.select(of(made)).where(inspections.c.account == account) for of in (sa.func.max, sa.func.min))
    before = connection.execute(newest.where(made <= now - settling)).scalar()
    after = connection.execute(oldest.where(made > now - settling, made <= now)).scalar()
    return before is not None and (after or now) - before > settling


def _oldest(account: str) -> sa.Select[tuple[int, int, int]]:
    table = inspections.c
    return (
        sa.select(table.id, table.bytes, pictures.c.bytes.label("picture_bytes"))
        .outerjoin(pictures, pictures.c.sha256 == table.picture)
        .where(table.account == account, is_shown())
        .order_by(table.created, table.id)
    )
