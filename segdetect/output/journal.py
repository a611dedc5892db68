"""A run's journal: each picture as a line of JSON as soon as it is done, from which all its other files can be written.

The first line says what was run; each of the others is a `Finished`, in the order of the run's files. A line that was
not written whole, as by a process that was killed, counts as not written.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from segdetect.errors import InputError, StorageError
from segdetect.files import storage_errors, write_atomic
from segdetect.output.finished import Finished, read_finished

JOURNAL: Final = "journal.jsonl"
KIND: Final = "segdetect journal"
VERSION: Final = 1


def has_journal(folder: Path) -> bool:
    """Whether a run left a journal in this folder."""
    return (folder / JOURNAL).is_file()


def read_head(folder: Path) -> Mapping[str, Any]:
    """What was run.

    Raises:
        StorageError: there is no journal, it cannot be read, or it is none of ours.
    """
    with _opened(folder) as file:
        head = _values(file.readline())
    if not isinstance(head, Mapping) or head.get("document") != KIND:
        raise StorageError("its journal is damaged", remedy="Run it again, without --resume", file=str(folder))
    if head.get("version") != VERSION:
        raise StorageError(
            f"its journal is of version {head.get('version')!r}, and this SegDetect reads version {VERSION}",
            remedy="Use the SegDetect that wrote it",
            file=str(folder),
        )
    return head


def read_journal(folder: Path, start: int = 0) -> Iterator[Finished]:
    """The pictures that a run is done with, in its order, one at a time.

    Args:
        folder: of the run.
        start: so many of them are left out.

    Raises:
        StorageError: as `read_head`, or a line is damaged.
    """
    read_head(folder)
    for line in islice(_whole_lines(folder), start, None):
        try:
            yield read_finished(_values(line))
        except InputError as error:
            raise StorageError(
                f"its journal is damaged: {error.problem}", remedy="Run it again, without --resume", file=str(folder)
            ) from error


class Journal:
    """Writes a journal. Use as a context manager.

    Args:
        folder: exists.
        head: what is run, as JSON values; None to go on with the journal that is there.

    Raises:
        StorageError: the folder cannot be written, or the disk is full.
    """

    def __init__(self, folder: Path, head: Mapping[str, Any] | None) -> None:
        self._folder = folder
        path = folder / JOURNAL
        with storage_errors(folder):
            if head is None:
                _drop_torn_line(path)
            else:
                write_atomic(path, _line({"document": KIND, "version": VERSION, **head}))
            self._file = path.open("ab")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with storage_errors(self._folder):
            self._file.close()

    def add(self, pictures: Iterable[Finished]) -> None:
        """Write pictures; when this returns they are on the disk.

        Raises:
            StorageError: they cannot be written.
        """
        with storage_errors(self._folder):
            self._file.writelines(_line(picture.record) for picture in pictures)
            self._file.flush()
            os.fsync(self._file.fileno())


def _opened(folder: Path) -> Any:
    try:
        return (folder / JOURNAL).open("rb")
    except OSError as error:
        raise StorageError(
            "it holds no journal of a run that can be read", remedy="Choose the folder of a run", file=str(folder)
        ) from error


def _whole_lines(folder: Path) -> Iterator[bytes]:
    """The lines after the first, without one that was not written whole."""
    with _opened(folder) as file:
        file.readline()
        for line in file:
            if line.endswith(b"\n"):
                yield line


def _drop_torn_line(path: Path) -> None:
    with path.open("r+b") as file:
        end = file.seek(0, os.SEEK_END)
        step = 1 << 16
        start = end
        while start > 0:
            start = max(0, start - step)
            file.seek(start)
            at = file.read(step).rfind(b"\n")
            if at >= 0:
                file.truncate(start + at + 1)
                return


def _line(record: Mapping[str, Any]) -> bytes:
    return (json.dumps(record, separators=(",", ":"), allow_nan=False) + "\n").encode()


def _values(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
