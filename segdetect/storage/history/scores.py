"""The scores of pictures that were judged normal, in the order of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from segdetect.inspection import Verdict
from segdetect.storage.history.entries import Search
from segdetect.storage.history.searching import matching
from segdetect.storage.history.tables import inspections


@dataclass(frozen=True, slots=True)
class NormalScores:
    """Strongest tiles of normal pictures that were inspected by one version of a plan.

    Args:
        first: the scores of the first ones.
        later: those of the last ones that came after these, the oldest first.
        times: when those were inspected.
    """

    first: tuple[float, ...]
    later: tuple[float, ...] = ()
    times: tuple[datetime, ...] = ()


def normal_scores(
    connection: sa.Connection, plan: str, version: int, *, account: str, first: int, last: int
) -> NormalScores:
    """The scores of so many first pictures, and of so many last ones of the others."""
    table = inspections.c
    search = Search(account=account, plan=plan, verdict=Verdict.NORMAL.value)
    wanted = (*matching(search), table.plan_version == version, table.highest.is_not(None))
    order = (table.created, table.id)
    rows = sa.select(table.created, table.highest).where(*wanted)
    learnt = connection.execute(rows.order_by(*order).limit(first)).all()
    if len(learnt) < first:
        return NormalScores(tuple(row.highest for row in learnt))
    count = connection.execute(sa.select(sa.func.count()).select_from(inspections).where(*wanted)).scalar_one() - first
    newest = rows.order_by(*(one.desc() for one in order)).limit(min(last, count))
    found = connection.execute(newest).all()[::-1] if count else []
    return NormalScores(
        tuple(row.highest for row in learnt), tuple(row.highest for row in found), tuple(row.created for row in found)
    )
