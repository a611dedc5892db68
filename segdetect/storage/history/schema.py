"""The history's tables brought to the form that this version uses."""

from __future__ import annotations

import logging
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from segdetect.errors import StorageError
from segdetect.files import changing, storage_errors
from segdetect.storage.history.database import Database
from segdetect.storage.history.tables import HEAD, VERSIONS

_LOG: Final = logging.getLogger(__name__)
_MIGRATIONS: Final = Path(__file__).parent / "migrations"


def make_ready(database: Database) -> str:
    """Make the tables, or bring older ones to this version's form; several processes may do so at once.

    Returns:
        What the user should know of it; empty where there is nothing to be told.

    Raises:
        StorageError: a later version of SegDetect has been at it, or it cannot be read or written.
    """
    if _is_ready(_version(database), database):
        return ""
    with _alone(database):
        before = _version(database)
        if _is_ready(before, database):
            return ""
        told = _back_up(database, before) if before else ""
        if database.is_file and not before:
            _begin_file(database)
        with database.writing() as connection:
            # Whoever was here first may have done it: PostgreSQL has no other lock than that of this transaction.
            if _version_on(connection) == before:
                _upgrade(connection)
    if told:
        _LOG.warning("%s", told)
    return told


def form_of(database: Database) -> str:
    """The form of its tables, which is not changed; empty where there are none yet.

    Raises:
        StorageError: a later version of SegDetect has been at it, or it cannot be read.
    """
    version = _version(database)
    _is_ready(version, database)
    return version


def _is_ready(version: str, database: Database) -> bool:
    if version > HEAD:
        raise StorageError(
            f"a newer SegDetect has been at it (its tables are of form {version}, and this one knows {HEAD})",
            remedy="Install that SegDetect, or choose another database",
            file=database.name,
        )
    return version == HEAD


def _version(database: Database) -> str:
    with database.reading() as connection:
        return _version_on(connection)


def _version_on(connection: sa.Connection) -> str:
    """The last step that was taken; empty where there are no tables yet."""
    if not sa.inspect(connection).has_table(VERSIONS):
        return ""
    return connection.execute(sa.text(f"SELECT version_num FROM {VERSIONS}")).scalar() or ""


@contextmanager
def _alone(database: Database) -> Iterator[None]:
    if not database.is_file:
        yield
        return
    folder = database.file.parent
    with storage_errors(folder), changing(folder):
        yield


def _begin_file(database: Database) -> None:
    """What must be said before there are tables: readers do not wait for a writer, and space is given back."""
    with database.troubles(), closing(sqlite3.connect(database.file)) as connection:
        connection.execute("PRAGMA auto_vacuum = FULL")
        connection.execute("PRAGMA journal_mode = WAL")


def _back_up(database: Database, version: str) -> str:
    if not database.is_file:
        return (
            f"The history's tables were brought from form {version} to {HEAD}. SegDetect makes no copies of a "
            "PostgreSQL database: that is left to whoever runs it."
        )
    file = database.file
    copy = file.with_name(f"{file.stem}-{version}-{datetime.now(UTC):%Y%m%dT%H%M%S}{file.suffix}")
    part = file.with_name(f".{uuid.uuid4().hex}.part")
    with database.troubles():
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(part)) as target:
            source.backup(target)
        part.replace(copy)
    return f"The history's tables were brought from form {version} to {HEAD}; a copy as it was before is {copy.name}."


def _upgrade(connection: sa.Connection) -> None:
    # It takes as long to import as a small inspection does, and is needed once.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)
