"""The folder that runs in the background lie in, which several programs may share."""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from segdetect.errors import CancelledError, StorageError
from segdetect.files import hold, storage_errors
from segdetect.output.journal import has_journal, read_journal
from segdetect.runs.queued.record import RECORD, RunRecord, read_run_record
from segdetect.runs.queued.rows import Rows
from segdetect.runs.queued.work import held
from segdetect.storage.shelf import DAMAGE, Contents, Shelf

# What a start that was killed left behind is no run; one that is being made is not touched.
_LEFT_SECONDS: Final = 86_400.0


class RunsFolder:
    """Runs on the disk, each in a folder of its own, whichever program has them.

    Args:
        path: where they are; it may be absent.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def of(self, id: str) -> Path:
        """Where a run's files lie."""
        return self.path / id

    def contents(self) -> Contents[RunRecord]:
        """The records of all runs; a damaged one is set aside."""
        return Shelf(self.path, f"*/{RECORD}", read_run_record).contents()

    def record(self, id: str) -> RunRecord:
        """The record of a run as it stands now; raises `OSError` and what `DAMAGE` names."""
        return read_run_record(self.of(id) / RECORD)

    def begun_since(self, known: Container[str]) -> Iterator[RunRecord]:
        """The records of runs that are not known yet: another program has begun them."""
        for folder in self._folders():
            # Without a record it is being made, or was set aside as damaged.
            if folder.name not in known:
                with suppress(OSError, *DAMAGE):
                    yield self.record(folder.name)

    @contextmanager
    def new(self) -> Iterator[Path]:
        """Gives the folder of a run to come; it goes if none is recorded in it.

        Raises:
            StorageError: it cannot be written.
        """
        folder = self.of(f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:12]}")
        try:
            with storage_errors(self.path):
                folder.mkdir(parents=True)
                yield folder
        finally:
            if not (folder / RECORD).exists():
                shutil.rmtree(folder, ignore_errors=True)

    def is_held(self, id: str) -> bool:
        """Whether a program works on a run."""
        try:
            with held(self.of(id)):
                return False
        except CancelledError:
            return True

    def came_on(self, record: RunRecord) -> bool:
        """Whether a run has come any further since it last began, or was told to go on whatever became of that.

        What its journal alone has counts, too: the program ended before that stood in the table. Where either cannot be
        read it is to go on as well, and fails saying why.
        """
        if record.begun_with < 0:
            return True
        folder = self.of(record.id)
        rows = Rows(folder)
        try:
            if sum(rows.counts().values()) != record.begun_with:
                return True
            return has_journal(folder) and any(one.result is not None for one in read_journal(folder, rows.end))
        except StorageError:
            return True

    def counts(self, record: RunRecord) -> Mapping[str, int]:
        """How far another program is with a run; what its record says where its table cannot be read."""
        try:
            return Rows(self.of(record.id)).counts()
        except StorageError:
            # As on a full disk, where the list of runs is to be seen all the same.
            return record.counts

    def delete(self, record: RunRecord) -> None:
        """Delete a run with all its files.

        Raises:
            StorageError: they cannot be deleted, or another program works on it.
        """
        folder = self.of(record.id)
        busy = StorageError(
            "another program works on this run", remedy="Wait until that is done, or stop it there", file=record.name
        )
        with storage_errors(folder), hold(folder, busy):
            # Without its record it is no run any more, should the rest not go in one go.
            (folder / RECORD).unlink(missing_ok=True)
            shutil.rmtree(folder)

    def remove_left(self) -> None:
        """Remove what is left of runs that were being made, or deleted, when the program was killed."""
        for folder in self._folders():
            with suppress(OSError):
                if not (folder / RECORD).exists() and time.time() - folder.stat().st_mtime > _LEFT_SECONDS:
                    shutil.rmtree(folder)

    def _folders(self) -> Iterator[Path]:
        yield from self.path.glob("*-*-*") if self.path.is_dir() else ()
