"""Findings kept in the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from segdetect.storage.history.entries import Finding, Run
from segdetect.storage.history.statements import parts_of
from segdetect.storage.history.tables import documents, hidden, inspections, pictures, runs


def add(connection: sa.Connection, run: Run, findings: Sequence[Finding]) -> list[int]:
    """Keep findings of a run, and that their pictures are kept; the entries' numbers.

    The transaction is that of the only one that writes, so that what is looked for here stays as it is.
    """
    if connection.execute(sa.select(runs.c.id).where(runs.c.id == run.id)).first() is None:
        connection.execute(sa.insert(runs), run.row())
    for finding in findings:
        if finding.picture is not None:
            note_picture(connection, finding.result.sha256, len(finding.picture))
    # Of several with one key the last one counts.
    last = {finding.place: (finding, finding.document()) for finding in findings}
    owner = {"run": run.id, "account": run.row()["account"]}
    rows = {place: {**finding.row(document, run), **owner} for place, (finding, document) in last.items()}
    numbers = _former(connection, run, [*last])
    for place, number in numbers.items():
        _replace(connection, number, rows[place])
    numbers |= _insert(connection, [row for place, row in rows.items() if place not in numbers])
    connection.execute(
        sa.insert(documents),
        [
            {"inspection": numbers[place], "document": document, "thumbnail": finding.thumbnail}
            for place, (finding, document) in last.items()
        ],
    )
    return [numbers[finding.place] for finding in findings]


def _former(connection: sa.Connection, run: Run, places: Sequence[str]) -> dict[str, int]:
    """Numbers of the entries whose place others take."""
    found: dict[str, int] = {}
    for some in parts_of(places):
        query = sa.select(inspections.c.key, inspections.c.id)
        query = query.where(inspections.c.run == run.id, inspections.c.key.in_(some))
        found |= {row.key: row.id for row in connection.execute(query)}
    return found


def note_picture(connection: sa.Connection, sha256: str, size: int) -> None:
    """Note that a picture is kept, once."""
    if connection.execute(sa.select(pictures).where(pictures.c.sha256 == sha256)).first() is None:
        connection.execute(sa.insert(pictures).values(sha256=sha256, bytes=size))


def _insert(connection: sa.Connection, rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    """The numbers that new entries get, by their keys."""
    if not rows:
        return {}
    made = sa.insert(inspections).returning(inspections.c.key, inspections.c.id, sort_by_parameter_order=True)
    return {row.key: row.id for row in connection.execute(made, rows)}


def _replace(connection: sa.Connection, number: int, row: dict[str, Any]) -> None:
    connection.execute(sa.delete(documents).where(documents.c.inspection == number))
    # It is a new answer, and nobody has deleted that.
    connection.execute(sa.delete(hidden).where(hidden.c.inspection == number))
    # A picture that was kept stays kept.
    kept = {name: value for name, value in row.items() if not (name == "picture" and value is None)}
    connection.execute(sa.update(inspections).where(inspections.c.id == number).values(kept))
