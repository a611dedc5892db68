"""Entries found in the database."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from segdetect.errors import InputError
from segdetect.storage.history.entries import Entry, Place, Search, countable, storable
from segdetect.storage.history.hiding import is_shown
from segdetect.storage.history.tables import documents, inspections, runs

# Of a part of a name, in bytes: SQLite takes patterns of 50,000, in which each may stand for two. No name is as long.
_LONGEST: Final = 20_000
_ENTRIES = (
    sa.select(inspections, runs.c.name.label("run_name"), documents.c.thumbnail)
    .join(runs, inspections.c.run == runs.c.id)
    .outerjoin(documents, documents.c.inspection == inspections.c.id)
)


def listed(connection: sa.Connection, search: Search, *, after: Place | None, count: int) -> list[Entry]:
    """Entries that are asked for, the newest first."""
    newest = (inspections.c.created.desc(), inspections.c.id.desc())
    # Which ones is found in the small rows alone; thumbnails are read of those that are shown.
    found = sa.select(inspections.c.id).where(*matching(search)).order_by(*newest).limit(count)
    if after is not None:
        # Not by how many come before: what is added or deleted meanwhile would be seen twice, or not at all.
        found = found.where(sa.tuple_(inspections.c.created, inspections.c.id) < after)
    query = _ENTRIES.where(inspections.c.id.in_(found)).order_by(*newest)
    return [_entry(row) for row in connection.execute(query).mappings()]


def entry_of(connection: sa.Connection, number: int, account: str) -> Entry:
    """An account's entry; raises `InputError` where there is none, or no more."""
    query = _ENTRIES.where(inspections.c.id.in_(countable([number])), inspections.c.account == account, is_shown())
    row = connection.execute(query).mappings().first()
    if row is None:
        raise InputError(f"there is no entry {number} in the history, or no more", remedy="Choose another")
    return _entry(row)


def matching(search: Search) -> list[sa.ColumnElement[bool]]:
    """What must be true of an entry that is asked for."""
    table = inspections.c
    digest = storable(search.sha256).strip().lower()
    conditions = [table.account == search.account, is_shown()]
    if search.name:
        folded = storable(search.name).casefold()
        is_name = len(folded.encode()) <= _LONGEST
        conditions.append(table.folded.contains(folded, autoescape=True) if is_name else sa.false())
    if search.verdict:
        conditions.append(table.verdict == search.verdict)
    if search.since is not None:
        conditions.append(table.created >= search.since)
    if search.until is not None:
        conditions.append(table.created < search.until)
    if digest:
        # What begins with these hexadecimal digits lies before them and a "g"; an index serves that everywhere.
        conditions.append(sa.and_(table.sha256 >= digest, table.sha256 < digest + "g"))
    if search.plan:
        conditions.append(table.plan == storable(search.plan))
    if search.run:
        conditions.append(table.run == search.run)
    return conditions


def _entry(row: Any) -> Entry:
    values = {name: row[name] for name in Entry.__dataclass_fields__ if name in row}
    return Entry(**values, size_wh=(row["width"], row["height"]), has_picture=row["picture"] is not None)
