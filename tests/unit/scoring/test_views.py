"""A picture seen in two views: the scores of both count alike, all else goes by the coarse one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from segdetect.engines.base import Comparison, Embeddings
from segdetect.grid import tile_layout
from segdetect.inspection import Source
from segdetect.scoring.cells import CellScores, score_batch, score_references, score_self
from segdetect.scoring.distances import typical_distance
from segdetect.scoring.ignoring import without_ignored
from segdetect.scoring.nearest import match_other
from segdetect.scoring.tiles import pool
from segdetect.settings import GridSize

COMPARISON = Comparison(neighbours=2, exclude=1, exclude_varied=1, top_share=0.02, smoothing=0.5)
SIZE = (96, 96)


def view(seed: int, side: int, *, odd: tuple[int, int] | None = None, **changes: object) -> Embeddings:
    """Nearly equal cells, `side` a side; the odd one points elsewhere."""
    random = np.random.default_rng(seed)
    vectors = 1 + 0.1 * random.standard_normal((side * side, 16))
    if odd is not None:
        vectors[odd[0] * side + odd[1]] = random.standard_normal(16)
    unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    edges = np.arange(side) * SIZE[0] // side
    top, left = np.meshgrid(edges, edges, indexing="ij")
    step = SIZE[0] // side
    boxes = np.stack([left, top, left + step, top + step], axis=-1).reshape(-1, 4).astype(np.int32)
    return Embeddings((unit,), (side, side), boxes, True, replace(COMPARISON, **changes))  # type: ignore[arg-type]


def scores(scope: str, picture: Embeddings, others: list[Embeddings]) -> CellScores:
    if scope == "self":
        return score_self(picture)
    return (score_references if scope == "references" else score_batch)(picture, others)


@pytest.mark.parametrize("scope", ["self", "references", "batch"])
def test_two_views_that_are_one_score_as_it_alone(scope: str) -> None:
    picture, others = view(0, 12, odd=(4, 7)), [view(1, 12), view(2, 12)]
    twice = scores(scope, replace(picture, finer=picture), [replace(other, finer=other) for other in others])
    alone = scores(scope, picture, others)
    assert twice.values == pytest.approx(alone.values, rel=1e-5)
    assert twice.nearest_cell.tolist() == alone.nearest_cell.tolist()


@pytest.mark.parametrize("scope", ["self", "references", "batch"])
def test_what_only_the_fine_view_sees_is_found_and_has_a_look_alike(scope: str) -> None:
    picture = replace(view(0, 12), finer=view(3, 24, odd=(9, 15)))
    others = [replace(view(seed, 12), finer=view(seed + 10, 24)) for seed in (1, 2)]
    found = scores(scope, picture, others)
    assert found.values.shape == (24, 24)
    assert found.lattice == (12, 12)
    assert np.unravel_index(found.values.argmax(), (24, 24)) == (9, 15)

    layout = tile_layout(SIZE, GridSize(4, 4))
    everyone = [picture, *(others if scope != "self" else [])]
    sources = [Source(str(number), str(number), layout) for number in range(len(everyone))]
    tiles = pool(found, layout, sources, everyone)
    tile = int(tiles.scores.argmax())
    assert tile == 1 * 4 + 2  # rows 6 to 11 and columns 12 to 17 of the fine lattice
    assert tiles.strongest_cell is not None
    assert divmod(int(tiles.strongest_cell[tile]), 12) == (4, 7)


def test_a_view_that_the_others_lack_is_left_out() -> None:
    picture, other = replace(view(0, 12), finer=view(3, 24)), view(1, 12)
    assert score_references(picture, [other]).values.shape == (12, 12)


def test_typical_distances_are_those_of_both_views_and_may_be_given() -> None:
    picture = replace(view(0, 12), finer=view(3, 24))
    others = [replace(view(seed, 12), finer=view(seed + 10, 24)) for seed in (1, 2)]
    given = [typical_distance(other) for other in others]
    assert [len(one) for one in given] == [2, 2]
    for score in (score_references, score_batch):
        assert score(picture, others, typical=given).values == pytest.approx(score(picture, others).values)


def test_ignored_pixels_are_ignored_in_both_views() -> None:
    valid = np.ones((96, 96), bool)
    valid[:, :20] = False
    picture = without_ignored(replace(view(0, 12), finer=view(3, 24)), valid)
    assert picture.finer is not None
    values = score_self(picture).values
    assert np.isnan(values[:, :5]).all()
    assert np.isfinite(values[:, 5:]).all()


def test_of_a_thinned_view_every_second_cell_is_compared_with() -> None:
    picture, other = view(0, 8), view(1, 8, thinned=2)
    kept = (np.arange(64).reshape(8, 8)[::2, ::2]).ravel()
    expected = (picture.layers[0] @ other.layers[0][kept].T).max(axis=1)
    match = match_other(picture, other, neighbours=1)
    assert match.near[0, :, 0] == pytest.approx(expected, abs=1e-6)
    assert set(match.best_cell.tolist()) <= set(kept.tolist())


def test_a_thinned_view_of_which_only_the_others_count_is_compared_with_whole() -> None:
    ignored = np.ones((8, 8), bool)
    ignored[1::2, 1::2] = False
    other = replace(view(1, 8, thinned=2), ignored=ignored.ravel())
    match = match_other(view(0, 8), other, neighbours=1)
    assert set(match.best_cell.tolist()) <= set(np.flatnonzero(~ignored.ravel()).tolist())
