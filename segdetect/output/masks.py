"""What is flagged, and how odd each spot is, as pictures of the picture's own size."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
import tifffile

from segdetect import __version__
from segdetect.files import write_atomic
from segdetect.inspection import Failure, Inspection
from segdetect.output.names import PictureFiles
from segdetect.output.run import Opener, Run

MARKED: Final = 255
FOLDERS: Final = ("masks", "heatmaps")


class MaskFiles:
    """Writes `masks/` and `heatmaps/`; see `Format`."""

    def __init__(self, folder: Path, run: Run) -> None:
        masks, heat_maps = FOLDERS
        self._masks = PictureFiles(folder / masks, ".png")
        self._heat_maps = PictureFiles(folder / heat_maps, ".tiff")

    def add(self, inspection: Inspection, load: Opener) -> None:
        """Write its mask and its heat map."""
        write_atomic(self._masks.path(inspection.image), mask_png(inspection))
        write_atomic(self._heat_maps.path(inspection.image), heat_tiff(inspection))

    def add_failure(self, failure: Failure) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing: each file was whole when it was written."""


def mask(inspection: Inspection) -> npt.NDArray[np.uint8]:
    """`(height, width)` uint8: 255 where a tile is flagged, else 0, as it is where nothing was looked at."""
    width, height = inspection.size_wh
    marked = np.zeros((height, width), np.uint8)
    for left, top, right, bottom in inspection.scores.layout.boxes_ltrb[inspection.decision.flags].tolist():
        marked[top:bottom, left:right] = MARKED
    marked[_ignored(inspection)] = 0
    return marked


def heat_map(inspection: Inspection) -> npt.NDArray[np.float32]:
    """`(height, width)` float32: the score of the cell at each pixel, of its tile where a cell is a tile.

    NaN where there is no score, or nothing was looked at.
    """
    heat = _scores_of_pixels(inspection)
    heat[_ignored(inspection)] = np.nan
    return heat


def _ignored(inspection: Inspection) -> npt.NDArray[np.bool_]:
    ignore, (width, height) = inspection.settings.ignore, inspection.size_wh
    return np.zeros((height, width), np.bool_) if ignore is None else ignore.fitted((width, height))


def _scores_of_pixels(inspection: Inspection) -> npt.NDArray[np.float32]:
    scores, (width, height) = inspection.scores, inspection.size_wh
    if scores.cell_map is not None:
        rows, cols = scores.cell_map.shape
        return np.repeat(np.repeat(scores.cell_map, _sides(height, rows), axis=0), _sides(width, cols), axis=1)
    heat = np.full((height, width), np.nan, np.float32)
    for (left, top, right, bottom), score in zip(scores.layout.boxes_ltrb.tolist(), scores.scores, strict=True):
        heat[top:bottom, left:right] = score
    return heat


def mask_png(inspection: Inspection) -> bytes:
    """The mask as an 8-bit PNG."""
    _, data = cv2.imencode(".png", mask(inspection))
    return data.tobytes()


def heat_tiff(inspection: Inspection) -> bytes:
    """The heat map as a TIFF of 32-bit floats, compressed without loss."""
    buffer = io.BytesIO()
    tifffile.imwrite(
        buffer,
        heat_map(inspection),
        photometric="minisblack",
        compression="zlib",
        metadata=None,
        software=f"SegDetect {__version__}",
        description="Score of each pixel; higher is odder, NaN is none",
    )
    return buffer.getvalue()


def _sides(length: int, parts: int) -> npt.NDArray[np.int64]:
    return np.diff(np.arange(parts + 1) * length // parts)
