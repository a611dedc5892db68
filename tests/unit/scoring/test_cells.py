"""Scores on small made-up descriptions whose answer is known."""

import time
from dataclasses import replace

import numpy as np
import pytest

from segdetect.engines.base import Comparison, Embeddings
from segdetect.grid import TileLayout, tile_layout
from segdetect.inspection import Source
from segdetect.scoring.cells import score_batch, score_references, score_self
from segdetect.scoring.distances import typical_distance
from segdetect.scoring.nearest import BLOCK_VALUES, match_other
from segdetect.scoring.tiles import pool
from segdetect.settings import GridSize

DENSE = Comparison(neighbours=3, exclude=2, exclude_varied=1, uniform=0.7, top_share=0.1)
STOCK = Comparison(neighbours=2, kth_only=True)
ODD_CELL = 45


def _embeddings(vectors, lattice, *, dense=True, comparison=DENSE):
    layers = []
    for layer in vectors:
        unit = np.asarray(layer, np.float64)
        layers.append((unit / np.linalg.norm(unit, axis=1, keepdims=True)).astype(np.float32))
    boxes = np.zeros((lattice[0] * lattice[1], 4), np.int32)
    return Embeddings(tuple(layers), lattice, boxes, dense, comparison)


def _picture(seed, *, lattice=(12, 12), odd=None, layers=2, **kinds):
    """Nearly equal cells; the odd ones, if any, point elsewhere, each its own way."""
    random = np.random.default_rng(seed)
    cells = lattice[0] * lattice[1]
    vectors = 1 + 0.1 * random.standard_normal((layers, cells, 16))
    if odd is not None:
        vectors[:, odd] = random.standard_normal(vectors[:, odd].shape)
    return _embeddings(vectors, lattice, **kinds)


def _source(layout: TileLayout, name="picture"):
    return Source(name, name, layout)


def test_stock_score_is_one_minus_the_similarity_to_the_second_nearest_tile():
    picture = _picture(0, lattice=(7, 7), layers=1, dense=False, comparison=STOCK)
    similarity = picture.layers[0].astype(np.float64) @ picture.layers[0].T
    np.fill_diagonal(similarity, -2)

    cells = score_self(picture)

    assert cells.values.ravel() == pytest.approx(1 - np.sort(similarity, axis=1)[:, -2], abs=1e-6)
    assert cells.nearest_cell.tolist() == similarity.argmax(axis=1).tolist()
    assert cells.nearest_similarity == pytest.approx(similarity.max(axis=1), abs=1e-6)


def test_two_tiles_are_compared_with_each_other():
    picture = _embeddings([[[1, 0], [1, 1]]], (1, 2), dense=False, comparison=STOCK)

    cells = score_self(picture)

    assert cells.values.tolist()[0] == pytest.approx([1 - np.sqrt(0.5)] * 2, abs=1e-6)
    assert cells.nearest_cell.tolist() == [1, 0]


@pytest.mark.parametrize(("uniform", "window"), [(0.0, 2), (2.0, 1)], ids=["the same everywhere", "varied"])
def test_dense_scores_of_one_picture_equal_brute_force(uniform, window):
    """A picture whose parts differ leaves out fewer of a cell's surroundings."""
    picture = _picture(1, lattice=(9, 8), comparison=replace(DENSE, uniform=uniform))
    row, col = np.divmod(np.arange(72), 8)
    apart = np.maximum(abs(row[:, None] - row), abs(col[:, None] - col)) > window
    terms = []
    for layer in picture.layers:
        nearest = [np.sort(1 - layer[i] @ layer[apart[i]].T)[: DENSE.neighbours] for i in range(72)]
        distance = np.mean(nearest, axis=1)
        terms.append(distance / distance.mean())

    assert score_self(picture).values.ravel() == pytest.approx(np.mean(terms, axis=0), rel=1e-4)


