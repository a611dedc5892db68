"""Which cells take no part: those that are mostly no measurement, or whatever else is not to be looked at."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import cv2
import numpy as np

from segdetect.engines.base import Embeddings
from segdetect.grid import Boxes
from segdetect.inspection import Flags

MOST_IGNORED: Final = 0.5  # share of a cell's pixels


def without_ignored(picture: Embeddings, valid: Flags | None) -> Embeddings:
    """The description with those cells marked of which more than half of the pixels do not count.

    They are in no bank and have no score. Without any, the description is returned as it is.

    Args:
        picture: the description.
        valid: `(height, width)` False for pixels that do not count; None when all do.
    """
    if valid is None:
        return picture
    ignored = valid_shares(valid, picture.boxes_ltrb) < 1 - MOST_IGNORED
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
