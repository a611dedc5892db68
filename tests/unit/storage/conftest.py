"""The databases that the history's tests run on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from segdetect.storage.history.history import History
from segdetect.storage.pictures import Pictures
from tests.support.postgresql import UnavailableError, running_postgresql


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a real PostgreSQL; tests are skipped where it cannot be had."""
    try:
        with running_postgresql() as url:
            yield url
    except UnavailableError as error:
        pytest.skip(f"PostgreSQL was not tried: {error}")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/kept/history.sqlite3"
    address: str = request.getfixturevalue("postgresql")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return address


@pytest.fixture
def history(url: str, tmp_path: Path) -> Iterator[History]:
    """An empty history."""
    made = History(url, pictures=Pictures(tmp_path / "pictures"))
    yield made
    made.database.engine.dispose()
