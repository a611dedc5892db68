"""How even a picture is, worked out by hand on regions of one or two cells.

Distances: (1, 0) is 0.2 from (0.8, 0.6), 0.4 from (0.6, 0.8) and 1 from (0, 1); (0.8, 0.6) is 0.04 from (0.6, 0.8) and
0.4 from (0, 1). The energy distance of two regions is the mean distance between their cells, less half of the mean
distance within each; within a region of n cells that is the mean over its n (n - 1) ordered pairs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from segdetect.engines.base import Comparison, Embeddings
from segdetect.scoring.homogeneity import homogeneity

EAST, NORTH_EAST, EAST_NORTH, NORTH = (1.0, 0.0), (0.8, 0.6), (0.6, 0.8), (0.0, 1.0)
Cells = Sequence[tuple[float, float]]


def described(
    *layers: Cells, lattice: tuple[int, int] | None = None, dense: bool = True, by_variety: bool = False
) -> Embeddings:
    vectors = tuple(np.array(layer, np.float32) for layer in layers)
    count = len(vectors[0])
    comparison = Comparison(neighbours=1, by_variety=by_variety)
    return Embeddings(vectors, lattice or (1, count), np.zeros((count, 4), np.int32), dense, comparison)


def test_two_odd_regions_of_seven_are_more_than_the_share_that_is_forgiven() -> None:
    """Five regions of (1, 0) twice, two of (0.8, 0.6) with (0, 1).

    Within the odd ones the distance is 0.4, in the others 0. Between the kinds it is (0.2 + 1) / 2 = 0.6, less 0.4 / 2:
    0.4. The median distance to the others is 0 for the five, and 0.4 for the two. The 85th percentile of 0, 0, 0, 0, 0,
    0.4, 0.4 lies at 0.85 * 6 = 5.1, counted from 0: 0.4.
    """
    cells = [EAST] * 10 + [NORTH_EAST, NORTH] * 2
    assert homogeneity(described(cells)) == pytest.approx(1 - 0.4, abs=1e-6)


def test_one_odd_region_of_seven_hardly_counts() -> None:
    """The 85th percentile of six times 0 and once 0.4 lies a tenth of the way from the sixth to the seventh: 0.04."""
    cells = [EAST] * 12 + [NORTH_EAST, NORTH]
    assert homogeneity(described(cells)) == pytest.approx(1 - 0.04, abs=1e-6)


def test_equal_regions_of_unequal_cells_are_even() -> None:
    """Between them 0.1, less 0.2 within each: -0.1, and no picture is more than even."""
    assert homogeneity(described([EAST, NORTH_EAST] * 7)) == 1


def test_a_region_of_one_cell_has_no_distance_within() -> None:
    """Eight cells make seven regions, of which the first has two: (1, 0) and (0.8, 0.6), 0.2 apart.

    From it to each of the other six, all (1, 0), the distance is (0 + 0.2) / 2 less 0.2 / 2: 0. Were they (0, 1), it
    would be (1 + 0.4) / 2 less 0.1: 0.6, the median of the first; the others have five times 0 and once 0.6: 0.
    The 85th percentile of six times 0 and once 0.6 is 0.06.
    """
    assert homogeneity(described([EAST, NORTH_EAST, *[EAST] * 6])) == pytest.approx(1, abs=1e-6)
    assert homogeneity(described([EAST, NORTH_EAST, *[NORTH] * 6])) == pytest.approx(1 - 0.06, abs=1e-6)


def test_there_are_seven_regions_a_side() -> None:
    """A chequerboard of 7 x 7 squares of 2 x 2 cells each: every region is (1, 0) throughout, or (0, 1).

    25 regions have 24 others like them and 24 at a distance of 1: a median of 0.5. The other 24 have 23 and 25: 1,
    which is the 85th percentile of all. In a chequerboard of single cells every region has two of each kind, and none
    differs from another.
    """
    row, col = np.indices((14, 14)).reshape(2, -1)
    squares = [NORTH if odd else EAST for odd in (row // 2 + col // 2) % 2]
    single = [NORTH if odd else EAST for odd in (row + col) % 2]
    assert homogeneity(described(squares, lattice=(14, 14))) == pytest.approx(0, abs=1e-6)
    assert homogeneity(described(single, lattice=(14, 14))) == 1


def test_where_a_cell_is_a_tile_its_median_distance_to_the_others_counts() -> None:
    """Of four tiles (1, 0), (1, 0), (0.8, 0.6), (0, 1), the medians are those of 0, 0.2, 1; the same; 0.2, 0.2, 0.4;
    and 1, 1, 0.4: 0.2, 0.2, 0.2 and 1. The 85th percentile lies at 0.85 * 3 = 2.55: 0.2 + 0.55 * 0.8 = 0.64.
    """
    tiles = [EAST, EAST, NORTH_EAST, NORTH]
    assert homogeneity(described(tiles, lattice=(2, 2), dense=False)) == pytest.approx(1 - 0.64, abs=1e-6)


def test_layers_are_averaged_before_the_median() -> None:
    """The second layer is all alike, so that every distance is half of that above."""
    tiles = [EAST, EAST, NORTH_EAST, NORTH]
    picture = described(tiles, [EAST] * 4, lattice=(2, 2), dense=False)
    assert homogeneity(picture) == pytest.approx(1 - 0.32, abs=1e-6)


@pytest.mark.parametrize("by_variety", [False, True])
def test_the_result_may_be_a_share_of_the_mean_distance_between_two_cells(by_variety: bool) -> None:
    """Ten cells (1, 0), two (0.8, 0.6) and two (0, 1): of the 14 * 13 / 2 = 91 pairs 20 are 0.2 apart, 20 are 1 apart,
    4 are 0.4 apart, the rest 0: 25.6 / 91. In a second layer, all alike, the mean distance is 0: half of it in all.
    """
    cells = [EAST] * 10 + [NORTH_EAST, NORTH] * 2
    variety = 25.6 / 91
    alone = described(cells, by_variety=by_variety)
    both = described(cells, [EAST] * 14, by_variety=by_variety)
    assert homogeneity(alone) == pytest.approx(0 if by_variety else 1 - 0.4, abs=1e-6)  # 0.4 is more than the variety
    assert homogeneity(both) == pytest.approx(0 if by_variety else 1 - 0.2, abs=1e-6)

    cells = [EAST] * 12 + [NORTH_EAST, NORTH]
    variety = (12 * 0.2 + 12 * 1 + 0.4) / 91
    alone = described(cells, by_variety=by_variety)
    both = described(cells, [EAST] * 14, by_variety=by_variety)
    assert homogeneity(alone) == pytest.approx(1 - 0.04 / (variety if by_variety else 1), abs=1e-6)
    assert homogeneity(both) == pytest.approx(1 - 0.02 / (variety / 2 if by_variety else 1), abs=1e-6)


@pytest.mark.parametrize(("angle", "is_even"), [(9e-4, True), (1e-2, False)])
def test_a_picture_whose_variety_is_rounding_is_even(angle: float, is_even: bool) -> None:
    """Half of the cells are turned by an angle: the mean distance between two cells is 0.2 or 27 millionths."""
    turned = (float(np.cos(angle)), float(np.sin(angle)))
    picture = described([EAST] * 7 + [turned] * 7, by_variety=True)
    assert (homogeneity(picture) == 1) == is_even