@pytest.mark.parametrize("dense", [True, False], ids=["dense", "tiles"])
@pytest.mark.parametrize("scope", ["self", "references", "batch"])
def test_the_odd_cell_ranks_first_in_every_scope(scope, dense):
    comparison = DENSE if dense else STOCK
    kinds = {"layers": 2 if dense else 1, "dense": dense, "comparison": comparison}
    picture = _picture(2, odd=ODD_CELL, **kinds)
    others = [_picture(seed, **kinds) for seed in (3, 4, 5)]
    cells = {
        "self": lambda: score_self(picture),
        "references": lambda: score_references(picture, others),
        "batch": lambda: score_batch(picture, others),
    }[scope]()

    assert cells.values.argmax() == ODD_CELL
    assert cells.values.max() > 3 * np.sort(cells.values.ravel())[-2]
    assert np.isfinite(cells.values).all()
    assert cells.values.min() >= 0


def test_references_find_what_the_picture_has_everywhere():
    flawed = _picture(6, odd=slice(None))
    good = [_picture(seed) for seed in (7, 8)]

    known = max(score_references(good[i], [good[1 - i]]).values.max() for i in (0, 1))
    assert np.median(score_references(flawed, good).values) > 3 * known


@pytest.mark.parametrize(("uniform", "varied"), [(0.0, False), (2.0, True)])
def test_only_a_picture_compared_with_itself_alone_is_said_to_vary(uniform, varied):
    picture, other = (_picture(seed, comparison=replace(DENSE, uniform=uniform)) for seed in (1, 2))

    assert score_self(picture).varied == varied
    assert score_references(picture, []).varied == varied
    assert not score_references(picture, [other]).varied
    assert not score_batch(picture, [other]).varied


def test_own_cells_count_as_known_good_with_references():
    odd = [20, 100]
    picture = _picture(9, odd=odd)
    twins = tuple(layer.copy() for layer in picture.layers)
    for layer in twins:
        layer[100] = layer[20]
    cells = score_references(replace(picture, layers=twins), [_picture(10)])

    assert cells.values.ravel()[odd] == pytest.approx([0, 0], abs=1e-5)
    assert cells.nearest_source[odd].tolist() == [0, 0]
    assert cells.nearest_cell[odd].tolist() == [100, 20]


def test_look_alikes_are_numbered_after_the_picture_itself():
    picture = _picture(11, odd=ODD_CELL)
    references = [_picture(12), _picture(13)]
    for layer, twin in zip(picture.layers, references[1].layers, strict=True):
        twin[7] = layer[ODD_CELL]

    for cells in (score_references(picture, references), score_batch(picture, references)):
        assert cells.nearest_source[ODD_CELL] == 2
        assert cells.nearest_cell[ODD_CELL] == 7
        assert cells.nearest_similarity[ODD_CELL] == pytest.approx(1, abs=1e-5)


def test_the_order_of_references_does_not_change_the_scores():
    picture, references = _picture(14, odd=3), [_picture(seed) for seed in (15, 16, 17)]
    first, second = score_references(picture, references), score_references(picture, references[::-1])

    assert np.array_equal(first.values, second.values)


def test_references_of_another_size_will_do():
    cells = score_references(_picture(18, odd=ODD_CELL), [_picture(19, lattice=(5, 20))])

    assert cells.values.argmax() == ODD_CELL
    assert cells.source_lattices == ((12, 12), (5, 20))


def test_scores_of_two_pictures_are_comparable_with_the_same_references():
    references = [_picture(seed) for seed in (20, 21)]
    clean, flawed = (score_references(_picture(22, odd=odd), references).values for odd in (None, slice(0, 40)))

    assert np.median(flawed) == pytest.approx(np.median(clean), rel=0.2)
    assert np.median(clean) == pytest.approx(1, rel=0.3)


