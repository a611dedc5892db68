"""Nearest tiles and look-alikes, worked out by hand. See `test_reference_scores` for the vectors."""

from __future__ import annotations

import math

import numpy as np
import pytest

from segdetect.engines.base import Comparison, Embeddings
from segdetect.grid import TileLayout, tile_layout
from segdetect.inspection import Decision, Inspection, Source, TileScores, Verdict
from segdetect.scoring.look_alikes import look_alikes
from segdetect.scoring.nearest import match_self, nearest_tiles, neighbour_lists, tile_similarities
from segdetect.settings import EngineName, GridSize, RuleName, Scope, Settings

EAST, NORTH_EAST, EAST_NORTH, NORTH, WEST = (1.0, 0.0), (0.8, 0.6), (0.6, 0.8), (0.0, 1.0), (-1.0, 0.0)
NONE = float("-inf")


def described(
    *layers: list[tuple[float, float]],
    lattice: tuple[int, int] | None = None,
    dense: bool = False,
    exclude: int = 0,
    exclude_varied: int = 0,
) -> Embeddings:
    vectors = tuple(np.array(layer, np.float32) for layer in layers)
    count = len(vectors[0])
    comparison = Comparison(neighbours=1, exclude=exclude, exclude_varied=exclude_varied)
    return Embeddings(vectors, lattice or (1, count), np.zeros((count, 4), np.int32), dense, comparison)


def row_of(tiles: int) -> TileLayout:
    return tile_layout((20 * tiles, 20), GridSize(1, tiles))


def answer(
    scores: list[float],
    nearest: list[int],
    similarity: list[float],
    *,
    varied: bool = False,
    cells: list[int] | None = None,
) -> Inspection:
    """An inspection of a row of tiles compared with itself."""
    layout = row_of(len(scores))
    count = len(scores)
    tiles = TileScores(
        layout,
        np.array(scores),
        (Source("one", "1", layout),),
        np.zeros(count, np.int64),
        np.array(nearest),
        np.array(similarity),
        varied=varied,
        strongest_cell=None if cells is None else np.array(cells),
    )
    decision = Decision(RuleName.THRESHOLD, 0.5, np.zeros(count, bool), Verdict.NORMAL, "because")
    return Inspection(
        image="one",
        sha256="1",
        size_wh=layout.size_wh,
        page=0,
        settings=Settings(),
        engine=EngineName.TEXTURE,
        engine_version="1",
        scope=Scope.SELF,
        scores=tiles,
        decision=decision,
    )


# ---- similarities of tiles -------------------------------------------------------------------------------------------


def test_a_tiles_similarity_is_that_of_its_best_cell_averaged_over_the_layers() -> None:
    """Two tiles of two cells. Over both layers, the other's cells are 0.8, 0.5; 0.3, 0.9 alike."""
    picture = described([EAST], [EAST])
    other = described([NORTH_EAST, EAST, EAST_NORTH, EAST], [NORTH_EAST, NORTH, NORTH, NORTH_EAST], dense=True)
    similar = tile_similarities(picture, np.array([0]), other, row_of(2))
    assert similar == pytest.approx(np.array([[0.8, 0.9]]))


def test_neither_the_own_tile_nor_the_surroundings_count() -> None:
    """Eight equal cells in four tiles. Near cell 2, in the second tile, are cells 1 to 3, near cell 3 are 2 to 4: the
    first tile keeps cell 0 or both, the third cell 5 or both, and the own tile does not count in any case.
    """
    picture = described([EAST] * 8, dense=True, exclude=1)
    cells = np.array([2, 3])
    similar = tile_similarities(picture, cells, picture, row_of(4), own_tiles=np.array([1, 1]))
    assert similar.tolist() == [[1, NONE, 1, 1]] * 2
    wide = described([EAST] * 8, dense=True, exclude=2)  # cells 0 to 4 are near cell 2, cells 1 to 5 near cell 3
    similar = tile_similarities(wide, cells, wide, row_of(4), own_tiles=np.array([1, 1]))
    assert similar.tolist() == [[NONE, NONE, 1, 1], [1, NONE, NONE, 1]]


def test_a_varied_picture_leaves_out_its_own_window() -> None:
    picture = described([EAST] * 8, dense=True, exclude=2, exclude_varied=0)
    cells, own = np.array([2]), np.array([1])
    assert tile_similarities(picture, cells, picture, row_of(4), own_tiles=own)[0, 0] == NONE
    assert tile_similarities(picture, cells, picture, row_of(4), own_tiles=own, varied=True)[0, 0] == 1


def test_similarities_are_never_above_one() -> None:
    long = (math.sqrt(1 + 1e-5), 0.0)
    assert tile_similarities(described([long]), np.array([0]), described([long, long]), row_of(2)).tolist() == [[1, 1]]


