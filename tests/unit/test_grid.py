"""The tiles cover every pixel once; the blog's cut drops the rest."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segdetect.errors import GridTooFineError, SettingsError
from segdetect.grid import fitting_grid, square_grid, tile_layout
from segdetect.settings import GridSize

sides = st.integers(1, 12)


@given(sides, sides, st.integers(0, 25), st.integers(0, 25))
def test_tiles_cover_every_pixel_once(rows: int, cols: int, more_width: int, more_height: int) -> None:
    if rows * cols == 1:
        return
    width, height = cols * 10 + more_width, rows * 10 + more_height
    count = np.zeros((height, width), int)
    for left, top, right, bottom in tile_layout((width, height), GridSize(rows, cols)).boxes_ltrb:
        count[top:bottom, left:right] += 1
    assert (count == 1).all()


def test_sides_differ_by_at_most_one_pixel() -> None:
    left, top, right, bottom = tile_layout((1024, 1023), GridSize(7, 7)).boxes_ltrb.T
    assert set(right - left) == {146, 147}
    assert set(bottom - top) == {146, 147}


def test_stock_tiles_are_equal_and_drop_the_rest() -> None:
    layout = tile_layout((1024, 1024), GridSize(7, 7), stock=True)
    assert layout.boxes_ltrb[0].tolist() == [0, 0, 146, 146]
    assert layout.boxes_ltrb[-1].tolist() == [876, 876, 1022, 1022]


def test_cuts_that_agree_share_a_key() -> None:
    grid = GridSize(4, 4)
    assert tile_layout((64, 64), grid).key == tile_layout((64, 64), grid, stock=True).key
    assert tile_layout((65, 64), grid).key != tile_layout((65, 64), grid, stock=True).key


def test_too_fine_a_grid_names_the_largest_that_fits() -> None:
    with pytest.raises(GridTooFineError, match=r"small\.png: .*The largest grid that fits has 2 rows and 5 columns"):
        tile_layout((50, 20), GridSize(7, 7), name="small.png")
    with pytest.raises(GridTooFineError, match="has 1 row and 2 columns"):
        tile_layout((24, 10), GridSize(7, 7))


def test_a_picture_too_small_for_any_grid_says_so() -> None:
    with pytest.raises(GridTooFineError, match="Use a larger picture: at least 20 x 10 pixels"):
        tile_layout((12, 12), GridSize(2, 2))


@pytest.mark.parametrize(("rows", "cols"), [(1, 1), (0, 7), (7, 33), (-1, 2)])
def test_impossible_grids_are_refused(rows: int, cols: int) -> None:
    with pytest.raises(SettingsError, match="grid"):
        GridSize(rows, cols)


def test_each_point_belongs_to_the_tile_around_it() -> None:
    layout = tile_layout((103, 57), GridSize(3, 5))
    left, top, right, bottom = layout.boxes_ltrb.T
    assert layout.tiles_at((left + right) / 2, (top + bottom) / 2).tolist() == list(range(15))
    assert layout.tiles_at([left[7]], [top[7]]).tolist() == [7]


@given(st.integers(20, 9000), st.integers(20, 9000))
def test_long_tiles_give_way_to_squarer_ones_that_fit(width: int, height: int) -> None:
    grid = square_grid((width, height), GridSize(7, 7))
    long = max(width / height, height / width) >= 3
    assert grid is None or long
    if grid is not None:
        left, top, right, bottom = tile_layout((width, height), grid).boxes_ltrb[0].tolist()
        length = max(right - left, bottom - top) / min(right - left, bottom - top)
        assert length < max(3.5, max(width / height, height / width) / 1.7)
    if long and min(width, height) >= 40:
        assert grid is not None


@pytest.mark.parametrize("size_wh", [(6000, 60), (60, 6000)])
def test_a_strip_too_long_for_square_tiles_gets_the_squarest(size_wh: tuple[int, int]) -> None:
    fitting = fitting_grid(size_wh)
    assert fitting is not None
    grid = square_grid(size_wh, fitting)
    assert grid is not None
    assert sorted((grid.rows, grid.cols)) == [1, 32]
