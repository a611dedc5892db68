"""What was seen in a watched folder: which files are done with, what was called out, and the counts of a shift.

It outlives the program, so that a watcher which begins anew goes on where the last one stopped.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from segdetect.files import storage_errors
from segdetect.pictures.names import as_text
from segdetect.runs.small_tables import opened
from segdetect.runs.watching.arrivals import Stamp
from segdetect.runs.watching.calls import Call

# So many of the last pictures are shown; of others no picture is kept.
SHOWN: Final = 20
_FILE: Final = "seen.sqlite"
_SHIFT: Final = "shift"
_COLUMNS: Final = ("id", "name", "at", "call", "verdict", "reason", "score", "threshold", "flagged", "seconds")
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS files (
    path BLOB PRIMARY KEY, size INTEGER, changed INTEGER, sha256 TEXT, times INTEGER
);
CREATE INDEX IF NOT EXISTS by_digest ON files (sha256);
CREATE TABLE IF NOT EXISTS pictures (
    id INTEGER PRIMARY KEY, name TEXT, at REAL, call TEXT, verdict TEXT, reason TEXT, score REAL, threshold REAL,
    flagged INTEGER, seconds REAL, large BLOB, thumbnail BLOB
);
CREATE INDEX IF NOT EXISTS by_time ON pictures (at);
CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, at REAL);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A picture of a watched folder, as it is listed.

    Args:
        id: counts up; 0 before it was kept.
        name: below the folder.
        at: when it was called out, in seconds since 1970.
        call: what was called out.
        verdict: what was said of it, or `FAILED`.
        reason: why, as plain text.
        score: of its strongest tile; None where it has none.
        threshold: the lowest score that is flagged; None where there is none.
        flagged: how many tiles were.
        seconds: that it took from its arrival on.
        large: the picture with its flagged tiles boxed, as JPEG, of the last one; else None.
        thumbnail: the same, small, of the last ones.
    """

    name: str
    call: Call
    verdict: str
    reason: str
    id: int = 0
    at: float = 0.0
    score: float | None = None
    threshold: float | None = None
    flagged: int = 0
    seconds: float = 0.0
    large: bytes | None = None
    thumbnail: bytes | None = None


@dataclass(frozen=True, slots=True)
class Shift:
    """The counts since somebody set them to nothing.

    Args:
        since: when that was, in seconds since 1970; of the first picture where nobody did; None without any.
        counts: how many pictures each call has.
    """

    since: float | None
    counts: Mapping[Call, int]


class Ledger:
    """The ledger of a watched folder.

    Args:
        folder: its own, where things are kept; made where it is absent.

    Raises:
        StorageError: by all methods: it cannot be read or written.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE
        self._done: dict[bytes, Stamp] | None = None

    def _opened(self) -> AbstractContextManager[sqlite3.Connection]:
        with storage_errors(self._path.parent):
            self._path.parent.mkdir(parents=True, exist_ok=True)
        return opened(
            self._path,
            _TABLES,
            problem="what was seen in a watched folder cannot be kept",
            remedy="Free some space, or move this folder away to begin anew",
            file=str(self._path.parent),
        )

    def is_done(self, path: str, stamp: Stamp) -> bool:
        """Whether the file of this path, below the watched folder, was done with when it looked so."""
        if self._done is None:
            with self._opened() as connection:
                rows = connection.execute("SELECT path, size, changed FROM files").fetchall()
            self._done = {where: Stamp(size, changed) for where, size, changed in rows}
        return self._done.get(os.fsencode(path)) == stamp

    def name_of(self, path: str) -> str:
        """What the next picture of this path is called: a file that is replaced again and again gets numbers."""
        with self._opened() as connection:
            row = connection.execute("SELECT times FROM files WHERE path = ?", (os.fsencode(path),)).fetchone()
        return as_text(path) if row is None else f"{as_text(path)} ({row[0] + 1})"

    def is_the_same(self, path: str, stamp: Stamp, sha256: str, root: Path) -> bool:
        """Whether the file was done with, and has only been touched, or given another name in the folder `root`."""
        text = "SELECT path, size, changed FROM files WHERE sha256 = ?"
        with self._opened() as connection:
            rows = connection.execute(text, (sha256,)).fetchall()
        moved = (where for where, *looks in rows if tuple(looks) == stamp and not (root / os.fsdecode(where)).exists())
        return any(where == os.fsencode(path) for where, *_ in rows) or next(moved, None) is not None

    def add(self, path: str, stamp: Stamp, sha256: str, pictures: Sequence[Seen] = ()) -> None:
        """Note that a file is done with, and what was seen in it, all or nothing."""
        where, again = os.fsencode(path), int(bool(pictures))
        with self._opened() as connection:
            connection.execute(
                "INSERT INTO files VALUES (?, ?, ?, ?, 1) ON CONFLICT (path) DO UPDATE SET size = excluded.size, "
                "changed = excluded.changed, sha256 = excluded.sha256, times = times + ?",
                (where, *stamp, sha256, again),
            )
            for seen in pictures:
                _insert(connection, seen)
        if self._done is not None:
            self._done[where] = stamp

    def last(self, count: int = SHOWN) -> list[Seen]:
        """The last pictures, the newest first."""
        names = ", ".join((*_COLUMNS, "large", "thumbnail"))
        with self._opened() as connection:
            rows = connection.execute(f"SELECT {names} FROM pictures ORDER BY id DESC LIMIT ?", (count,)).fetchall()
        return [_seen(row) for row in rows]

    @property
    def newest(self) -> int:
        """The id of the last picture; 0 without any."""
        with self._opened() as connection:
            return int(connection.execute("SELECT coalesce(max(id), 0) FROM pictures").fetchone()[0])

    def shift(self) -> Shift:
        """The counts of the shift."""
        text = "SELECT call, count(*) FROM pictures WHERE at >= ? GROUP BY call"
        with self._opened() as connection:
            (first,) = connection.execute("SELECT min(at) FROM pictures").fetchone()
            mark = connection.execute("SELECT at FROM marks WHERE name = ?", (_SHIFT,)).fetchone()
            since = first if mark is None else mark[0]
            found = dict(connection.execute(text, (since or 0.0,)))
        return Shift(since, {call: found.get(call.value, 0) for call in Call})

    def begin_shift(self) -> None:
        """Count from now on."""
        with self._opened() as connection:
            connection.execute("INSERT OR REPLACE INTO marks VALUES (?, ?)", (_SHIFT, time.time()))


def _insert(connection: sqlite3.Connection, seen: Seen) -> None:
    names = [*_COLUMNS[1:], "large", "thumbnail"]
    places = ", ".join("?" * len(names))
    values = [getattr(seen, name) for name in names]
    added = connection.execute(f"INSERT INTO pictures ({', '.join(names)}) VALUES ({places})", values).lastrowid or 0
    connection.execute("UPDATE pictures SET large = NULL WHERE id = ?", (added - 1,))
    connection.execute("UPDATE pictures SET thumbnail = NULL WHERE id = ?", (added - SHOWN,))


def _seen(row: Sequence[Any]) -> Seen:
    values = dict(zip((*_COLUMNS, "large", "thumbnail"), row, strict=True))
    return Seen(**{**values, "call": Call(values["call"])})
