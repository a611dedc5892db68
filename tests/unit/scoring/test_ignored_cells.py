"""Cells that are ignored are in no bank, have no score, and change nothing for the others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from segdetect.deciding.decision import decide
from segdetect.engines.base import Comparison, Embeddings
from segdetect.grid import tile_layout
from segdetect.inspection import Source, TileScores
from segdetect.scoring.cells import score_batch, score_references, score_self
from segdetect.scoring.distances import typical_distance
from segdetect.scoring.homogeneity import homogeneity
from segdetect.scoring.ignoring import valid_shares, without_ignored
from segdetect.scoring.nearest import match_other, match_self, tile_similarities
from segdetect.scoring.pooling import pool_map
from segdetect.scoring.tiles import pool
from segdetect.settings import EngineName, GridSize, Rule, RuleName, Scope

PLAIN = Comparison(neighbours=2, uniform=0.7, top_share=1.0)
RANDOM = np.random.default_rng(5)


def described(vectors: np.ndarray, lattice: tuple[int, int], *, dense: bool = True, **comparison: float) -> Embeddings:
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    boxes = tile_layout((10 * lattice[1], 10 * lattice[0]), GridSize(*lattice)).boxes_ltrb
    return Embeddings((unit.astype(np.float32),), lattice, boxes, dense, replace(PLAIN, **comparison))


def cells(count: int) -> np.ndarray:
    return 1 + 0.1 * RANDOM.standard_normal((count, 12))


def ignoring(picture: Embeddings, *ignored: int) -> Embeddings:
    flags = np.isin(np.arange(picture.lattice[0] * picture.lattice[1]), ignored)
    return replace(picture, ignored=flags)


def test_a_cell_is_ignored_when_more_than_half_of_it_does_not_count() -> None:
    picture = described(cells(4), (1, 4))
    valid = np.ones((10, 40), bool)
    valid[:5, :10] = valid[:6, 10:20] = valid[:, 20:30] = False
    found = without_ignored(picture, valid)
    assert found.ignored is not None
    assert found.ignored.tolist() == [False, True, True, False]
    assert found.counted.tolist() == [0, 3]
    assert valid_shares(valid, picture.boxes_ltrb).tolist() == [0.5, 0.4, 0, 1]


@pytest.mark.parametrize("valid", [None, np.ones((10, 40), bool)])
def test_a_picture_that_counts_as_a_whole_is_left_as_it_is(valid: np.ndarray | None) -> None:
    picture = described(cells(4), (1, 4))
    assert without_ignored(picture, valid) is picture


@pytest.mark.parametrize("smoothing", [0, 1.3])
@pytest.mark.parametrize("dense", [True, False])
def test_flags_that_ignore_nothing_give_the_same_scores(dense: bool, smoothing: float) -> None:
    picture, other = (described(cells(64), (8, 8), dense=dense, exclude=2, smoothing=smoothing) for _ in range(2))
    for score in (score_self, lambda one: score_references(one, [other]), lambda one: score_batch(one, [other])):
        plain, flagged = score(picture), score(ignoring(picture))
        assert np.allclose(plain.values, flagged.values, atol=1e-6)
        assert plain.nearest_cell.tolist() == flagged.nearest_cell.tolist()
    assert homogeneity(picture) == homogeneity(ignoring(picture))


@pytest.mark.parametrize("dense", [True, False])
def test_the_others_are_scored_as_if_the_ignored_were_not_there(dense: bool) -> None:
    vectors = cells(20)
    whole = score_self(described(vectors[:15], (1, 15), dense=dense))
    part = score_self(ignoring(described(vectors, (1, 20), dense=dense), *range(15, 20)))
    assert np.allclose(part.values[0, :15], whole.values[0], atol=1e-6)
    assert np.isnan(part.values[0, 15:]).all()
    assert np.array_equal(part.nearest_cell[:15], whole.nearest_cell)
    assert part.nearest_cell[15:].tolist() == part.nearest_source[15:].tolist() == [-1] * 5


def test_an_ignored_cell_does_not_vouch_for_a_defect() -> None:
    vectors = cells(30)
    vectors[[3, 20]] = RANDOM.standard_normal(12)
    picture = described(vectors, (1, 30), dense=False, neighbours=1)
    assert score_self(picture).values[0, 3] == 0
    assert score_self(ignoring(picture, 20)).values[0, 3] > 0.3


@pytest.mark.parametrize("score", [score_references, score_batch])
def test_an_ignored_cell_of_the_bank_does_not_vouch_either(score) -> None:  # type: ignore[no-untyped-def]
    vectors, bank = cells(16), cells(16)
    vectors[5] = bank[9] = RANDOM.standard_normal(12)
    picture, member = described(vectors, (4, 4)), described(bank, (4, 4))
    assert score(picture, [member]).values.argmax() != 5
    found = score(picture, [ignoring(member, 9)])
    assert found.values.argmax() == 5
    assert not ((found.nearest_source == 1) & (found.nearest_cell == 9)).any()


def test_turned_views_of_ignored_cells_are_in_no_bank() -> None:
    member = described(cells(16), (4, 4))
    odd = np.eye(12, dtype=np.float32)[:1]
    member = replace(member, turned=(odd,), turned_cells=np.array([9]))
    picture = described(np.concatenate([odd, cells(15)]), (4, 4))
    assert match_other(picture, member, neighbours=1).best_similarity[0] == pytest.approx(1)
    assert match_other(picture, ignoring(member, 9), neighbours=1).best_similarity[0] < 0.9


def test_a_picture_of_the_bank_without_a_cell_that_counts_plays_no_part() -> None:
    picture, member, empty = (described(cells(16), (4, 4)) for _ in range(3))
    empty = ignoring(empty, *range(16))
    for score in (score_references, score_batch):
        assert np.array_equal(score(picture, [member, empty]).values, score(picture, [member]).values)
        assert np.isfinite(score(picture, [empty]).values).all()
        assert np.isnan(score(empty, [member]).values).all()


def test_typical_distances_are_those_of_cells_that_count() -> None:
    vectors = cells(40)
    vectors[20:] = RANDOM.standard_normal((20, 12))
    whole = typical_distance(described(vectors[:20], (1, 20)))
    assert typical_distance(ignoring(described(vectors, (2, 20)), *range(20, 40))) == pytest.approx(whole)


def test_a_round_field_of_view_of_one_texture_is_the_same_everywhere() -> None:
    vectors = cells(400)
    y, x = np.indices((20, 20)) - 9.5
    outside = np.flatnonzero((x**2 + y**2 > 81).ravel())
    vectors[outside] = RANDOM.standard_normal(12)
    picture = described(vectors, (20, 20))
    assert homogeneity(picture) < 0.7
    assert homogeneity(ignoring(picture, *outside)) > 0.9


@pytest.mark.parametrize("kept", [[0, 1], [0, 5, 30], [0, 63], list(range(12)), list(range(0, 64, 9))])
def test_surroundings_shrink_until_each_cell_that_counts_sees_another(kept: list[int]) -> None:
    picture = ignoring(described(cells(64), (8, 8), exclude=7), *set(range(64)) - set(kept))
    match = match_self(picture, neighbours=3)
    assert match is not None
    assert match.near[:, kept].min() > 0
    assert set(match.best_cell[kept].tolist()) <= set(kept)
    assert (match.best_cell[kept] != kept).all()


@pytest.mark.parametrize("kept", [[], [7]])
def test_without_two_cells_that_count_there_is_nothing_to_compare(kept: list[int]) -> None:
    picture = ignoring(described(cells(16), (4, 4)), *set(range(16)) - set(kept))
    assert match_self(picture, neighbours=1) is None
    assert np.isfinite(score_self(picture).values.ravel()).nonzero()[0].tolist() == kept


def test_ignored_tiles_are_nobodys_look_alikes() -> None:
    layout = tile_layout((40, 40), GridSize(2, 2))
    picture = ignoring(described(cells(16), (4, 4)), 0, 1, 4, 5)
    similar = tile_similarities(picture, np.array([10]), picture, layout, own_tiles=np.array([3]))
    assert np.isneginf(similar[0, [0, 3]]).all()
    assert np.isfinite(similar[0, [1, 2]]).all()
    tiles = pool(score_self(picture), layout, [Source("a", "a", layout)], [picture])
    assert tiles.scored.tolist() == [False, True, True, True]
    assert tiles.nearest_source.tolist()[0] == tiles.nearest_tile.tolist()[0] == -1
    assert 0 not in tiles.nearest_tile[1:]


def test_a_tile_is_scored_on_those_of_its_cells_that_count() -> None:
    layout = tile_layout((80, 40), GridSize(1, 2))
    values = np.full((4, 8), 2, np.float32)
    values[:, 4:] = 3
    values[:2, :4] = np.nan
    scores, strongest = pool_map(values, layout, 0.2)
    assert scores[0] == pytest.approx(2.5, abs=0.5)
    assert scores[1] == pytest.approx(3)
    assert strongest[0] // 8 >= 2


@pytest.mark.parametrize(("left", "scored"), [(11, True), (10, False), (0, False)])
def test_a_tile_of_which_a_tenth_is_left_has_no_score(left: int, scored: bool) -> None:
    values = np.full((10, 20), np.nan, np.float32)
    values[:, 10:] = 1
    values[:10, :10][np.unravel_index(np.arange(left), (10, 10))] = 1
    scores, _ = pool_map(values, tile_layout((200, 100), GridSize(1, 2)), 0.1)
    assert np.isfinite(scores).tolist() == [scored, True]


RULES = [
    *(Rule(name) for name in (RuleName.GATE, RuleName.FENCE, RuleName.STOCK, RuleName.CALIBRATED)),
    Rule(RuleName.THRESHOLD, threshold=0.5),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
@pytest.mark.parametrize("lists", [False, True])
def test_rules_decide_as_if_tiles_without_a_score_were_not_there(rule: Rule, lists: bool) -> None:
    values = RANDOM.uniform(0.1, 0.2, 36)
    values[[4, 9]] = 90, 60
    bank = [RANDOM.uniform(0.1, 0.3, 36) for _ in range(5)]
    where = np.flatnonzero(np.isin(np.arange(49), np.arange(0, 49, 4), invert=True))[:36]
    near = 1 - np.stack([values, values], axis=1)

    def decided(at: np.ndarray, tiles: int, bank_scores: list[np.ndarray]):  # type: ignore[no-untyped-def]
        layout = tile_layout((700, 700), GridSize(7, 7))
        scores, every = np.full(tiles, np.nan), np.full((tiles, 2), np.nan)
        scores[at], every[at] = values, near
        none = np.full(tiles, -1)
        tile_scores = TileScores(layout, scores, (), none, none, scores, neighbour_lists=every if lists else None)
        scope = Scope.REFERENCES if rule.name is RuleName.CALIBRATED else Scope.SELF
        return decide(tile_scores, rule, scope=scope, engine=EngineName.TEXTURE, bank_scores=bank_scores)

    plain = decided(np.arange(36), 36, bank)
    padded = [np.concatenate([[np.nan], one, [np.nan] * 3]) for one in bank]
    spread = decided(where, 49, [*padded, np.full(49, np.nan)])
    assert spread.flags[where].tolist() == plain.flags.tolist()
    assert spread.flags.sum() == plain.flags.sum() > 0
    assert (spread.threshold, spread.verdict, spread.reason) == (plain.threshold, plain.verdict, plain.reason)
    assert not spread.flags.flags.writeable
