"""What engines share: vectors of unit length, and the boxes of an even lattice of cells."""

from __future__ import annotations

import numpy as np

from segdetect.engines.base import Vectors
from segdetect.grid import Boxes


def unit_rows(vectors: Vectors) -> Vectors:
    """Divide each row of `(n, d)` float32 by its length; an all-zero row stays as it is. The result is read-only.

    >>> unit_rows(np.array([[3, 4], [0, 0]], np.float32)).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    unit: Vectors = (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    unit.flags.writeable = False
    return unit


def cell_boxes(size_wh: tuple[int, int], lattice: tuple[int, int]) -> Boxes:
    """Pixel boxes of cells that cover a picture evenly.

    Args:
        size_wh: the picture's width and height in pixels.
        lattice: rows and columns of cells.

    Returns:
        `(rows * cols, 4)` int32, row-major; right and bottom are exclusive.
    """
    xs, ys = (np.arange(cells + 1) * side // cells for side, cells in zip(size_wh, lattice[::-1], strict=True))
    top, left = np.meshgrid(ys[:-1], xs[:-1], indexing="ij")
    bottom, right = np.meshgrid(ys[1:], xs[1:], indexing="ij")
    boxes = np.asarray(np.stack([left, top, right, bottom], axis=-1).reshape(-1, 4), np.int32)
    boxes.flags.writeable = False
    return boxes
