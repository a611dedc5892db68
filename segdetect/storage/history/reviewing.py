"""Reviews in the database. Rows are added and never altered: two people's stand side by side."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from segdetect.storage.history.entries import countable, storable
from segdetect.storage.history.reviews import Review, read_review
from segdetect.storage.history.statements import parts_of
from segdetect.storage.history.tables import reviews


def add_reviews(connection: sa.Connection, new: Sequence[Review], account: str) -> list[int]:
    """Keep reviews of an account; their numbers."""
    made = sa.insert(reviews).returning(reviews.c.id, sort_by_parameter_order=True)
    return [*connection.execute(made, [review.row(account) for review in new]).scalars()] if new else []


def reviews_of(
    connection: sa.Connection, account: str, *, plan: str | None, entries: Sequence[int] | None
) -> list[Review]:
    """An account's reviews in the order in which they came."""
    query = sa.select(reviews).where(reviews.c.account == storable(account)).order_by(reviews.c.id)
    if plan is not None:
        query = query.where(reviews.c.plan == storable(plan))
    if entries is None:
        return [read_review(row) for row in connection.execute(query).mappings()]
    found = [query.where(reviews.c.inspection.in_(part)) for part in parts_of(countable(entries))]
    return [read_review(row) for one in found for row in connection.execute(one).mappings()]
