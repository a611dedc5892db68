"""The boxes of the tiles that a picture is cut into."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from segdetect.errors import GridTooFineError
from segdetect.message import counted
from segdetect.settings import MAX_GRID, GridSize

# fastdup refuses smaller pictures (ERROR_IMAGE_TOO_SMALL), and nothing can be told from fewer pixels anyway.
MIN_TILE_SIDE: Final = 10
# Tiles that are so many times as long as wide.
_LONG: Final = 3

Boxes = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class TileLayout:
    """Where the tiles of one picture lie.

    Args:
        grid: rows and columns.
        size_wh: the picture's width and height in pixels.
        boxes_ltrb: `(grid.tiles, 4)` int32, row-major; right and bottom are exclusive.
        stock: True for the blog's cut, which drops the pixels left over on the right and at the bottom.
        shifted: True when the inner edges lie half a tile beside those of the plain grid.
    """

    grid: GridSize
    size_wh: tuple[int, int]
    boxes_ltrb: Boxes
    stock: bool = False
    shifted: bool = False

    @property
    def key(self) -> tuple[object, ...]:
        """Two layouts with equal keys have equal boxes."""
        return (self.grid.rows, self.grid.cols, *self.size_wh, self.stock and not self._divides(), self.shifted)

    def tiles_at(self, x: npt.ArrayLike, y: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """The tile that holds each point, in pixels; the nearest one for pixels that the blog's cut drops."""
        boxes = self.boxes_ltrb.reshape(self.grid.rows, self.grid.cols, 4)
        row = np.minimum(np.searchsorted(boxes[:, 0, 3], y, side="right"), self.grid.rows - 1)
        col = np.minimum(np.searchsorted(boxes[0, :, 2], x, side="right"), self.grid.cols - 1)
        return np.asarray(row * self.grid.cols + col, np.int64)

    def _divides(self) -> bool:
        return self.size_wh[0] % self.grid.cols == 0 and self.size_wh[1] % self.grid.rows == 0


def tile_layout(size_wh: tuple[int, int], grid: GridSize, *, stock: bool = False, name: str = "") -> TileLayout:
    """Cut a picture in a grid.

    The default cut covers every pixel exactly once, with sides that differ by at most one pixel. The `stock` cut is the
    blog's: every tile has the same size, `width // cols` by `height // rows`, and the rest is dropped.

    Args:
        size_wh: the picture's width and height in pixels.
        grid: rows and columns.
        stock: use the blog's cut.
        name: the picture's name, for the error.

    Raises:
        GridTooFineError: a tile would be narrower or lower than 10 pixels; names the largest grid that fits.

    >>> tile_layout((30, 20), GridSize(2, 3)).boxes_ltrb[:2].tolist()
    [[0, 0, 10, 10], [10, 0, 20, 10]]
    """
    width, height = size_wh
    if width // grid.cols < MIN_TILE_SIDE or height // grid.rows < MIN_TILE_SIDE:
        raise GridTooFineError(
            f"{width} x {height} pixels are too few for a grid of {grid}: tiles need at least "
            f"{MIN_TILE_SIDE} x {MIN_TILE_SIDE} pixels",
            remedy=_largest_grid(size_wh),
            file=name,
        )
    xs, ys = _edges(width, grid.cols, stock), _edges(height, grid.rows, stock)
    return TileLayout(grid, size_wh, _boxes(xs, ys), stock)