def test_cells_seen_turned_count_and_name_the_upright_cell():
    picture, reference = _picture(23, odd=ODD_CELL), _picture(24)
    turned = tuple(layer[[ODD_CELL]] for layer in picture.layers)
    cells = score_references(picture, [replace(reference, turned=turned, turned_cells=np.array([30]))])

    assert cells.values.ravel()[ODD_CELL] == pytest.approx(0, abs=1e-4)
    assert (cells.nearest_source[ODD_CELL], cells.nearest_cell[ODD_CELL]) == (1, 30)


def test_a_batch_copes_with_a_minority_of_defective_pictures():
    flaw = [ODD_CELL, ODD_CELL + 1]
    picture = _picture(25, odd=flaw)
    same_flaw = _picture(26)
    for layer, copied in zip(picture.layers, same_flaw.layers, strict=True):
        copied[flaw] = layer[flaw]
    others = [same_flaw, *(_picture(seed) for seed in range(27, 36))]

    strongest = np.argsort(-score_batch(picture, others).values.ravel())[:2]

    assert sorted(strongest.tolist()) == flaw


@pytest.mark.parametrize("score", [score_references, score_batch])
def test_typical_distances_may_be_known_beforehand(score):
    picture, others = _picture(40, odd=ODD_CELL), [_picture(41), _picture(42, odd=3), _picture(43, lattice=(1, 1))]
    known = score(picture, others, typical=[typical_distance(other) for other in others])

    assert np.array_equal(known.values, score(picture, others).values)
    assert not np.array_equal(known.values, score(picture, others, typical=[np.ones(2)] * 3).values)


@pytest.mark.parametrize("score", [score_references, score_batch])
def test_each_comparison_is_told(score):
    told = []
    score(_picture(40), [_picture(41), _picture(42)], progress=lambda share, doing: told.append((share, doing)))

    assert told == [(0, "comparing with picture 1 of 2"), (0.5, "comparing with picture 2 of 2")]


def test_without_a_reference_a_picture_is_scored_against_itself():
    cells = score_references(_picture(43, odd=ODD_CELL), [])

    assert cells.values.argmax() == ODD_CELL
    assert set(cells.nearest_source.tolist()) == {0}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("comparison", [DENSE, replace(DENSE, smoothing=1.0), STOCK], ids=["dense", "smooth", "stock"])
def test_a_constant_picture_scores_zero(comparison):
    picture = _embeddings(np.full((2, 144, 16), 0.3), (12, 12), comparison=comparison)

    for cells in (score_self(picture), score_references(picture, [picture]), score_batch(picture, [picture])):
        assert not cells.values.any()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("lattice", [(1, 2), (2, 1), (2, 2), (3, 3), (1, 7), (5, 4)], ids=str)
def test_tiny_lattices_keep_a_neighbour_for_every_cell(lattice):
    cells = score_self(_picture(44, lattice=lattice))

    assert np.isfinite(cells.values).all()
    assert (cells.nearest_cell >= 0).all()
    assert (cells.nearest_cell != np.arange(lattice[0] * lattice[1])).all()


def test_a_single_cell_has_nothing_to_compare_with():
    cells = score_self(_picture(45, lattice=(1, 1)))

    assert cells.values.tolist() == [[0]]
    assert cells.nearest_source.tolist() == cells.nearest_cell.tolist() == [-1]
    assert np.isnan(cells.nearest_similarity).all()


def test_smoothing_spreads_a_score_to_its_neighbours():
    rough, smooth = (
        score_self(_picture(46, odd=ODD_CELL, comparison=replace(DENSE, smoothing=sigma))).values for sigma in (0, 1)
    )

    assert smooth.argmax() == ODD_CELL
    assert smooth.max() < rough.max()
    assert smooth.ravel()[ODD_CELL + 1] > 2 * rough.ravel()[ODD_CELL + 1]
    assert smooth.sum() == pytest.approx(rough.sum(), rel=0.01)


