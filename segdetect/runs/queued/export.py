"""The files to keep of a run in the background, made from its journal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from segdetect.files import Draft, storage_errors
from segdetect.inspection import Inspection
from segdetect.output.bundles import Result, write_zip
from segdetect.output.finished import Finished
from segdetect.output.formats import FormatName
from segdetect.output.journal import read_head, read_journal
from segdetect.output.run import Run
from segdetect.pictures.source_file import SourceFile, load_source
from segdetect.runs.queued.files import read_files
from segdetect.runs.queued.record import RunRecord
from segdetect.runs.queued.rows import Rows

_EXPORTS: Final = "exports"


def export_zip(
    folder: Path, record: RunRecord, formats: Sequence[FormatName], *, mm_per_pixel: float | None = None
) -> Path:
    """A ZIP of what is done of a run, in the manner of `inspect --out`; it is made once and kept until more is done.

    Args:
        folder: of the run.
        record: what is known of it.
        formats: what it holds.
        mm_per_pixel: as in `output.run.Run`.

    Raises:
        StorageError: the disk is full.
        SegDetectError: a picture cannot be opened any more.
    """
    run = Run(
        settings=record.settings,
        engine=record.engine.value,
        engine_version=record.engine_version,
        started=str(read_head(folder)["started"]),
        mm_per_pixel=mm_per_pixel,
    )
    end = Rows(folder).end
    path = folder / _EXPORTS / f"{end}-{mm_per_pixel or 0}-{'-'.join(sorted(formats))}.zip"
    if not path.exists():
        with storage_errors(folder):
            path.parent.mkdir(exist_ok=True)
            for former in path.parent.iterdir():
                former.unlink(missing_ok=True)
            with Draft(path).ending() as file:
                write_zip(file, run, _results(folder), formats)
    return path


def opened_picture(folder: Path, line: int) -> tuple[Finished, SourceFile]:
    """A picture of a run by its line in the journal, and its file.

    Raises:
        StorageError: the run's files are damaged.
    """
    finished = next(read_journal(folder, line))
    return finished, read_files(folder).files[finished.file]


def _results(folder: Path) -> Iterator[Result]:
    files = read_files(folder).files
    for finished in read_journal(folder):
        result = finished.result
        if isinstance(result, Inspection):
            page = replace(files[finished.file], name=result.image, page=result.page)
            yield result, partial(load_source, page)
        elif result is not None:
            yield result
