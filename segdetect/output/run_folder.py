"""The folder that a run leaves, in the formats that outside tools rely on."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self, TextIO

import pandas as pd

from segdetect import __version__
from segdetect.files import storage_errors, write_atomic
from segdetect.inspection import Failure, Inspection
from segdetect.output.annotation import png_bytes
from segdetect.output.tables import IMAGE_COLUMNS, TILE_COLUMNS, image_row, safe_table, tiles_table
from segdetect.pictures.left_out import LeftOut
from segdetect.pictures.loading import LoadedImage
from segdetect.pictures.names import folded
from segdetect.settings import Settings


class RunWriter:
    """Writes a run's files as the answers come, so that a run that is stopped leaves what was done.

    Use as a context manager.

    Args:
        folder: made where it is absent; files of an earlier run in it are replaced.
        settings: what was asked for.
        engine: name of the engine that runs.
        engine_version: its version.
        bom: whether CSV files begin with the byte order mark that tells Excel that they are UTF-8.

    Raises:
        StorageError: the folder cannot be written, or the disk is full.
    """

    def __init__(
        self, folder: Path, settings: Settings, *, engine: str, engine_version: str, bom: bool = False
    ) -> None:
        self._folder = folder
        self._encoding = "utf-8-sig" if bom else "utf-8"
        self._files = ExitStack()
        self._taken: set[str] = set()
        started = datetime.now(UTC).isoformat(timespec="seconds")
        run = {
            "segdetect": __version__,
            "engine": engine,
            "engine_version": engine_version,
            "started": started,
            "settings": asdict(settings),
        }
        with storage_errors(folder):
            (folder / "annotated").mkdir(parents=True, exist_ok=True)
            write_atomic(folder / "run.json", (json.dumps(run, indent=2) + "\n").encode())
            self._tiles = self._open("tiles.csv", TILE_COLUMNS)
            self._flagged = self._open("flagged_segments.csv", TILE_COLUMNS)
            self._images = self._open("images.csv", IMAGE_COLUMNS)

    def _open(self, name: str, columns: Sequence[str]) -> TextIO:
        file = self._files.enter_context(
            (self._folder / name).open("w", newline="", encoding=self._encoding, errors="replace")
        )
        csv.writer(file, lineterminator="\n").writerow(columns)
        return file

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with storage_errors(self._folder):
            self._files.close()

    def add(self, inspection: Inspection, image: LoadedImage) -> None:
        """Write one answer: its tiles, its row and its annotated picture."""
        table = tiles_table(inspection)
        with storage_errors(self._folder):
            _append(self._tiles, table)
            _append(self._flagged, table[table["flagged"]])
            write_atomic(self._annotated_path(inspection.image), png_bytes(image, inspection))
            self._add_row(inspection)

    def add_failure(self, failure: Failure) -> None:
        """Write the row of a picture that could not be inspected."""
        with storage_errors(self._folder):
            self._add_row(failure)

    def add_left_out(self, left_out: LeftOut) -> None:
        """Write the row of what may be a picture and was not inspected."""
        with storage_errors(self._folder):
            self._add_row(left_out)

    def _add_row(self, result: Inspection | Failure | LeftOut) -> None:
        _append(self._images, pd.DataFrame([image_row(result)], columns=list(IMAGE_COLUMNS)))

    def _annotated_path(self, name: str) -> Path:
        wanted = self._folder / "annotated" / annotated_name(name)
        path, number = wanted, 2
        while folded(str(path)) in self._taken:
            path, number = wanted.with_name(f"{wanted.stem}-{number}.png"), number + 1
        self._taken.add(folded(str(path)))
        return path


def annotated_name(name: str) -> PurePosixPath:
    """Where a picture's annotated copy lies below `annotated/`; never outside it, whatever the name.

    >>> str(annotated_name("cloth/a.jpg")), str(annotated_name("../../etc/a.png"))
    ('cloth/a.png', 'a.png')
    >>> str(annotated_name("scan.tif#2"))
    'scan#2.png'
    """
    # Control characters, and what Python makes of bytes in a file's name that are no UTF-8, cannot be named everywhere;
    # "C:" in front of a part leads to another drive on Windows.
    parts = [
        re.sub(r"[\x00-\x1f\ud800-\udfff]|(?<=^[\s\S]):", "_", part)
        for part in PurePosixPath(name.replace("\\", "/")).parts
    ]
    # "//" at the beginning is a root of its own.
    if not parts or parts[0].startswith("/") or ".." in parts:
        parts = parts[-1:]
    # File systems allow 255 bytes per name; leave room for the ending and a number.
    safe = [part.encode()[:230].decode(errors="ignore") for part in parts if part not in ("/", "//", "..", ".")]
    if not safe:
        return PurePosixPath("image.png")
    page = re.search(r"(?<=[^#])#+\d+$", safe[-1])
    last = safe[-1][: page.start()] if page else safe[-1]
    stem = (PurePosixPath(last).stem or last) + (page[0] if page else "")
    # Folders never end in .png and pictures always do, so that neither is in the other's place.
    folders = [f"{part}_" if part.lower().endswith(".png") else part for part in safe[:-1]]
    return PurePosixPath(*folders, f"{stem}.png")


def _append(file: TextIO, table: pd.DataFrame) -> None:
    safe_table(table).to_csv(file, index=False, header=False, lineterminator="\n")
    file.flush()
