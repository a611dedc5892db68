"""What is listed of a run's pictures: sorted, filtered and counted without reading the journal."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import pandas as pd

from segdetect.inspection import Failure, Inspection
from segdetect.output.finished import Finished
from segdetect.runs.small_tables import opened
from segdetect.storage.history.entries import FAILED

_FILE: Final = "rows.sqlite"
_COLUMNS: Final = (
    *("line", "image", "page", "verdict", "flagged", "tiles", "highest", "threshold", "excess", "seconds"),
    *("reason", "sha256"),
)
_TABLES: Final = f"""
CREATE TABLE IF NOT EXISTS rows (
    line INTEGER PRIMARY KEY, {", ".join(_COLUMNS[1:])}, folded TEXT
);
CREATE INDEX IF NOT EXISTS by_excess ON rows (excess);
CREATE TABLE IF NOT EXISTS thumbnails (line INTEGER PRIMARY KEY, data BLOB);
"""


class Sorting(StrEnum):
    """In which order pictures are listed."""

    ANOMALY = "anomaly"
    FOUND = "found"
    NAME = "name"
    TIME = "time"


# What failed comes last, but where time is asked for nobody looks for it.
_ORDERS: Final = {
    Sorting.ANOMALY: f"verdict = '{FAILED}', excess IS NULL, excess DESC, highest DESC, line",
    Sorting.FOUND: "line",
    Sorting.NAME: "folded, line",
    Sorting.TIME: "seconds DESC, line",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which pictures are listed.

    Args:
        verdicts: of these verdicts, or `FAILED`; of any where there are none.
        name: with this in their name, in whichever case.
        sorting: in this order.
    """

    verdicts: tuple[str, ...] = ()
    name: str = ""
    sorting: Sorting = Sorting.ANOMALY

    @property
    def condition(self) -> tuple[str, tuple[str, ...]]:
        """As SQL, with its values."""
        terms, values = [], (*self.verdicts,)
        if self.verdicts:
            terms.append(f"verdict IN ({', '.join('?' * len(self.verdicts))})")
        if self.name:
            terms.append("instr(folded, ?) > 0")
            values = (*values, self.name.casefold())
        return " AND ".join(terms) or "TRUE", values


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What is listed of a picture.

    Args:
        line: its place in the journal, from 0 on.
        image: its name.
        page: the page that was read, 0-based.
        verdict: what was said of it, or `FAILED`.
        flagged: how many tiles were.
        highest: the highest score; None where it failed.
        threshold: the lowest score that is flagged; None where nothing was learnt.
        excess: as `Inspection.excess`; None likewise.
        seconds: that it took.
        reason: why, as plain text.
        sha256: hex digest of its bytes; empty where they could not be read.
        thumbnail: JPEG; None where there is none.
    """

    line: int
    image: str
    page: int
    verdict: str
    flagged: int
    highest: float | None
    threshold: float | None
    excess: float | None
    seconds: float
    reason: str
    sha256: str
    thumbnail: bytes | None = None


class Rows:
    """The table of a run.

    Args:
        folder: of the run.

    Raises:
        StorageError: by all methods: it cannot be read or written.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE

    def _opened(self) -> AbstractContextManager[sqlite3.Connection]:
        return opened(
            self._path,
            _TABLES,
            problem="the table of the run's pictures cannot be used",
            remedy="Free some space, or start the run anew",
            file=self._path.parent.name,
        )

    @property
    def end(self) -> int:
        """The line after the last one that has a row."""
        with self._opened() as connection:
            return int(connection.execute("SELECT coalesce(max(line) + 1, 0) FROM rows").fetchone()[0])

    def add(self, lines: Iterable[tuple[int, Finished]]) -> None:
        """Add pictures by their lines, all or none."""
        with self._opened() as connection:
            for line, finished in lines:
                if finished.result is not None:
                    values = {"line": line, **_facts(finished.result)}
                    names, places = ", ".join(values), ", ".join("?" * len(values))
                    connection.execute(f"INSERT OR REPLACE INTO rows ({names}) VALUES ({places})", (*values.values(),))
                if finished.thumbnail:
                    connection.execute("INSERT OR REPLACE INTO thumbnails VALUES (?, ?)", (line, finished.thumbnail))

    def find(self, query: Query, *, first: int = 0, count: int = 50) -> list[Row]:
        """Rows with their thumbnails."""
        names = ", ".join(f"rows.{name}" for name in _COLUMNS if name != "tiles")
        # Sorted without thumbnails, which would be read for all rows before these.
        lines = self.lines(query)[first : first + count]
        places = ", ".join("?" * len(lines))
        text = f"SELECT {names}, data FROM rows LEFT JOIN thumbnails USING (line) WHERE line IN ({places})"
        with self._opened() as connection:
            found = {row.line: row for row in map(_row, connection.execute(text, lines))}
        return [found[line] for line in lines if line in found]

    def lines(self, query: Query) -> list[int]:
        """The lines of all rows that are asked for, in their order."""
        condition, values = query.condition
        text = f"SELECT line FROM rows WHERE {condition} ORDER BY {_ORDERS[query.sorting]}"
        with self._opened() as connection:
            return [line for (line,) in connection.execute(text, values)]

    def counts(self) -> dict[str, int]:
        """How many pictures have each verdict."""
        with self._opened() as connection:
            return dict(connection.execute("SELECT verdict, count(*) FROM rows GROUP BY verdict ORDER BY verdict"))

    def table(self) -> pd.DataFrame:
        """All rows in the order of the run, without thumbnails; `tiles` are the flagged ones."""
        with self._opened() as connection:
            table = pd.read_sql_query(f"SELECT {', '.join(_COLUMNS)} FROM rows ORDER BY line", connection)
        numbers = ["highest", "threshold", "excess", "seconds"]
        return table.assign(tiles=table.tiles.map(json.loads), **{name: table[name].astype(float) for name in numbers})


def verdict_of(finished: Finished) -> str:
    """What is listed as the verdict of a picture."""
    result = finished.result
    return result.decision.verdict.value if isinstance(result, Inspection) else FAILED


def _facts(result: Inspection | Failure) -> dict[str, Any]:
    common = {"image": _text(result.image), "folded": _text(result.image).casefold(), "sha256": result.sha256}
    if isinstance(result, Failure):
        why = _text(str(result.error))
        return {**common, "page": 0, "verdict": FAILED, "flagged": 0, "tiles": "[]", "seconds": 0.0, "reason": why}
    return {
        **common,
        "page": result.page,
        "verdict": result.decision.verdict.value,
        "flagged": len(result.flagged_tiles),
        "tiles": json.dumps(result.flagged_tiles),
        "highest": result.scores.highest,
        "threshold": result.threshold,
        "excess": result.excess,
        "seconds": result.total_seconds,
        "reason": _text(result.decision.reason),
    }


def _row(found: Sequence[Any]) -> Row:
    *values, thumbnail = found
    names = [name for name in _COLUMNS if name != "tiles"]
    return Row(**dict(zip(names, values, strict=True)), thumbnail=thumbnail)


def _text(text: str) -> str:
    """Names of files may hold what is no character."""
    return str(text).encode(errors="replace").decode()