def test_large_pictures_are_compared_in_blocks():
    random = np.random.default_rng(47)
    picture = _embeddings(random.standard_normal((1, 60 * 60, 8)), (60, 60))
    other = _embeddings(random.standard_normal((1, 1200, 8)), (40, 30))
    assert BLOCK_VALUES < 3600 * 1200

    match = match_other(picture, other, neighbours=1)

    assert match.near[0, :, 0] == pytest.approx((picture.layers[0] @ other.layers[0].T).max(axis=1), abs=1e-5)


def test_results_are_read_only():
    layout = tile_layout((120, 120), GridSize(3, 3))
    picture = _picture(48)
    cells = score_self(picture)
    tiles = pool(cells, layout, [_source(layout)], [picture])

    arrays = (cells.values, cells.nearest_cell, tiles.scores, tiles.nearest_source, tiles.nearest_tile)
    assert not tiles.strongest_cell.flags.writeable
    assert not any(array.flags.writeable for array in arrays)


def _brute_force(values, layout, share):
    """Each tile's mean of its highest points, each point interpolated on its own from the four cells around it."""
    rows, cols = values.shape
    width, height = layout.size_wh
    sides = layout.boxes_ltrb[:, 2:] - layout.boxes_ltrb[:, :2]
    down, across = (
        max(8, round(4 * side * count / length))
        for side, count, length in ((sides[:, 1].max(), rows, height), (sides[:, 0].max(), cols, width))
    )
    scores = []
    for left, top, right, bottom in layout.boxes_ltrb.tolist():
        points = []
        for i in range(down):
            y = np.clip((top + (i + 0.5) / down * (bottom - top)) * rows / height - 0.5, 0, rows - 1)
            for j in range(across):
                x = np.clip((left + (j + 0.5) / across * (right - left)) * cols / width - 0.5, 0, cols - 1)
                r, c = min(int(y), rows - 2), min(int(x), cols - 2)
                v, u = y - r, x - c
                four = values[r : r + 2, c : c + 2]
                points.append(np.array([1 - v, v]) @ four @ np.array([1 - u, u]))
        scores.append(np.sort(points)[-max(1, round(share * len(points))) :].mean())
    return np.array(scores)


@pytest.mark.parametrize("grid", [GridSize(1, 2), GridSize(7, 7), GridSize(3, 11), GridSize(14, 1)], ids=str)
@pytest.mark.parametrize("stock", [False, True], ids=["whole", "stock"])
def test_pooling_equals_brute_force(grid, stock):
    picture = _picture(49, lattice=(10, 13), odd=ODD_CELL)
    cells = score_self(picture)
    layout = tile_layout((151, 160), grid, stock=stock)

    tiles = pool(cells, layout, [_source(layout)], [picture])

    assert tiles.scores == pytest.approx(_brute_force(cells.values, layout, DENSE.top_share), rel=1e-4)


def test_tiles_name_the_tile_of_the_look_alike():
    picture = _picture(50, odd=ODD_CELL)
    reference = _picture(51, lattice=(6, 24))
    for layer, twin in zip(picture.layers, reference.layers, strict=True):
        twin[5 * 24 + 23] = layer[ODD_CELL]
    own, other = tile_layout((120, 120), GridSize(3, 3)), tile_layout((480, 60), GridSize(2, 5))
    cells = score_references(picture, [reference])

    cells = replace(cells, values=score_self(picture).values)
    tiles = pool(cells, own, [_source(own), _source(other)], [picture, reference])

    strongest = tiles.scores.argmax()
    assert strongest == 2  # cell 45 lies in row 3, column 9 of 12
    assert (tiles.nearest_source[strongest], tiles.nearest_tile[strongest]) == (1, 9)
    assert tiles.nearest_similarity[strongest] == pytest.approx(1, abs=1e-5)


