"""The database that the history is kept in, and what its troubles mean for the user."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, TimeoutError
from sqlalchemy.pool import NullPool

from segdetect.errors import SettingsError, StorageError
from segdetect.files import home, storage_errors
from segdetect.stopping import whole

_LOG: Final = logging.getLogger(__name__)
URL_VARIABLE: Final = "SEGDETECT_DATABASE_URL"
FILE: Final = "history.sqlite3"
# Longer than any change but the removal of very many entries takes.
WAIT_SECONDS: Final = 10
_CONNECT_SECONDS: Final = 5
# What `pg_advisory_xact_lock` is asked for; any number that no other program takes.
_ONE_WRITER: Final = 0x5E6_DE7EC7

_SQLITE: Final = {
    5: ("another process is writing to it", "Wait until that is done and try again"),
    6: ("another process is writing to it", "Wait until that is done and try again"),
    8: ("it cannot be written", "Give yourself the right to write to the file and its folder"),
    10: ("the disk failed while it was used", "Check the disk or the network drive"),
    11: ("it is damaged", "Move the file away, or put a copy of it that is whole in its place"),
    13: ("the disk is full", "Free some space, or delete what is not needed from the history"),
    14: ("it cannot be opened", "Give yourself the right to write to the file and its folder"),
    26: ("it is damaged", "Move the file away, or put a copy of it that is whole in its place"),
}
_FULL: Final = 13
# SQLITE_IOERR_SHMSIZE: the file beside the database in which its readers and writers meet cannot be made large enough.
_NO_ROOM_FOR_INDEX: Final = 4874
_POSTGRESQL: Final = {
    "28": ("the database does not let this user in", f"Check user and password in {URL_VARIABLE}"),
    "3D": ("there is no such database", f"Make it, or check its name in {URL_VARIABLE}"),
    "42501": ("the database forbids this user to do so", "Grant the user the right to make tables, and to change them"),
    "53100": ("the database's disk is full", "Free some space, or delete what is not needed from the history"),
    "55P03": ("another process is writing to it", "Wait until that is done and try again"),
}


class Database:
    """Where the history is.

    Args:
        url: of SQLite or PostgreSQL; by default what `SEGDETECT_DATABASE_URL` says, else a file in the user's data
            folder.

    Raises:
        SettingsError: it is of another kind, or no address.
    """

    def __init__(self, url: str | None = None) -> None:
        self.url = _checked(url or os.environ.get(URL_VARIABLE) or _own_file())
        self.engine = _sqlite(self.url) if self.is_file else _postgresql(self.url)

    @property
    def is_file(self) -> bool:
        """Whether it is SQLite's."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def file(self) -> Path:
        """SQLite's file."""
        return Path(self.url.database or FILE)

    @property
    def name(self) -> str:
        """What it is called to the user: visitors need not know more of the machine."""
        return f"{self.file.parent.name}/{self.file.name}" if self.is_file else "the history's database"

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that changes nothing.

        Raises:
            StorageError: it cannot be read.
        """
        with whole(), self.troubles(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction of the only one that writes, of all processes on all machines; all of it is kept, or nothing.

        Raises:
            StorageError: it cannot be written, or another did not end within ten seconds.
        """
        with whole(), self.troubles(), self.engine.connect() as connection:
            begin = connection.execution_options(begin="BEGIN IMMEDIATE").begin
            with begin():
                if not self.is_file:
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ONE_WRITER)))
                yield connection

    @contextmanager
    def troubles(self) -> Iterator[None]:
        """Turn what the database or the file system says into a `StorageError`."""
        try:
            if self.is_file:
                with storage_errors(self.file.parent):
                    self.file.parent.mkdir(parents=True, exist_ok=True)
            yield
        except (DBAPIError, TimeoutError, sqlite3.Error) as error:
            problem, remedy = _told(error)
            raise StorageError(problem, remedy=remedy, file=self.name) from error


def _own_file() -> URL:
    return URL.create("sqlite", database=str(home() / "history" / FILE))


def _checked(text: str | URL) -> URL:
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise SettingsError(f"{URL_VARIABLE} is no address of a database", remedy=_EXAMPLES) from error
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "postgresql+psycopg") or not url.database or url.database == ":memory:":
        raise SettingsError(
            f"{URL_VARIABLE} names neither a file of SQLite nor a database of PostgreSQL", remedy=_EXAMPLES
        )
    return url


_EXAMPLES: Final = (
    "Write it as postgresql://user:password@host/database, or leave it out to keep the history on this machine"
)


def _sqlite(url: URL) -> sa.Engine:
    # Opening the file anew each time takes less than a millisecond, and leaves nothing open for a process that forks.
    engine = sa.create_engine(url, poolclass=NullPool, connect_args={"timeout": WAIT_SECONDS})

    @sa.event.listens_for(engine, "connect")
    def connected(connection: Any, record: object) -> None:
        # Python's own way to begin transactions is late: two that read first and then write would collide.
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")

    @sa.event.listens_for(engine, "begin")
    def begun(connection: sa.Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))

    return engine


def _postgresql(url: URL) -> sa.Engine:
    waits = f"-c lock_timeout={WAIT_SECONDS}s"
    return sa.create_engine(
        url, pool_pre_ping=True, connect_args={"connect_timeout": _CONNECT_SECONDS, "options": waits}
    )


def _told(error: DBAPIError | TimeoutError | sqlite3.Error) -> tuple[str, str]:
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlite_errorcode", None)
    if code == _NO_ROOM_FOR_INDEX:
        code = _FULL
    if code is not None and code & 0xFF in _SQLITE:
        return _SQLITE[code & 0xFF]
    state = getattr(cause, "sqlstate", None) or ""
    for begin, told in _POSTGRESQL.items():
        if state.startswith(begin):
            return told
    said = str(cause).strip().partition("\n")[0]
    if isinstance(error, DBAPIError) and (error.connection_invalidated or "connection" in said):
        # What stands before it names the machine and its port.
        why = said.rpartition("failed: ")[2].strip()
        return f"it cannot be reached ({why})", f"Start the database, or check {URL_VARIABLE}"
    _LOG.error("the history cannot be used", exc_info=error)
    return f"it cannot be used ({said})", "Try it once more; what the program wrote in its log helps to mend it"
