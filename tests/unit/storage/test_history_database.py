"""The history's database: made, migrated, shared by processes; and what is said when it cannot be used."""

from __future__ import annotations

import shutil
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory

from segdetect.errors import SettingsError, StorageError
from segdetect.storage.history import database, schema
from segdetect.storage.history.database import Database
from segdetect.storage.history.entries import Search
from segdetect.storage.history.history import History
from segdetect.storage.history.tables import HEAD, METADATA
from tests.support.findings import finding, run

ROOT = Path(__file__).parents[3]
LATER = """
import sqlalchemy as sa
from alembic import op

revision = "0999"
down_revision = "{head}"


def upgrade():
    op.add_column("segdetect_run", sa.Column("later", sa.Text, server_default="new"))
    {trouble}
"""
# Begins with the others, so that all of them find no tables; then keeps some findings one by one.
WRITER = """
import sys
from segdetect.storage.history.history import History
from tests.support.findings import finding, run

history, name = History(sys.argv[1]), sys.argv[2]
print("here", flush=True)
sys.stdin.readline()
for number in range(8):
    history.add(run(name, id=name), [finding(f"{name}-{number}.png", seed=number)])
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "history.sqlite3"


@pytest.fixture
def on_disk(file: Path) -> History:
    """A history in a file, with an entry."""
    history = History(f"sqlite:///{file}")
    history.add(run(), [finding()])
    return history


def test_the_last_step_makes_the_tables_that_the_program_uses(history: History) -> None:
    history.start()
    config = Config()
    config.set_main_option("script_location", str(schema._MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]
    found = sa.inspect(history.database.engine)
    assert {*METADATA.tables} == {*found.get_table_names()} - {"segdetect_version"}
    for table in METADATA.tables.values():
        columns = {column["name"]: column for column in found.get_columns(table.name)}
        assert [*columns] == [column.name for column in table.columns]
        for column in table.columns:
            assert columns[column.name]["nullable"] == column.nullable
            kind = columns[column.name]["type"].as_generic()._type_affinity
            assert kind is column.type.dialect_impl(history.database.engine.dialect)._type_affinity


@pytest.fixture
def later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As if this were a version with a further step, written in the file."""
    folder = tmp_path / "migrations"
    shutil.copytree(schema._MIGRATIONS, folder)
    step = folder / "versions" / "later.py"
    step.write_text(LATER.format(head=HEAD, trouble=""))
    monkeypatch.setattr(schema, "_MIGRATIONS", folder)
    return step


