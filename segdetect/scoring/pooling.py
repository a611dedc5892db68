"""From a fine map of scores to tiles, and from cells to the tiles that hold them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from segdetect.grid import TileLayout
from segdetect.inspection import Floats, Ints

Scores = npt.NDArray[np.float32]

IGNORED: Final = np.float32(-np.inf)  # in place of a score, so that it is never among the highest
LEAST_LEFT: Final = 0.1  # share of a tile


def pool_map(values: Scores, layout: TileLayout, top_share: float) -> tuple[Floats, Ints]:
    """Pool a map over tiles.

    The map covers the picture evenly and is interpolated bilinearly between its cells' centres, at four points per cell
    and axis, at least eight per tile and axis.

    Args:
        values: `(rows, cols)` scores of the cells; NaN for cells that are ignored.
        layout: the tiles.
        top_share: share of a tile's highest points, at least one of them, that are averaged.

    Returns:
        The tiles' scores, and the cell under each tile's highest point (row-major); both `(tiles,)`. A tile that is
        ignored in part is scored on the rest of it; the score is NaN where at most a tenth of the tile is left.
    """
    rows, cols = layout.grid.rows, layout.grid.cols
    boxes = layout.boxes_ltrb.reshape(rows, cols, 4)
    ys = _points(boxes[:, 0, 1], boxes[:, 0, 3], values.shape[0] / layout.size_wh[1])
    xs = _points(boxes[0, :, 0], boxes[0, :, 2], values.shape[1] / layout.size_wh[0])
    fine = _interpolated(values, ys, xs)
    down, across = ys.shape[1], xs.shape[1]
    tiles = fine.reshape(rows, down, cols, across).transpose(0, 2, 1, 3).reshape(rows * cols, down * across)
    peak = tiles.argmax(axis=1)
    row, col = np.divmod(np.arange(rows * cols), cols)
    cell_row, cell_col = ys[row, peak // across].astype(np.int64), xs[col, peak % across].astype(np.int64)
    return _counted_means(tiles, top_share), cell_row * values.shape[1] + cell_col


def _interpolated(values: Scores, ys: Floats, xs: Floats) -> Scores:
    """The map at all points; `IGNORED` at those in cells without a value, which weigh nothing at the others."""
    down, across = _weights(ys, values.shape[0]), _weights(xs, values.shape[1])
    known = np.isfinite(values)
    if known.all():
        return np.asarray(down @ values @ across.T)
    weight = down @ known.astype(np.float32) @ across.T
    fine = down @ np.where(known, values, 0) @ across.T / np.where(weight > 0, weight, 1)
    own = known[np.ix_(ys.ravel().astype(np.int64), xs.ravel().astype(np.int64))]
    return np.asarray(np.where(own, fine, IGNORED), np.float32)


def _counted_means(points: Scores, share: float) -> Floats:
    """`(tiles,)` `_top_means` of the points that are not ignored; NaN where at most a tenth is not."""
    counted = points != IGNORED
    if counted.all():
        return _top_means(points, share)
    means = np.full(len(points), np.nan)
    for tile in np.flatnonzero(counted.mean(axis=1) > LEAST_LEFT):
        means[tile] = _top_means(points[tile, counted[tile]][None], share)[0]
    return means


def _top_means(points: Scores, share: float) -> Floats:
    """Mean of the highest share of each row's points, at least one of them."""
    count = max(1, round(share * points.shape[1]))
    top = np.partition(points, -count, axis=1)[:, -count:]
    return np.asarray(top.mean(axis=1, dtype=np.float64))


def tiles_of_cells(cell: Ints, lattice: tuple[int, int], layout: TileLayout) -> Ints:
    """The tile that holds each cell's centre; the outermost one for pixels that the blog's cut drops."""
    row, col = np.divmod(cell, lattice[1])
    width, height = layout.size_wh
    return layout.tiles_at((col + 0.5) / lattice[1] * width, (row + 0.5) / lattice[0] * height)


def _points(start: npt.NDArray[np.int32], stop: npt.NDArray[np.int32], cells_per_pixel: float) -> Floats:
    """`(tiles, points)` places spread evenly over each tile along one axis, in cells from the picture's edge."""
    count = max(8, round(4 * float((stop - start).max()) * cells_per_pixel))
    part = (np.arange(count) + 0.5) / count
    return np.asarray((start[:, None] + part * (stop - start)[:, None]) * cells_per_pixel)


def _weights(points: Floats, cells: int) -> Scores:
    """`(points, cells)` linear interpolation between cell centres, flat beyond the outermost."""
    at = np.clip(points.ravel() - 0.5, 0, cells - 1)
    return np.asarray(np.maximum(0, 1 - abs(at[:, None] - np.arange(cells))), np.float32)


def read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same array, which nobody can write to any more: what is kept is shared."""
    array.flags.writeable = False
    return array