def test_of_equally_similar_pictures_the_earlier_is_named() -> None:
    own, twin = described([EAST, NORTH_EAST, NORTH]), described([NORTH_EAST, NORTH])
    source, tile, similarity = nearest_tiles(
        [own, twin, twin], [row_of(3), row_of(2), row_of(2)], np.arange(3), np.arange(3)
    )
    assert source.tolist() == [0, 1, 1]
    assert tile.tolist() == [1, 0, 1]
    assert similarity == pytest.approx([0.8, 1, 1])


# ---- nearest neighbours ----------------------------------------------------------------------------------------------


def test_opposite_cells_are_nearer_than_those_that_are_left_out() -> None:
    """Of four cells in a row, each sees those that are two and more away, all of which are opposite."""
    match = match_self(described([EAST, EAST, WEST, WEST], exclude=1), neighbours=1)
    assert match is not None
    assert match.near[0, :, 0].tolist() == [-1, -1, -1, -1]
    assert match.best_cell.tolist() == [2, 3, 0, 0]


@pytest.mark.parametrize("count", [1, 2, 3, 9])
def test_neighbour_lists_hold_the_nearest_other_tiles_in_order(count: int) -> None:
    vectors = np.array([EAST, NORTH_EAST, EAST_NORTH, WEST], np.float32)
    expected = [[0.8, 0.6, -1], [0.96, 0.8, -0.8], [0.96, 0.6, -0.6], [-0.6, -0.8, -1]]
    lists = neighbour_lists(vectors, count)
    assert lists == pytest.approx(np.array(expected)[:, :count], abs=1e-6)


def test_an_edge_is_the_same_to_the_last_bit_from_both_ends() -> None:
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((60, 577))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    lists = neighbour_lists(vectors.astype(np.float32), 59)
    # Every pair stands in two lists: each value occurs an even number of times.
    assert (np.unique(lists, return_counts=True)[1] % 2 == 0).all()


# ---- look-alikes of a tile -------------------------------------------------------------------------------------------


def test_equal_look_alikes_are_named_in_the_order_of_the_tiles() -> None:
    picture = described([EAST, NORTH_EAST, EAST_NORTH, NORTH_EAST, NORTH_EAST, NORTH])
    found = look_alikes(answer([0.2] * 6, [1, 0, 1, 1, 1, 2], [0.8] * 6), 0, picture, [], count=4)
    assert [one.tile for one in found] == [1, 3, 4, 2]
    assert [one.similarity for one in found] == pytest.approx([0.8, 0.8, 0.8, 0.6])


def test_no_look_alike_is_said_to_be_more_alike_than_the_first() -> None:
    """The table's figure may be a rounding below an equal one."""
    picture = described([EAST, NORTH_EAST, NORTH_EAST, NORTH])
    found = look_alikes(answer([0.2] * 4, [1, 0, 1, 1], [0.7999999] * 4), 0, picture, [], count=3)
    assert [one.similarity for one in found[:2]] == [0.7999999, 0.7999999]


def test_look_alikes_in_a_varied_picture_may_lie_nearer() -> None:
    """Cell 0 of eight stands for the first of four tiles. With two cells left out on each side, the second tile has its
    second cell only, (0, 1); in a varied picture its first counts, too, (0.8, 0.6)."""
    cells = [EAST, EAST, NORTH_EAST, NORTH, EAST_NORTH, EAST_NORTH, NORTH, NORTH]
    picture = described(cells, dense=True, exclude=2, exclude_varied=0)
    strongest = [0, 2, 4, 6]
    plain, varied = (
        look_alikes(answer([0.2] * 4, [2, 0, 0, 0], [0.6] * 4, varied=one, cells=strongest), 0, picture, [], count=4)
        for one in (False, True)
    )
    assert [(one.tile, round(one.similarity, 6)) for one in plain] == [(2, 0.6), (1, 0), (3, 0)]
    assert [one.tile for one in varied][:2] == [2, 1]
    assert varied[1].similarity == pytest.approx(0.6)  # 0.8, and no more than the first


# ---- ranks -----------------------------------------------------------------------------------------------------------


def test_equal_scores_are_ranked_flagged_and_named_in_the_order_of_the_tiles() -> None:
    inspection = answer([0.3, 0.9, 0.3, 0.9, 0.1], [1, 0, 1, 1, 0], [0.8] * 5)
    assert inspection.scores.ranks.tolist() == [3, 1, 4, 2, 5]
    assert inspection.strongest_tile == 1
    inspection.decision.flags[[0, 1, 2, 3]] = True
    assert inspection.flagged_tiles == [1, 3, 0, 2]
