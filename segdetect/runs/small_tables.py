"""Small tables that a run or a watched folder keeps beside its files."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from segdetect.errors import StorageError
from segdetect.stopping import whole

_SECONDS: Final = 30.0  # others may be writing


@contextmanager
def opened(path: Path, tables: str, *, problem: str, remedy: str, file: str) -> Iterator[sqlite3.Connection]:
    """A connection to an SQLite file; what is done within is kept together, or not at all.

    Args:
        path: the file, made where there is none.
        tables: the statements that make its tables where they are not there yet.
        problem: as in `StorageError`, and so are `remedy` and `file`: what is said where it cannot be read or written.

    Raises:
        StorageError: it cannot be read or written.
    """
    try:
        with whole(), closing(sqlite3.connect(path, timeout=_SECONDS)) as connection, connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(tables)
            yield connection
    except sqlite3.Error as error:
        raise StorageError(f"{problem} ({error})", remedy=remedy, file=file) from error