def test_older_tables_are_brought_to_this_form_after_a_copy(
    history: History, later: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (number,) = history.add(run(), [finding()])
    monkeypatch.setattr(schema, "HEAD", "0999")
    again = History(history.database.url.render_as_string(hide_password=False))
    told = again.start()
    assert HEAD in told
    assert "0999" in told
    assert again.entry(number).image == "cloth.png"
    assert again.start() == ""
    with again.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT later FROM segdetect_run").scalar() == "new"
    if not again.database.is_file:
        assert "no copies" in told
        return
    (copy,) = (tmp_path / "kept").glob(f"history-{HEAD}-*.sqlite3")
    assert copy.name in told
    monkeypatch.setattr(schema, "HEAD", HEAD)
    assert History(f"sqlite:///{copy}").entry(number).image == "cloth.png"


def test_a_step_that_fails_leaves_everything_as_it_was(
    history: History, later: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (number,) = history.add(run(), [finding()])
    later.write_text(LATER.format(head=HEAD, trouble='op.execute("INSERT INTO nowhere VALUES (1)")'))
    url = history.database.url.render_as_string(hide_password=False)
    with monkeypatch.context() as patch:
        patch.setattr(schema, "HEAD", "0999")
        with pytest.raises(StorageError, match="nowhere"):
            History(url).start()
    again = History(url)
    assert again.start() == ""
    assert again.entry(number).image == "cloth.png"
    assert "later" not in [column["name"] for column in sa.inspect(again.database.engine).get_columns("segdetect_run")]


def test_tables_of_a_newer_version_are_refused_and_left_alone(history: History) -> None:
    history.add(run(), [finding()])
    with history.database.writing() as connection:
        connection.exec_driver_sql("UPDATE segdetect_version SET version_num = '0999'")
    again = History(history.database.url.render_as_string(hide_password=False))
    for _ in range(2):
        with pytest.raises(StorageError, match=r"newer SegDetect.*0999.*Install that SegDetect"):
            again.find(Search())
    with history.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM segdetect_inspection").scalar() == 1


def test_processes_that_start_and_write_at_once_lose_nothing(url: str) -> None:
    command = [sys.executable, "-c", WRITER, url]
    writers = [
        subprocess.Popen([*command, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) for name in "ab"
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"here\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write(b"\n")
        writer.stdin.flush()
    for writer in writers:
        assert writer.communicate(timeout=120) is not None
        assert writer.returncode == 0
    history = History(url)
    assert history.count(Search()) == 16
    assert len({entry.image for entry in history.find(Search(), count=100)}) == 16
    history.database.engine.dispose()


# ---- troubles --------------------------------------------------------------------------------------------------------


def test_a_database_that_another_holds_is_waited_for_and_then_said(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    history.add(run(), [finding()])
    monkeypatch.setattr(database, "WAIT_SECONDS", 0.2)
    url = history.database.url.render_as_string(hide_password=False)
    other = History(url)
    with history.database.writing() as connection:
        connection.exec_driver_sql("UPDATE segdetect_run SET name = 'held'")
        # Readers do not wait.
        assert other.count(Search()) == 1
        with pytest.raises(StorageError, match=r"another process is writing to it\. Wait"):
            other.add(run(), [finding()])
    other.add(run(), [finding()])
    assert other.count(Search()) == 2
    other.database.engine.dispose()


@pytest.mark.parametrize("content", [b"this is no database" * 100, None])
def test_a_damaged_file_is_said(on_disk: History, file: Path, content: bytes | None) -> None:
    whole = file.read_bytes()
    assert len(whole) > 4096
    file.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096) if content is None else content)
    for path in file.parent.glob("*-wal"):
        path.unlink()
    with pytest.raises(StorageError, match=r"kept/history\.sqlite3: it is damaged\. Move the file away"):
        History(f"sqlite:///{file}").find(Search())


def test_a_file_that_was_moved_away_is_begun_anew(on_disk: History, file: Path) -> None:
    for path in file.parent.glob("history*"):
        path.unlink()
    with pytest.raises(StorageError, match="no such table"):
        on_disk.count(Search())
    assert on_disk.count(Search()) == 0


def test_a_full_disk_is_said_and_loses_nothing(on_disk: History, file: Path) -> None:
    @sa.event.listens_for(on_disk.database.engine, "connect")
    def small(connection: sqlite3.Connection, record: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # as many as there are

    with pytest.raises(StorageError, match="the disk is full"):
        on_disk.add(run(), [finding(f"{n}.png", thumbnail=bytes(9000)) for n in range(3)])
    assert History(f"sqlite:///{file}").count(Search()) == 1


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="cannot be written"):
        History(f"sqlite:///{tmp_path}/file/history.sqlite3").count(Search())


def test_a_database_that_cannot_be_reached_is_said_without_its_password() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"postgresql://anna:secret@127.0.0.1:{free.getsockname()[1]}/kept"
        with pytest.raises(StorageError, match=r"cannot be reached \(Connection refused\)") as told:
            History(url).count(Search())
    assert "secret" not in str(told.value)
    assert "SEGDETECT_DATABASE_URL" in told.value.remedy


def test_a_database_that_there_is_not_is_said(postgresql: str) -> None:
    with pytest.raises(StorageError, match="does not exist"):
        History(postgresql.replace("/postgres", "/nowhere")).count(Search())


@pytest.mark.parametrize(
    "url", ["mysql://host/kept", "nonsense", "sqlite://", "sqlite:///:memory:", "postgresql://host"]
)
def test_another_kind_of_address_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="SEGDETECT_DATABASE_URL"):
        Database(url)


def test_the_history_is_where_the_user_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGDETECT_HOME", str(tmp_path))
    monkeypatch.delenv("SEGDETECT_DATABASE_URL", raising=False)
    assert Database().file == tmp_path / "history" / "history.sqlite3"
    monkeypatch.setenv("SEGDETECT_DATABASE_URL", "postgres://anna@host/kept")
    assert Database().url.render_as_string() == "postgresql+psycopg://anna@host/kept"
