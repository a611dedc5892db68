"""A run as Parquet tables, with the columns of the CSV files; texts are as they are, numbers have types."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from segdetect.files import Draft
from segdetect.inspection import Failure, Inspection
from segdetect.output.run import Opener, Run
from segdetect.output.segments import SEGMENT_COLUMNS, segments_table
from segdetect.output.tables import IMAGE_COLUMNS, TILE_COLUMNS, image_row, tiles_table

# Readers skip whole groups of rows; a few thousand make good ones. What waits for one is bounded by its pieces, too.
_GROUP_ROWS: Final = 16_384
_GROUP_PIECES: Final = 512
_TYPES: Final = {
    **dict.fromkeys(("image", "nearest_image", "polygon", "sha256", "verdict", "error", "note"), pa.string()),
    **dict.fromkeys(
        ("score", "nearest_similarity", "max_score", "area_mm2", "threshold", "seconds", "ignored"), pa.float64()
    ),
}


def _schema(columns: tuple[str, ...], **special: Any) -> pa.Schema:
    return pa.schema([(name, special.get(name, _TYPES.get(name, pa.int64()))) for name in columns])


_TILES: Final = _schema(TILE_COLUMNS, flagged=pa.bool_())
_SEGMENTS: Final = _schema(SEGMENT_COLUMNS)
_IMAGES: Final = _schema(IMAGE_COLUMNS)


class ParquetFiles:
    """Writes `tiles.parquet`, `flagged_segments.parquet`, `segments.parquet` and `images.parquet`; see `Format`."""

    def __init__(self, folder: Path, run: Run) -> None:
        self._scale = run.mm_per_pixel
        self._tiles = _ParquetTable(folder / "tiles.parquet", _TILES)
        self._flagged = _ParquetTable(folder / "flagged_segments.parquet", _TILES)
        self._segments = _ParquetTable(folder / "segments.parquet", _SEGMENTS)
        self._images = _ParquetTable(folder / "images.parquet", _IMAGES)

    def add(self, inspection: Inspection, load: Opener) -> None:
        """Take a picture's rows."""
        table = tiles_table(inspection)
        self._tiles.append(table)
        self._flagged.append(table[table["flagged"]])
        self._segments.append(segments_table(inspection, mm_per_pixel=self._scale))
        self._add_row(inspection)

    def add_failure(self, failure: Failure) -> None:
        """Take its row among the pictures."""
        self._add_row(failure)

    def end(self) -> None:
        """Write what is left and put the files in their places."""
        # Each, also where another fails.
        with ExitStack() as ending:
            for table in (self._tiles, self._flagged, self._segments, self._images):
                ending.callback(table.end)

    def _add_row(self, result: Inspection | Failure) -> None:
        row = {name: None if value == "" else value for name, value in image_row(result).items()}
        self._images.append(pd.DataFrame([row], dtype=object))


def parquet_bytes(inspection: Inspection) -> bytes:
    """All tiles of one inspection as a Parquet file."""
    sink = pa.BufferOutputStream()
    pq.write_table(_arrow(tiles_table(inspection), _TILES), sink)
    return bytes(sink.getvalue())


class _ParquetTable:
    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._schema = schema
        self._draft = Draft(path)
        self._writer = pq.ParquetWriter(self._draft.file, schema)
        self._waiting: list[pd.DataFrame] = []
        self._rows = 0

    def append(self, table: pd.DataFrame) -> None:
        if len(table):
            self._waiting.append(table)
            self._rows += len(table)
        if self._rows >= _GROUP_ROWS or len(self._waiting) >= _GROUP_PIECES:
            self._write()

    def end(self) -> None:
        with self._draft.ending():
            self._write()
            self._writer.close()

    def _write(self) -> None:
        if self._rows:
            self._writer.write_table(_arrow(pd.concat(self._waiting, ignore_index=True), self._schema))
        self._waiting, self._rows = [], 0


def _arrow(table: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    # Which version of pandas made it is nobody's business, and would make equal tables differ.
    return pa.Table.from_pandas(table, schema, preserve_index=False).replace_schema_metadata()
