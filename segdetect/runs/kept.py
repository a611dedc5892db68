"""Runs whose answers are kept in a folder as they come, and which go on where they were stopped."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from segdetect.documents.settings import settings_record
from segdetect.errors import SegDetectError, SettingsError
from segdetect.inspection import Failure, Inspection
from segdetect.output.finished import Finished
from segdetect.output.formats import DEFAULT_FORMATS, FormatName
from segdetect.output.journal import Journal, has_journal, read_head, read_journal
from segdetect.output.run import Run
from segdetect.output.run_folder import RunWriter
from segdetect.output.thumbnails import kept_thumbnail
from segdetect.pictures.left_out import OWN_RECORD, LeftOut
from segdetect.pictures.places import state_of
from segdetect.pictures.source_file import SourceFile, load_source
from segdetect.progress import Progress, no_progress
from segdetect.runs.rooms import Room
from segdetect.runs.run import Position, Work, inspect_run


class KeptRun:
    """A run in a folder: its journal, and the files that `RunWriter` writes.

    Args:
        work: what is to be done.
        folder: made where it is absent.
        resume: go on with the run that left its journal there, if one did; else its files are replaced.
        formats: what is written beside the journal.
        left_out: what the search for the files left out, which is written last.
        mm_per_pixel: as in `output.run.Run`; where it is left out, the scale of the run that is gone on with.
        bom: likewise; a run that began so goes on so.

    Attributes:
        inspected: how many pictures have an answer so far.
        failed: how many have none.
        left_out: what was left out so far.

    Raises:
        SettingsError: the run there is another one, or its pictures have changed.
        StorageError: its journal is damaged.
    """

    def __init__(
        self,
        work: Work,
        folder: Path,
        *,
        resume: bool = False,
        formats: Sequence[FormatName] = DEFAULT_FORMATS,
        left_out: Sequence[LeftOut] = (),
        mm_per_pixel: float | None = None,
        bom: bool = False,
    ) -> None:
        self._work = replace(work, annotated=FormatName.CSV in formats)
        self._folder, self._formats = folder, formats
        self._position = Position()
        self.left_out, self.inspected, self.failed = list(left_out), 0, 0
        self._run = Run(
            settings=work.settings,
            engine=work.engine.value,
            engine_version=work.engine_version,
            mm_per_pixel=mm_per_pixel,
            bom=bom,
        )
        self._id = uuid.uuid4().hex
        self._has_begun = resume and has_journal(folder)
        if self._has_begun:
            self._take_up()

    def _take_up(self) -> None:
        head = read_head(self._folder)
        _check_same(head, _head(self._work, self._run), self._folder)
        last = _last(head, self._folder)
        self._run = replace(
            self._run,
            started=str(head["started"]),
            mm_per_pixel=self._run.mm_per_pixel or _scale(last),
            bom=self._run.bom or last.get("csv_bom") is True,
        )
        # Earlier journals have no other name of their run.
        self._id = str(head.get("id", head["started"]))
        for finished in read_journal(self._folder):
            _check_unchanged(self._work.files[finished.file], finished, self._folder)
            self._count(finished)

    @property
    def position(self) -> Position:
        """How far it has come."""
        return self._position

    @property
    def id(self) -> str:
        """Tells it from all other runs, also from one that began in this folder in the same second."""
        return self._id

    def parts(self, room: Room, progress: Progress = no_progress) -> Generator[list[Finished], None, None]:
        """Do what is left, as `inspect_run`; what is yielded is on the disk.

        Raises:
            EngineUnavailableError, ClusterError: as `inspect_run`.
            StorageError: the folder cannot be written, or the disk is full; what was yielded stays.
        """
        with (
            Journal(self._folder, None if self._has_begun else self._first_line()) as journal,
            RunWriter(self._folder, self._run, self._formats) as writer,
            closing(inspect_run(self._work, room, begin=self._position, progress=progress)) as parts,
        ):
            for finished in read_journal(self._folder):
                self._write(finished, writer)
            self._has_begun = True
            for part in parts:
                for finished in part:
                    self._write(finished, writer)
                journal.add(part)
                for finished in part:
                    self._count(finished)
                yield part
            for item in self.left_out:
                if item.maybe_picture:
                    writer.add_left_out(item)

    def done(self) -> Iterator[Finished]:
        """What was done when it was taken up, as the journal has it: without drawings."""
        return read_journal(self._folder) if self._has_begun else iter(())

    def _first_line(self) -> dict[str, Any]:
        return {"id": self._id, **_head(self._work, self._run)}

    def _write(self, finished: Finished, writer: RunWriter) -> None:
        result = finished.result
        if isinstance(result, Failure):
            writer.add_failure(result)
        elif result is not None:
            page = replace(self._work.files[finished.file], name=result.image, page=result.page)
            writer.add(result, partial(load_source, page), finished.annotated)

    def _count(self, finished: Finished) -> None:
        self._position = self._position.after(finished)
        self.inspected += isinstance(finished.result, Inspection)
        self.failed += isinstance(finished.result, Failure)
        self.left_out += finished.left_out


def redrawn(finished: Finished, files: Sequence[SourceFile]) -> Finished:
    """A picture from a journal with its thumbnail, where its file can still be opened."""
    result = finished.result
    if not isinstance(result, Inspection):
        return finished
    try:
        image = load_source(replace(files[finished.file], page=result.page))
    except SegDetectError:
        return finished
    return replace(finished, thumbnail=kept_thumbnail(image, result))


def _last(head: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """How a run's files were last written, so that whatever is written of it later has the same areas and encoding.

    Going on with it may have been asked for with another scale than its journal began with, or for Excel.
    """
    try:
        last = json.loads((folder / OWN_RECORD).read_bytes())
    except (OSError, ValueError, RecursionError):
        last = None  # gone, or made by another program: the journal says how the run began
    is_its_own = isinstance(last, Mapping) and last.get("started") == head["started"]
    return last if is_its_own else head


def _scale(record: Mapping[str, Any]) -> float | None:
    scale = record.get("mm_per_pixel")
    return scale if isinstance(scale, float | int) else None


def _head(work: Work, run: Run) -> dict[str, Any]:
    """What is run, as its journal says it."""
    names = hashlib.sha256("\0".join(file.name for file in work.files).encode(errors="surrogatepass"))
    return {
        **run.record,
        "settings": settings_record(work.settings),
        "pages": asdict(work.pages),
        "references": [[file.sha256, file.page] for file in work.references],
        "files": len(work.files),
        "names": names.hexdigest(),
    }


# How what differs is called, for who reads the error.
_CALLED: Final = {
    "segdetect": "version of SegDetect",
    "engine_version": "version of the engine",
    "pages": "choice of pages",
    "references": "known-good pictures",
    "files": "number of files",
    "names": "pictures",
    "ignore": "regions to ignore",
}


def _check_same(head: Mapping[str, Any], wanted: Mapping[str, Any], folder: Path) -> None:
    there = _flat(head)
    for name, value in _flat(wanted).items():
        if there.get(name) != value:
            told = name in ("references", "names", "pages", "ignore")
            how = "" if told else f" ({there.get(name)} there, {value} now)"
            raise SettingsError(
                f"the run there does not have the same {_CALLED.get(name, name)}{how}",
                remedy="Ask for the same as then, or leave out --resume to begin anew",
                file=str(folder),
            )


def _flat(head: Mapping[str, Any]) -> dict[str, Any]:
    """Without what may differ."""
    differing = ("settings", "started", "mm_per_pixel", "csv_bom")
    return {**head, **head.get("settings", {}), **dict.fromkeys(differing)}


def _check_unchanged(file: SourceFile, finished: Finished, folder: Path) -> None:
    """Whether a file is the one that was inspected: by size and time, else by its bytes."""
    if not finished.last or (file.place and finished.state == state_of(file.place)):
        return
    result = finished.result
    known = result.sha256 if result is not None else ""
    if known and hashlib.sha256(file.data()).hexdigest() != known:
        raise SettingsError(
            f"{file.name} is not the file any more that was inspected there",
            remedy="Put it back, or leave out --resume to begin anew",
            file=str(folder),
        )
