"""What fastdup reads and writes: tiles as PNG files, features as a binary file with a list of names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from segdetect.engines.base import EmbedRequest, Vectors
from segdetect.engines.fastdup.remedies import RETRY
from segdetect.engines.fastdup.worker_process import temporary_storage_error
from segdetect.errors import EngineFailedError
from segdetect.grid import Boxes
from segdetect.pictures.loading import Pixels

FEATURE_LENGTH: Final = 576
MAX_RUN_TILES: Final = 4000
MAX_RUN_PIXELS: Final = 100_000_000  # tiles are saved uncompressed: 300 MB of temporary files
TILE_LIST: Final = "tiles.txt"
WORK_FOLDER: Final = "work"


def split_in_runs(requests: Sequence[EmbedRequest]) -> Iterator[list[EmbedRequest]]:
    """Group pictures, in order, so that a run has at most 4000 tiles and 100 megapixels or is a single picture."""
    batch: list[EmbedRequest] = []
    tiles = pixels = 0
    for request in requests:
        more_tiles, more_pixels = len(request.layout.boxes_ltrb), _area(request.layout.boxes_ltrb)
        if batch and (tiles + more_tiles > MAX_RUN_TILES or pixels + more_pixels > MAX_RUN_PIXELS):
            yield batch
            batch, tiles, pixels = [], 0, 0
        batch.append(request)
        tiles, pixels = tiles + more_tiles, pixels + more_pixels
    if batch:
        yield batch


def save_tiles(request: EmbedRequest, folder: Path, first: int) -> list[str]:
    """Save a picture's tiles as `000000.png` and so on in `folder`, where nothing of the user's names a file.

    Args:
        request: the picture and its tiles.
        folder: an existing folder.
        first: number of the first tile.

    Returns:
        The files' paths, in tile order.

    Raises:
        StorageError: the disk is full or cannot be written.
    """
    files = []
    pixels = request.image.filled
    for number, (left, top, right, bottom) in enumerate(request.layout.boxes_ltrb.tolist(), first):
        path = folder / f"{number:06d}.png"
        try:
            path.write_bytes(_as_png(pixels[top:bottom, left:right]))
        except OSError as error:
            raise temporary_storage_error(error, folder.parent) from error
        files.append(str(path))
    return files


def save_list(files: Sequence[str], path: Path) -> None:
    """Save the tiles' paths, one on a line: given a folder, fastdup lists it by `find`, `grep` and `sort` in a shell.

    Raises:
        StorageError: the disk is full or cannot be written.
    """
    try:
        path.write_text("".join(f"{file}\n" for file in files), "ascii")
    except OSError as error:
        raise temporary_storage_error(error, path.parent) from error


def read_features(folder: Path, files: Sequence[str]) -> Vectors:
    """What `fastdup.load_binary_feature` returns, checked against the tiles asked for.

    Args:
        folder: fastdup's work folder.
        files: the tiles' paths, in order.

    Returns:
        `(len(files), 576)` float32, finite, as fastdup wrote them.

    Raises:
        EngineFailedError: a tile is missing or out of order, or a feature is not a number.
    """
    try:
        listed = (folder / "atrain_features.dat.csv").read_text("utf-8").splitlines()[1:]
        features = np.fromfile(folder / "atrain_features.dat", "<f4")
    except OSError as error:
        raise EngineFailedError(f"fastdup left no features: {error.strerror}", remedy=RETRY) from error
    except UnicodeDecodeError as error:
        raise EngineFailedError("fastdup's list of features is damaged", remedy=RETRY) from error
    if listed != [f"{number},{file}" for number, file in enumerate(files)]:
        raise EngineFailedError(f"fastdup described {len(listed)} of {len(files)} tiles", remedy=RETRY)
    if features.size != len(files) * FEATURE_LENGTH or not np.isfinite(features).all():
        raise EngineFailedError("fastdup's features are incomplete or not numbers", remedy=RETRY)
    return features.reshape(len(files), FEATURE_LENGTH)


def _area(boxes_ltrb: Boxes) -> int:
    sides = boxes_ltrb[:, 2:].astype(np.int64) - boxes_ltrb[:, :2]
    return int(sides.prod(axis=1).sum())


def _as_png(pixels: Pixels) -> memoryview:
    # Uncompressed is the fastest to write and to read: 37 ms for 49 tiles of 146 px, against 87 ms at level 1.
    _, encoded = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 0])
    return encoded.data
