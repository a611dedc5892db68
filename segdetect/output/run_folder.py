"""The folder that a run leaves, in the formats that outside tools rely on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

import pandas as pd

from segdetect.errors import InputError
from segdetect.files import remove_unfinished, storage_errors, write_atomic
from segdetect.inspection import Failure, Inspection
from segdetect.output.annotation import png_bytes
from segdetect.output.csv_files import CsvTable
from segdetect.output.formats import DEFAULT_FORMATS, FORMATS, Format, FormatName
from segdetect.output.names import PictureFiles
from segdetect.output.run import Opener, Run
from segdetect.output.tables import IMAGE_COLUMNS, image_row
from segdetect.pictures.left_out import LeftOut


class RunWriter:
    """Writes a run's files as the answers come, so that a run that is stopped leaves what was done.

    Whatever the formats, there are `run.json` and `images.csv`. Use as a context manager.

    Args:
        folder: made where it is absent; files of an earlier run in it are replaced, and what it left half written goes.
        run: what all answers have in common.
        formats: what is written.

    Raises:
        StorageError: the folder cannot be written, or the disk is full.
    """

    def __init__(self, folder: Path, run: Run, formats: Sequence[FormatName] = DEFAULT_FORMATS) -> None:
        self._folder = folder
        self._formats: list[Format] = []
        with storage_errors(folder), ExitStack() as begun:
            folder.mkdir(parents=True, exist_ok=True)
            remove_unfinished(folder)
            write_atomic(folder / "run.json", (json.dumps(run.record, indent=2) + "\n").encode())
            # Drawn by whoever inspects, where the pixels are.
            self._annotated = PictureFiles(folder / "annotated", ".png") if FormatName.CSV in formats else None
            self._images = begun.enter_context(CsvTable(folder / "images.csv", IMAGE_COLUMNS, bom=run.bom))
            for name in dict.fromkeys(formats):
                self._formats.append(FORMATS[name](folder, run))
                begun.callback(self._formats[-1].end)
            self._begun = begun.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with storage_errors(self._folder):
            self._begun.close()

    def add(
        self, inspection: Inspection, load: Opener, annotated: bytes | None = None, *, may_lack: bool = False
    ) -> None:
        """Write one answer.

        Args:
            inspection: the answer.
            load: opens its picture where a format needs the pixels; what it raises is raised.
            annotated: the annotated picture as PNG, where it is drawn already; empty where its file should be there.
            may_lack: the rows are written also where that file has gone and the picture cannot be opened any more.
        """
        with storage_errors(self._folder):
            # First of all, since opening the picture may fail.
            with suppress(*((InputError,) if may_lack else ())):
                self._write_annotated(inspection, load, annotated)
            for files in self._formats:
                files.add(inspection, load)
            self._add_row(inspection)

    def _write_annotated(self, inspection: Inspection, load: Opener, annotated: bytes | None) -> None:
        if self._annotated is None:
            return
        path = self._annotated.path(inspection.image)
        if annotated or annotated is None or not path.is_file():
            write_atomic(path, annotated or png_bytes(load(), inspection))

    def add_failure(self, failure: Failure) -> None:
        """Write what is known of a picture that could not be inspected."""
        with storage_errors(self._folder):
            for files in self._formats:
                files.add_failure(failure)
            self._add_row(failure)

    def add_left_out(self, left_out: LeftOut) -> None:
        """Write the row of what may be a picture and was not inspected."""
        with storage_errors(self._folder):
            self._add_row(left_out)

    def _add_row(self, result: Inspection | Failure | LeftOut) -> None:
        self._images.append(pd.DataFrame([image_row(result)], columns=list(IMAGE_COLUMNS)))
