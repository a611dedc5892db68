"""Findings kept in the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from segdetect.storage.history.entries import Finding, Run
from segdetect.storage.history.tables import documents, inspections, pictures, runs

# What SQLite, and PostgreSQL, take in one statement.
_MANY: Final = 500


def add(connection: sa.Connection, run: Run, findings: Sequence[Finding]) -> list[int]:
    """Keep findings of a run, and that their pictures are kept; the entries' numbers.

    The transaction is that of the only one that writes, so that what is looked for here stays as it is.
    """
    if connection.execute(sa.select(runs.c.id).where(runs.c.id == run.id)).first() is None:
        connection.execute(sa.insert(runs).values(run.row()))
    owner = {"run": run.id, "account": run.row()["account"]}
    former = _former(connection, run, [finding.place for finding in findings])
    numbers = []
    for finding in findings:
        if finding.picture is not None:
            _note_picture(connection, finding.result.sha256, len(finding.picture))
        document = finding.document()
        row = {**finding.row(document), **owner}
        number = former.get(finding.place)
        number = _insert(connection, row) if number is None else _replace(connection, number, row)
        former[finding.place] = number
        numbers.append(number)
        values = {"inspection": number, "document": document, "thumbnail": finding.thumbnail}
        connection.execute(sa.insert(documents).values(values))
    return numbers


def _former(connection: sa.Connection, run: Run, places: Sequence[str]) -> dict[str, int]:
    """Numbers of the entries whose place others take."""
    found: dict[str, int] = {}
    for start in range(0, len(places), _MANY):
        some = places[start : start + _MANY]
        query = sa.select(inspections.c.key, inspections.c.id)
        query = query.where(inspections.c.run == run.id, inspections.c.key.in_(some))
        found |= {row.key: row.id for row in connection.execute(query)}
    return found


def _note_picture(connection: sa.Connection, sha256: str, size: int) -> None:
    if connection.execute(sa.select(pictures).where(pictures.c.sha256 == sha256)).first() is None:
        connection.execute(sa.insert(pictures).values(sha256=sha256, bytes=size))


def _insert(connection: sa.Connection, row: dict[str, Any]) -> int:
    number: int = connection.execute(sa.insert(inspections).values(row).returning(inspections.c.id)).scalar_one()
    return number


def _replace(connection: sa.Connection, number: int, row: dict[str, Any]) -> int:
    connection.execute(sa.delete(documents).where(documents.c.inspection == number))
    # A picture that was kept stays kept.
    kept = {name: value for name, value in row.items() if not (name == "picture" and value is None)}
    connection.execute(sa.update(inspections).where(inspections.c.id == number).values(kept))
    return number
