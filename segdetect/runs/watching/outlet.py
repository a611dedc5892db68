"""The files of a watched folder's answers: those of `inspect --out`, which grow for as long as it is watched."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from segdetect.documents.settings import settings_record
from segdetect.errors import InputError, SettingsError, StorageError
from segdetect.files import hold, storage_errors
from segdetect.inspection import Failure, Inspection
from segdetect.output.finished import Finished
from segdetect.output.journal import Journal, has_journal, read_head, read_journal
from segdetect.output.run import Run
from segdetect.output.run_folder import RunWriter
from segdetect.pictures.loading import LoadedImage

# What must be alike for answers to stand in one table.
_SAME: Final = {
    "watched": "folder",
    "settings": "plan and version",
    "engine": "engine",
    "engine_version": "version of the engine",
    "segdetect": "version of SegDetect",
}


class Outlet:
    """Writes answers as they come; what an earlier watcher of this folder wrote there stays. Use as a context manager.

    Args:
        folder: made where it is absent.
        run: what all answers have in common.
        watched: the folder that is watched.

    Raises:
        SettingsError: another run, or a watcher of another folder or by another plan, left its files there.
        StorageError: another command writes to it, or it cannot be written.
    """

    def __init__(self, folder: Path, run: Run, watched: Path) -> None:
        self._folder, self._run = folder, run
        head = {**run.record, "settings": settings_record(run.settings), "watched": str(watched)}
        self._goes_on = has_journal(folder)
        if self._goes_on:
            there = read_head(folder)
            _check_same(there, head, folder)
            self._run = replace(run, started=str(there["started"]))
        self._head = head
        self._lines = 0
        self._last: list[Finished] = []

    def __enter__(self) -> Self:
        busy = StorageError(
            "another command writes to it", remedy="Wait until that is done, or choose another", file=str(self._folder)
        )
        with ExitStack() as opened:
            with storage_errors(self._folder):
                self._folder.mkdir(parents=True, exist_ok=True)
                opened.enter_context(hold(self._folder, busy))
            self._journal = opened.enter_context(Journal(self._folder, None if self._goes_on else self._head))
            self._writer = opened.enter_context(RunWriter(self._folder, self._run))
            self._write_again()
            self._opened = opened.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._opened.close()

    def add(self, pictures: Sequence[Finished], images: Sequence[LoadedImage | None]) -> None:
        """Write the pictures of a file, unless they were the last that an earlier watcher wrote before it was killed.

        Args:
            pictures: with their annotated pictures.
            images: their pixels; None where there are none.

        Raises:
            StorageError: they cannot be written.
        """
        # No two files of a ledger have one name.
        if [_told(one) for one in pictures] == [_told(one) for one in self._last]:
            return
        numbered = [replace(one, record={**one.record, "file": self._lines}) for one in pictures]
        for one, image in zip(numbered, images, strict=True):
            self._write(one, image)
        self._journal.add(numbered)
        self._lines += 1

    def _write_again(self) -> None:
        for one in read_journal(self._folder):
            self._write(one, None)
            self._last = [*(self._last if one.file == self._lines - 1 else ()), one]
            self._lines = one.file + 1

    def _write(self, one: Finished, image: LoadedImage | None) -> None:
        if isinstance(one.result, Failure):
            self._writer.add_failure(one.result)
        elif one.result is not None:
            self._writer.add(one.result, partial(_picture, image), one.annotated, may_lack=True)


def _picture(image: LoadedImage | None) -> LoadedImage:
    if image is None:
        raise InputError("the picture is not at hand any more")
    return image


def _told(one: Finished) -> tuple[Any, ...]:
    result = one.result
    page = result.page if isinstance(result, Inspection) else 0
    return () if result is None else (result.image, result.sha256, page)


def _check_same(there: Any, wanted: Any, folder: Path) -> None:
    for name, called in _SAME.items():
        if there.get(name) != wanted[name]:
            raise SettingsError(
                f"what was written there is not of the same {called}", remedy="Choose another folder", file=str(folder)
            )