def fitting_grid(size_wh: tuple[int, int]) -> GridSize | None:
    """The finest grid that a picture is large enough for, as many rows as columns where that can be; None for none.

    >>> fitting_grid((50, 90)), fitting_grid((9, 300))
    (GridSize(rows=5, cols=5), None)
    """
    cols, rows = (min(MAX_GRID, side // MIN_TILE_SIDE) for side in size_wh)
    if min(rows, cols) > 1:
        rows = cols = min(rows, cols)
    return GridSize(rows, cols) if rows * cols > 1 else None


def square_grid(size_wh: tuple[int, int], grid: GridSize) -> GridSize | None:
    """A grid of about as many tiles, nearly square ones, where those of `grid` are long; None where they are not.

    Long are tiles of three times their own width or height. A plain grid cuts a strip in such ones, in which a defect
    fills little of a tile. Of a strip so long that no grid has square tiles, the best that can be is one whose tiles
    are not half as long for their width.

    Args:
        size_wh: the picture's width and height in pixels.
        grid: the grid as it is.

    >>> square_grid((4000, 300), GridSize(7, 7)), square_grid((1250, 500), GridSize(7, 7))
    (GridSize(rows=2, cols=27), None)
    >>> square_grid((6000, 60), GridSize(6, 6))
    GridSize(rows=1, cols=32)
    """
    width, height = size_wh
    rows = _within(math.sqrt(grid.tiles * height / width), height)
    cols = _within(rows * width / height, width)
    now, then = _length(size_wh, grid.rows, grid.cols), _length(size_wh, rows, cols)
    if now < _LONG or then >= max(_LONG, now / 2) or rows * cols < 2:
        return None
    return GridSize(rows, cols)


def _within(parts: float, side: int) -> int:
    """A whole number of parts that a side may be cut in."""
    return max(1, min(round(parts), MAX_GRID, side // MIN_TILE_SIDE))


def _length(size_wh: tuple[int, int], rows: int, cols: int) -> float:
    """How many times as long as wide the tiles are, 1 or more."""
    ratio = size_wh[0] * rows / (size_wh[1] * cols)
    return max(ratio, 1 / ratio)


def shifted_layout(size_wh: tuple[int, int], grid: GridSize) -> TileLayout | None:
    """The grid moved by half a tile right and down, with the outermost tiles widened to cover what is left over.

    It has one row and one column less than `grid`; None where that leaves fewer than two tiles.

    >>> layout = shifted_layout((40, 40), GridSize(4, 4))
    >>> layout.boxes_ltrb[0].tolist(), layout.boxes_ltrb[-1].tolist()
    ([0, 0, 15, 15], [25, 25, 40, 40])
    """
    rows, cols = grid.rows - 1, grid.cols - 1
    if rows * cols < 2:
        return None
    width, height = size_wh
    xs, ys = _middles(width, grid.cols), _middles(height, grid.rows)
    return TileLayout(GridSize(rows, cols), size_wh, _boxes(xs, ys), shifted=True)


def _middles(length: int, parts: int) -> npt.NDArray[np.int64]:
    """Edges in the middle of each tile, the first and last moved to the picture's border."""
    middles = (2 * np.arange(parts) + 1) * length // (2 * parts)
    middles[0], middles[-1] = 0, length
    return middles


def _boxes(xs: npt.NDArray[np.int64], ys: npt.NDArray[np.int64]) -> Boxes:
    top, left = np.meshgrid(ys[:-1], xs[:-1], indexing="ij")
    bottom, right = np.meshgrid(ys[1:], xs[1:], indexing="ij")
    boxes: Boxes = np.stack([left, top, right, bottom], axis=-1).reshape(-1, 4).astype(np.int32)
    boxes.flags.writeable = False
    return boxes


def _edges(length: int, parts: int, stock: bool) -> npt.NDArray[np.int64]:
    steps = np.arange(parts + 1)
    return np.asarray(steps * (length // parts) if stock else steps * length // parts, np.int64)


def _largest_grid(size_wh: tuple[int, int]) -> str:
    cols, rows = (min(MAX_GRID, side // MIN_TILE_SIDE) for side in size_wh)
    if rows * cols < 2:
        return f"Use a larger picture: at least {2 * MIN_TILE_SIDE} x {MIN_TILE_SIDE} pixels"
    return f"The largest grid that fits has {counted(rows, 'row')} and {counted(cols, 'column')}"
