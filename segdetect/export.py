"""Answers as tables and files, in the formats that outside tools rely on."""

from __future__ import annotations

import csv
import errno
import io
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, Final, Self, TextIO

import pandas as pd

from segdetect import __version__
from segdetect.annotation import annotate
from segdetect.errors import SegDetectError, StorageError
from segdetect.images import LoadedImage
from segdetect.inspection import Inspection
from segdetect.settings import Settings

TILE_COLUMNS: Final = (
    *("image", "tile", "row", "col", "left", "top", "right", "bottom", "score", "rank", "flagged"),
    *("nearest_image", "nearest_tile", "nearest_similarity"),
)
IMAGE_COLUMNS: Final = (
    *("image", "sha256", "width", "height", "verdict", "flagged", "max_score", "threshold", "seconds", "error"),
)


@dataclass(frozen=True, slots=True)
class Failure:
    """A picture that could not be inspected.

    Args:
        image: its name as given.
        error: why, with the remedy.
        sha256: hex digest of its bytes; empty where they could not be read.
    """

    image: str
    error: SegDetectError
    sha256: str = ""


def tiles_table(inspection: Inspection) -> pd.DataFrame:
    """A row per tile, in tile order, with the columns `TILE_COLUMNS`; rows, columns and tiles count from 0."""
    scores = inspection.scores
    left, top, right, bottom = scores.layout.boxes_ltrb.T
    tiles = range(len(scores.scores))
    cols = scores.layout.grid.cols
    has_nearest = scores.nearest_source >= 0
    names = [scores.sources[s].name if ok else "" for s, ok in zip(scores.nearest_source, has_nearest, strict=True)]
    columns = {
        "image": inspection.image,
        "tile": tiles,
        "row": [tile // cols for tile in tiles],
        "col": [tile % cols for tile in tiles],
        **{"left": left, "top": top, "right": right, "bottom": bottom},
        "score": scores.scores,
        "rank": scores.ranks,
        "flagged": inspection.decision.flags,
        "nearest_image": names,
        "nearest_tile": pd.array(
            [t if ok else pd.NA for t, ok in zip(scores.nearest_tile, has_nearest, strict=True)], dtype="Int64"
        ),
        "nearest_similarity": scores.nearest_similarity,
    }
    return pd.DataFrame(columns, columns=list(TILE_COLUMNS))


def flagged_table(inspection: Inspection) -> pd.DataFrame:
    """The flagged rows of `tiles_table`."""
    table = tiles_table(inspection)
    return table[table["flagged"]].reset_index(drop=True)


def image_row(result: Inspection | Failure) -> dict[str, Any]:
    """One row of images.csv, with the keys `IMAGE_COLUMNS`."""
    if isinstance(result, Failure):
        return dict.fromkeys(IMAGE_COLUMNS, "") | {
            "image": result.image,
            "sha256": result.sha256,
            "error": str(result.error),
        }
    width, height = result.size_wh
    return {
        "image": result.image,
        "sha256": result.sha256,
        "width": width,
        "height": height,
        "verdict": result.decision.verdict.value,
        "flagged": int(result.decision.flags.sum()),
        "max_score": float(result.scores.scores.max()),
        "threshold": result.decision.threshold,
        "seconds": round(result.total_seconds, 4),
        "error": "",
    }


def csv_bytes(table: pd.DataFrame) -> bytes:
    """The table as UTF-8 CSV, numbers at full precision."""
    return table.to_csv(index=False, lineterminator="\n").encode()


def png_bytes(image: LoadedImage, inspection: Inspection) -> bytes:
    """The annotated picture as PNG, at the picture's own size."""
    buffer = io.BytesIO()
    annotate(image, inspection).save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


class RunWriter:
    """Writes a run's files as the answers come, so that a run that is stopped leaves what was done.

    Use as a context manager.

    Args:
        folder: made where it is absent; files of an earlier run in it are replaced.
        settings: what was asked for.
        engine: name of the engine that runs.
        engine_version: its version.

    Raises:
        StorageError: the folder cannot be written, or the disk is full.
    """

    def __init__(self, folder: Path, settings: Settings, *, engine: str, engine_version: str) -> None:
        self._folder = folder
        self._files = ExitStack()
        self._taken: set[Path] = set()
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
            (folder / "run.json").write_text(json.dumps(run, indent=2) + "\n")
            self._tiles = self._open("tiles.csv", TILE_COLUMNS)
            self._flagged = self._open("flagged_segments.csv", TILE_COLUMNS)
            self._images = self._open("images.csv", IMAGE_COLUMNS)

    def _open(self, name: str, columns: Sequence[str]) -> TextIO:
        file = self._files.enter_context((self._folder / name).open("w", newline="", encoding="utf-8"))
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
            path = self._annotated_path(inspection.image)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png_bytes(image, inspection))
            self._add_row(inspection)

    def add_failure(self, failure: Failure) -> None:
        """Write the row of a picture that could not be inspected."""
        with storage_errors(self._folder):
            self._add_row(failure)

    def _add_row(self, result: Inspection | Failure) -> None:
        _append(self._images, pd.DataFrame([image_row(result)], columns=list(IMAGE_COLUMNS)))

    def _annotated_path(self, name: str) -> Path:
        wanted = self._folder / "annotated" / annotated_name(name)
        path, number = wanted, 2
        while path in self._taken:
            path, number = wanted.with_name(f"{wanted.stem}-{number}.png"), number + 1
        self._taken.add(path)
        return path


def annotated_name(name: str) -> PurePosixPath:
    """Where a picture's annotated copy lies below `annotated/`; never outside it, whatever the name.

    >>> str(annotated_name("cloth/a.jpg")), str(annotated_name("../../etc/a.png"))
    ('cloth/a.png', 'a.png')
    """
    # Control characters, and what Python makes of bytes in a file's name that are no UTF-8, cannot be named everywhere.
    parts = [re.sub(r"[\x00-\x1f\ud800-\udfff]", "_", part) for part in PurePosixPath(name.replace("\\", "/")).parts]
    # "//" at the beginning is a root of its own.
    if not parts or parts[0].startswith("/") or ".." in parts:
        parts = parts[-1:]
    # File systems allow 255 bytes per name; leave room for the ending and a number.
    safe = [part.encode()[:230].decode(errors="ignore") for part in parts if part not in ("/", "//", "..", ".")]
    if not safe:
        return PurePosixPath("image.png")
    stem = PurePosixPath(safe[-1]).stem or safe[-1]
    # Folders never end in .png and pictures always do, so that neither is in the other's place.
    folders = [f"{part}_" if part.lower().endswith(".png") else part for part in safe[:-1]]
    return PurePosixPath(*folders, f"{stem}.png")


def _append(file: TextIO, table: pd.DataFrame) -> None:
    table.to_csv(file, index=False, header=False, lineterminator="\n")
    file.flush()


@contextmanager
def storage_errors(folder: Path) -> Iterator[None]:
    """Turn what the file system says into a `StorageError`."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        problem = "the disk is full" if full else f"it cannot be written ({error.strerror or error})"
        remedy = "Free some space or choose another folder" if full else "Choose a folder that you may write to"
        raise StorageError(problem, remedy=remedy, file=str(folder)) from error
