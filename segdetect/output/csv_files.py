"""A run as CSV tables; `RunWriter` puts its annotated pictures beside them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import pandas as pd

from segdetect.inspection import Failure, Inspection
from segdetect.output.run import Opener, Run
from segdetect.output.segments import SEGMENT_COLUMNS, segments_table
from segdetect.output.tables import TILE_COLUMNS, csv_text, tiles_table


class CsvFiles:
    """Writes `tiles.csv`, `flagged_segments.csv` and `segments.csv`; see `Format`."""

    def __init__(self, folder: Path, run: Run) -> None:
        self._run = run
        self._files = ExitStack()
        self._tiles = self._table(folder / "tiles.csv", TILE_COLUMNS)
        self._flagged = self._table(folder / "flagged_segments.csv", TILE_COLUMNS)
        self._segments = self._table(folder / "segments.csv", SEGMENT_COLUMNS)

    def _table(self, path: Path, columns: Sequence[str]) -> CsvTable:
        return self._files.enter_context(CsvTable(path, columns, bom=self._run.bom))

    def add(self, inspection: Inspection, load: Opener) -> None:
        """Write a picture's rows."""
        table = tiles_table(inspection)
        self._tiles.append(table)
        # Most pictures of a run are clean, and an empty table takes as long as a full one.
        if inspection.decision.flags.any():
            self._flagged.append(table[table["flagged"]])
            self._segments.append(segments_table(inspection, mm_per_pixel=self._run.mm_per_pixel))

    def add_failure(self, failure: Failure) -> None:
        """Nothing: `images.csv` names it."""

    def end(self) -> None:
        """Close the tables."""
        self._files.close()


class CsvTable:
    """A CSV file whose rows are on disk as soon as they are written. Use as a context manager.

    Args:
        path: the file; one that is there is replaced.
        columns: its header.
        bom: whether it begins with the byte order mark.

    Raises:
        OSError: it cannot be written.
    """

    def __init__(self, path: Path, columns: Sequence[str], *, bom: bool = False) -> None:
        header = io.StringIO()
        csv.writer(header, lineterminator="\n").writerow(columns)
        with ExitStack() as opened:
            self._file = opened.enter_context(path.open("wb", buffering=0))
            self._whole = 0
            self._write(("\ufeff" if bom else "") + header.getvalue())
            opened.pop_all()

    def __enter__(self) -> CsvTable:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def append(self, table: pd.DataFrame) -> None:
        """Write the rows of a table, whose columns are those of the file: all of them, or none where that fails."""
        if len(table):
            self._write(csv_text(table, header=False))

    def _write(self, text: str) -> None:
        left = memoryview(text.encode(errors="replace"))
        try:
            while left:
                left = left[self._file.write(left) :]
        except BaseException:
            # A row that is cut off would be read as another one.
            with suppress(OSError):  # no file has an end where this one is a device
                self._file.truncate(self._whole)
            raise
        self._whole = self._file.tell()