def test_the_look_alike_of_a_large_tile_never_lies_in_it():
    """Its twin in the same tile does not count; the next best lies in another one, here or in a reference."""
    picture, reference = _picture(55, odd=13), _picture(56)
    twin, weaker, other = 5 * 12 + 1, 8 * 12 + 9, 4 * 12 + 7
    for layer, good in zip(picture.layers, reference.layers, strict=True):
        layer[twin] = layer[13]
        layer[weaker] = 0.9 * layer[13] + 0.1 * layer[weaker]
        layer[weaker] /= np.linalg.norm(layer[weaker])
        good[other] = 0.95 * layer[13] + 0.05 * good[other]
        good[other] /= np.linalg.norm(good[other])
    layout = tile_layout((120, 120), GridSize(2, 2))
    own = _source(layout)
    highest = np.zeros((12, 12), np.float32)
    highest[1, 1] = 1  # cell 13, whatever its score is beside its twin

    alone = pool(replace(score_self(picture), values=highest), layout, [own], [picture])
    cells = replace(score_references(picture, [reference]), values=highest)
    known = pool(cells, layout, [own, own], [picture, reference])

    assert cells.nearest_cell[13] == twin
    assert alone.strongest_cell[0] == 13
    assert (alone.nearest_source[0], alone.nearest_tile[0]) == (0, 3)
    assert alone.nearest_similarity[0] == pytest.approx(
        np.mean([layer[13] @ layer[weaker] for layer in picture.layers]), abs=1e-6
    )
    assert (known.nearest_source[0], known.nearest_tile[0]) == (1, 1)
    assert known.nearest_similarity[0] > alone.nearest_similarity[0]


def test_the_strongest_cell_is_the_one_under_the_highest_point():
    picture = _picture(57, lattice=(4, 6))
    values = np.zeros((4, 6), np.float32)
    values[3, 4], values[0, 0] = 1, 9
    layout = tile_layout((60, 40), GridSize(2, 2))

    tiles = pool(replace(score_self(picture), values=values), layout, [_source(layout)], [picture])

    assert tiles.strongest_cell[[0, 3]].tolist() == [0, 3 * 6 + 4]


def test_where_a_cell_is_a_tile_nothing_is_pooled():
    picture = _picture(52, lattice=(4, 5), layers=1, dense=False, comparison=STOCK)
    layout = tile_layout((100, 80), GridSize(4, 5))
    cells = score_self(picture)

    tiles = pool(cells, layout, [_source(layout)], [picture])

    assert tiles.scores == pytest.approx(cells.values.ravel())
    assert np.array_equal(tiles.nearest_tile, cells.nearest_cell)
    assert tiles.cell_map is None
    assert tiles.strongest_cell is None


def test_pooling_refuses_sources_that_do_not_match():
    layout = tile_layout((120, 120), GridSize(3, 3))
    with pytest.raises(ValueError, match="2 sources for 1"):
        pool(score_self(_picture(53)), layout, [_source(layout)] * 2, [_picture(53)])


@pytest.mark.parametrize("grid", [GridSize(2, 2), GridSize(32, 32), GridSize(32, 1)], ids=str)
def test_any_grid_is_pooled_at_once(grid):
    layout = tile_layout((1024, 1024), grid)
    picture = _picture(54, lattice=(48, 48), layers=1)
    cells = score_self(picture)
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        pool(cells, layout, [_source(layout)], [picture])
        seconds.append(time.perf_counter() - start)

    assert min(seconds) < 0.03


def test_unlikeness_is_what_a_quarter_of_the_cells_exceed_in_the_last_layer():
    picture, other, third = _picture(1), _picture(2), _picture(3)
    last = picture.layers[-1]
    nearest = np.maximum((last @ other.layers[-1].T).max(axis=1), (last @ third.layers[-1].T).max(axis=1))
    expected = np.quantile(1 - nearest, 0.75)

    assert score_batch(picture, [other, third]).unlikeness == pytest.approx(expected, abs=1e-6)
    assert score_references(picture, [other, third]).unlikeness == pytest.approx(expected, abs=1e-6)
    assert np.isnan(score_self(picture).unlikeness)
    assert np.isnan(score_references(picture, []).unlikeness)
