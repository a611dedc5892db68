"""Tiles of score maps, worked out by hand.

Along an axis of two cells with the values 0 and 1, over a tile that spans both, eight points lie at 1/16, 3/16, 5/16
... of the tile, in cells from the edge at 1/8, 3/8 ... 15/8. The centres of the cells are at 0.5 and 1.5, so that the
interpolated values are 0, 0, 1/8, 3/8, 5/8, 7/8, 1, 1.
"""

from __future__ import annotations

import numpy as np
import pytest

from segdetect.grid import TileLayout
from segdetect.scoring.pooling import pool_map, tiles_of_cells
from segdetect.settings import GridSize

SLOPE = np.array([[0, 1]], np.float32)


def tiles(*boxes_ltrb: tuple[int, int, int, int], rows: int = 1) -> TileLayout:
    right, bottom = boxes_ltrb[-1][2:]
    return TileLayout(GridSize(rows, len(boxes_ltrb) // rows), (right, bottom), np.array(boxes_ltrb, np.int32))


TWICE = tiles((0, 0, 20, 10), (0, 0, 20, 10))  # the whole picture, as two tiles


@pytest.mark.parametrize(
    ("share", "score"),
    [
        (1 / 8, 1.0),
        (3 / 8, (1 + 1 + 7 / 8) / 3),
        (5 / 8, (1 + 1 + 7 / 8 + 5 / 8 + 3 / 8) / 5),
        (1.0, 1 / 2),
    ],
)
def test_a_tile_scores_the_mean_of_its_highest_points(share: float, score: float) -> None:
    """Eight points across and eight down, where nothing changes: each value occurs eight times."""
    values, _ = pool_map(SLOPE, TWICE, share)
    assert values == pytest.approx([score, score], abs=1e-6)


@pytest.mark.parametrize(
    ("of_64", "sum_in_256ths", "points"),
    [(0, 49, 1), (0.4, 49, 1), (1.6, 49 + 35, 2), (2.5, 49 + 35, 2), (2.6, 49 + 35 + 35, 3)],
)
def test_the_number_of_highest_points_is_rounded_and_at_least_one(
    of_64: float, sum_in_256ths: int, points: int
) -> None:
    """The first of 2 x 2 tiles, one cell each, of which the last alone has 1.

    Its eight points lie at 1/16, 3/16 ... 15/16 of a cell, so the slope towards the next one has 0 at four of them and
    1/16, 3/16, 5/16, 7/16 at the others. Across and down multiply: the highest are 49, 35, 35, 25, 21 ... 256ths.
    """
    peak = np.array([[0, 0], [0, 1]], np.float32)
    layout = tiles((0, 0, 10, 10), (10, 0, 20, 10), (0, 10, 10, 20), (10, 10, 20, 20), rows=2)
    values, _ = pool_map(peak, layout, of_64 / 64)
    assert values[0] == pytest.approx(sum_in_256ths / 256 / points, abs=1e-7)


def test_there_are_four_points_to_a_cell_where_that_is_more_than_eight() -> None:
    """Four cells 0, 0, 0, 1 in one tile: sixteen points, of which the last two have 1, those before 7/8, 5/8, 3/8, 1/8.
    The highest sixteenth of all points is 1; six sixteenths are 2, 7/8, 5/8, 3/8 and 1/8: 4 in all.
    """
    values = np.array([[0, 0, 0, 1]], np.float32)
    layout = tiles((0, 0, 40, 10), (0, 0, 40, 10))
    assert pool_map(values, layout, 1 / 16)[0] == pytest.approx([1, 1], abs=1e-6)
    assert pool_map(values, layout, 6 / 16)[0] == pytest.approx([4 / 6, 4 / 6], abs=1e-6)
    assert pool_map(values, layout, 1.0)[0] == pytest.approx([1 / 4, 1 / 4], abs=1e-6)


def test_the_widest_tile_sets_the_number_of_points_for_all() -> None:
    """Tiles of one and of three cells, so 12 points in each: with 8, the second would lie between them elsewhere.

    The wide tile's points lie at 1 + (i + 0.5) / 4 cells, its values over 0, 1, 0, 0 are those of a tent around 1.5.
    """
    values = np.array([[0, 1, 0, 0]], np.float32)
    layout = tiles((0, 0, 10, 10), (10, 0, 40, 10))
    narrow = [max(0.0, 1 - abs((i + 0.5) / 12 - 1.5)) for i in range(12)]
    wide = [max(0.0, 1 - abs(1 + (i + 0.5) / 4 - 1.5)) for i in range(12)]
    assert pool_map(values, layout, 1.0)[0] == pytest.approx([sum(narrow) / 12, sum(wide) / 12], abs=1e-6)
    assert pool_map(values, layout, 1 / 12)[0] == pytest.approx([max(narrow), max(wide)], abs=1e-6)


def test_the_strongest_cell_holds_the_first_of_the_highest_points() -> None:
    _, strongest = pool_map(np.array([[0, 1, 1, 0]], np.float32), tiles((0, 0, 20, 10), (20, 0, 40, 10)), 1.0)
    assert strongest.tolist() == [1, 2]


def test_a_cell_belongs_to_the_tile_that_holds_its_centre() -> None:
    """Three cells over two tiles of 15 pixels: their centres are at 5, 15 and 25; 15 is the second tile's first pixel.

    The same down.
    """
    square = TileLayout(
        GridSize(2, 2),
        (30, 30),
        np.array([(0, 0, 15, 15), (15, 0, 30, 15), (0, 15, 15, 30), (15, 15, 30, 30)], np.int32),
    )
    assert tiles_of_cells(np.arange(9), (3, 3), square).tolist() == [0, 1, 1, 2, 3, 3, 2, 3, 3]
