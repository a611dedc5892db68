"""Places that a person has allowed: what looks like one of them is not held against a picture.

A cell that is like an allowed place does not score little where that place is merely one more of the bank: the same
mark is printed a little larger or fainter each time, and stays far from typical. So it is asked of flagged tiles
whether most of what makes them odd is gone once the place is in the bank; those of which it is count as typical ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from scipy import ndimage

from segdetect.engines.base import Comparison, Embeddings
from segdetect.grid import TileLayout
from segdetect.inspection import Decision, Flags, TileScores
from segdetect.scoring.cells import CellScores
from segdetect.scoring.pooling import tiles_of_cells
from segdetect.scoring.tiles import pool_scores

# In cells, around each box: what was flagged reaches a little beyond the tiles that were.
MARGIN: Final = 1.0
LEAST_INSIDE: Final = 0.5  # share of a cell
MOST_LEFT: Final = 0.7  # of what a tile scores beyond the typical one, where it is taken for allowed
STRONG: Final = 0.5  # of a segment's highest score: tiles with more must all be like what is allowed
_TOUCHING: Final = np.ones((3, 3), np.bool_)


def only_within(picture: Embeddings, boxes_ltrb: Sequence[tuple[int, int, int, int]]) -> Embeddings:
    """The description with all cells ignored but those in some boxes, as a bank for other pictures.

    Args:
        picture: the description.
        boxes_ltrb: pixels of the picture; of a box in which no cell lies by half, the one that has most of it counts.
    """
    if picture.finer is not None:
        picture = replace(picture, finer=only_within(picture.finer, boxes_ltrb))
    inside = np.any([_inside(picture, box) for box in boxes_ltrb], axis=0)
    ignored = ~inside if picture.ignored is None else ~inside | picture.ignored
    ignored.flags.writeable = False
    # Of so few cells none is left out.
    return replace(picture, ignored=ignored, comparison=replace(picture.comparison, thinned=1))


def _inside(picture: Embeddings, box_ltrb: tuple[int, int, int, int]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    cells, box = picture.boxes_ltrb.astype(np.float64), np.asarray(box_ltrb, np.float64)
    sides = cells[:, 2:] - cells[:, :2]
    margin = sides * (MARGIN if picture.dense else 0.0)
    low = np.maximum(cells[:, :2], box[:2] - margin)
    high = np.minimum(cells[:, 2:], box[2:] + margin)
    shares = np.prod(np.maximum(high - low, 0) / sides, axis=1)
    return np.asarray(shares >= min(LEAST_INSIDE, max(float(shares.max()), np.finfo(float).tiny)))


def explained_tiles(cells: CellScores, layout: TileLayout, comparison: Comparison) -> Flags | None:
    """`(tiles,)` True where most of what makes a tile odd is gone once what is allowed is in the bank.

    Args:
        cells: the picture's cell scores.
        layout: its tiles.
        comparison: as in the picture's embeddings.

    Returns:
        None where nothing is allowed.
    """
    if cells.beside_allowed is None:
        return None
    before, _ = pool_scores(cells, layout, comparison)
    after, _ = pool_scores(replace(cells, values=cells.beside_allowed), layout, comparison)
    typical = np.nanmedian(before)
    explained = np.asarray(after - typical <= MOST_LEFT * (before - typical))
    explained.flags.writeable = False
    return explained


def decide_allowing(
    scores: TileScores, explained: Flags, decide: Callable[[TileScores], Decision]
) -> tuple[TileScores, Decision, Flags]:
    """Decide on a picture, taking flagged segments that look like what is allowed for typical tiles.

    That is asked again of what is flagged then, as often as something is. Tiles that touch such a segment are taken for
    typical ones as well: a mark reaches a little beyond the tiles that were flagged for it.

    Args:
        scores: the picture's tile scores.
        explained: `(tiles,)` as `explained_tiles` tells it.
        decide: what makes a decision of scores.

    Returns:
        The scores as they were decided on at last, the decision, and `(tiles,)` True for those taken for typical.
    """
    lifted = np.zeros(len(explained), np.bool_)
    now, decision = scores, decide(scores)
    while (more := _explained_segments(now, decision.flags, explained) & ~lifted).any():
        lifted |= more
        now = _as_typical(scores, _around(lifted, scores.layout))
        decision = decide(now)
    flags = decision.flags & ~lifted
    flags.flags.writeable = lifted.flags.writeable = False
    return now, replace(decision, flags=flags), lifted


def _explained_segments(scores: TileScores, flags: Flags, explained: Flags) -> Flags:
    """The tiles of flagged segments of which all strong tiles are explained."""
    grid = scores.layout.grid
    labels = ndimage.label(flags.reshape(grid.rows, grid.cols), _TOUCHING)[0].ravel()
    found = np.zeros(len(flags), np.bool_)
    for label in range(1, int(labels.max()) + 1):
        tiles = labels == label
        strong = tiles & (scores.comparable >= STRONG * scores.scores[tiles].max())
        if explained[strong].all():
            found |= tiles
    return found


def _around(tiles: Flags, layout: TileLayout) -> Flags:
    lattice = tiles.reshape(layout.grid.rows, layout.grid.cols)
    return np.asarray(ndimage.binary_dilation(lattice, _TOUCHING)).ravel()


def _as_typical(scores: TileScores, tiles: Flags) -> TileScores:
    """The scores with none of these tiles, nor their cells, above the typical one."""
    lowered = np.where(tiles, np.minimum(scores.scores, np.nanmedian(scores.scores)), scores.scores)
    lowered.flags.writeable = False
    cells = scores.cell_map
    if cells is not None:
        rows, cols = cells.shape
        inside = tiles[tiles_of_cells(np.arange(cells.size), (rows, cols), scores.layout)].reshape(rows, cols)
        cells = np.where(inside, np.minimum(cells, np.nanmedian(cells)), cells)
        cells.flags.writeable = False
    return replace(scores, scores=lowered, cell_map=cells)
