"""Which cells take no part: those that are mostly no measurement, or whatever else is not to be looked at."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import cv2
import numpy as np

from segdetect.engines.base import Embeddings
from segdetect.grid import Boxes
from segdetect.inspection import Flags
from segdetect.regions import Regions

MOST_IGNORED: Final = 0.5  # share of a cell's pixels
# In cells, around each: so far off it is seen what lies there. On plain cloth (texture) the cells next to a white label
# score up to 1.9 times what is typical, about as without a label; 7.4 times without this margin, and 6.4 times where
# the label is filled with its surroundings before the picture is described, which would cost a description each time.
SEEN_AROUND: Final = 1.0


def without_ignored(picture: Embeddings, valid: Flags | None) -> Embeddings:
    """The description with those cells marked of which more than half of the pixels do not count.

    They are in no bank and have no score. Without any, the description is returned as it is.

    Args:
        picture: the description.
        valid: `(height, width)` False for pixels that do not count; None when all do.
    """
    if valid is None:
        return picture
    if picture.finer is not None:
        picture = replace(picture, finer=without_ignored(picture.finer, valid))
    ignored = valid_shares(valid, picture.boxes_ltrb) < 1 - MOST_IGNORED
    ignored.flags.writeable = False
    return replace(picture, ignored=ignored) if ignored.any() else picture


def without_regions(picture: Embeddings, regions: Regions | None) -> Embeddings:
    """The description of a dense engine with those cells marked, too, which regions to ignore reach, or nearly.

    A cell's vector tells of more than its pixels, so those within a cell of the regions are marked with them.

    Args:
        picture: the description.
        regions: for pictures of its proportions; None for none.
    """
    if regions is None:
        return picture
    if picture.finer is not None:
        picture = replace(picture, finer=without_regions(picture.finer, regions))
    cells = picture.boxes_ltrb.astype(np.float64)
    margin = SEEN_AROUND * (cells[:, 2:] - cells[:, :2])
    size_wh = cells[:, 2:].max(axis=0)
    scale = np.asarray(regions.size_wh) / size_wh
    first = np.floor(np.clip(cells[:, :2] - margin, 0, size_wh) * scale)
    last = np.ceil(np.clip(cells[:, 2:] + margin, 0, size_wh) * scale)
    seen = np.hstack([first, np.maximum(last, first + 1)]).astype(np.int32)
    ignored = valid_shares(regions.pixels, np.minimum(seen, np.tile(regions.size_wh, 2)).astype(np.int32)) > 0
    ignored = ignored if picture.ignored is None else ignored | picture.ignored
    ignored.flags.writeable = False
    return replace(picture, ignored=ignored) if ignored.any() else picture


def valid_shares(valid: Flags, boxes_ltrb: Boxes) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """`(n,)` the share of each box's pixels that count, 0..1.

    >>> valid_shares(np.array([[True, False]]), np.array([[0, 0, 2, 1], [0, 0, 1, 1]], np.int32)).tolist()
    [0.5, 1.0]
    """
    sums = cv2.integral(valid.astype(np.uint8))
    left, top, right, bottom = boxes_ltrb.T
    inside = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
    return np.asarray(inside / ((right - left) * (bottom - top)))
