"""Scores worked out by hand on a few cells, and beside plain loops that follow the description, not the code.

The vectors have rational cosines: (1, 0) with (0.8, 0.6) is 0.8, with (0.6, 0.8) is 0.6, with (0, 1) is 0, and
(0.8, 0.6) with (0.6, 0.8) is 0.96. A distance is 1 less the cosine.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from segdetect.engines.base import Comparison, Embeddings
from segdetect.scoring.cells import CellScores, score_batch, score_references, score_self
from segdetect.scoring.distances import typical_distance

EAST, NORTH_EAST, EAST_NORTH, NORTH = (1.0, 0.0), (0.8, 0.6), (0.6, 0.8), (0.0, 1.0)
NEAREST = Comparison(neighbours=1)

Layer = Sequence[Sequence[float]]


def described(
    *layers: Layer, lattice: tuple[int, int] | None = None, dense: bool = True, comparison: Comparison = NEAREST
) -> Embeddings:
    """A picture with these vectors, of unit length as they stand; one row of cells unless told."""
    vectors = tuple(np.array(layer, np.float32) for layer in layers)
    count = len(vectors[0])
    return Embeddings(vectors, lattice or (1, count), np.zeros((count, 4), np.int32), dense, comparison)


def apart(distance: float) -> tuple[float, float]:
    """A vector at this distance from `EAST`."""
    return 1 - distance, math.sqrt(1 - (1 - distance) ** 2)


def random_picture(seed: int, lattice: tuple[int, int], *, comparison: Comparison = NEAREST) -> Embeddings:
    """Two layers of unlike scale, so that it matters that each is divided by its own typical distance."""
    rng = np.random.default_rng(seed)
    count = lattice[0] * lattice[1]
    layers = [width * rng.standard_normal((count, 4)) + (1, 0, 0, 0) for width in (0.1, 0.6)]
    units = [layer / np.linalg.norm(layer, axis=1, keepdims=True) for layer in layers]
    return described(*units, lattice=lattice, comparison=comparison)


def values_of(cells: CellScores) -> list[float]:
    return cells.values.ravel().tolist()


# ---- plain loops -----------------------------------------------------------------------------------------------------


def window_of(picture: Embeddings) -> int:
    """As far as wanted, if a cell in the middle of the longer side still sees a cell on each side of its window."""
    window = picture.comparison.exclude
    while window > 0 and 2 * window + 2 > max(picture.lattice):
        window -= 1
    return window


def is_seen(picture: Embeddings, cell: int, other: int) -> bool:
    cols = picture.lattice[1]
    down, across = abs(cell // cols - other // cols), abs(cell % cols - other % cols)
    return max(down, across) > window_of(picture)


def distances_within(picture: Embeddings, layer: int, cell: int) -> list[float]:
    vectors = picture.layers[layer].astype(float)
    return sorted(1 - vectors[cell] @ vectors[i] for i in range(len(vectors)) if is_seen(picture, cell, i))


def distances_to(picture: Embeddings, other: Embeddings, layer: int, cell: int) -> list[float]:
    vector = picture.layers[layer][cell].astype(float)
    return sorted(1 - vector @ member for member in other.layers[layer].astype(float))


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def typical_of(pictures: Sequence[Embeddings], layer: int) -> float:
    return mean([mean([distances_within(one, layer, c)[0] for c in range(len(one.layers[0]))]) for one in pictures])


@pytest.mark.parametrize("exclude", [0, 1, 3])
def test_scores_with_references_equal_plain_loops(exclude: int) -> None:
    comparison = Comparison(neighbours=3, exclude=exclude)
    picture, *references = (
        random_picture(seed, lattice, comparison=comparison)
        for seed, lattice in ((1, (4, 7)), (2, (5, 5)), (3, (2, 9)))
    )
    expected = []
    for cell in range(28):
        terms = []
        for layer in (0, 1):
            everywhere = distances_within(picture, layer, cell)
            for reference in references:
                everywhere += distances_to(picture, reference, layer, cell)
            terms.append(min(everywhere) / typical_of(references, layer))
        expected.append(mean(terms))
    assert values_of(score_references(picture, references)) == pytest.approx(expected, rel=1e-4)


def test_scores_in_a_batch_equal_plain_loops() -> None:
    comparison = Comparison(neighbours=3, exclude=1)
    picture = random_picture(10, (4, 7), comparison=comparison)
    peers = [random_picture(seed, (3, 4), comparison=comparison) for seed in range(11, 18)]
    expected = []
    for cell in range(28):
        terms = []
        for layer in (0, 1):
            nearest = sorted(distances_to(picture, peer, layer, cell)[0] for peer in peers)
            terms.append(mean(nearest[:2]) / typical_of(peers, layer))  # 30 % of seven are two
        expected.append(mean(terms))
    assert values_of(score_batch(picture, peers)) == pytest.approx(expected, rel=1e-4)


def test_tiles_with_references_score_the_distance_to_the_second_nearest_of_all() -> None:
    """The own tiles at distances 0.2 and 1, the reference's at 0.4: the second nearest of the three is the latter."""
    comparison = Comparison(neighbours=2, kth_only=True)
    picture = described([EAST, NORTH_EAST, NORTH], dense=False, comparison=comparison)
    reference = described([EAST_NORTH], dense=False, comparison=comparison)
    # First tile: 0.2, 0.4, 1. Second: 0.04 (the reference), 0.2, 0.4. Third: 0.2 (the reference), 0.4, 1.
    assert values_of(score_references(picture, [reference])) == pytest.approx([0.4, 0.2, 0.4], abs=1e-6)


# ---- the share of a batch --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("peers", "score"),
    [
        (1, 0.05),  # 0.3, and at least one
        (2, 0.05),  # 0.6: one
        (4, 0.05),  # 1.2: one
        (5, (0.05 + 0.10) / 2),  # 1.5: two, the even neighbour
        (6, (0.05 + 0.10) / 2),  # 1.8: two
        (10, (0.05 + 0.10 + 0.15) / 3),  # three, where a half would be five: 0.15
        (15, (0.05 + 0.10 + 0.15 + 0.20) / 4),  # 4.5: four, the even neighbour
    ],
)
def test_the_lowest_three_tenths_of_a_batch_count(peers: int, score: float) -> None:
    """Peers at the distances 0.05, 0.10, 0.15 ... in mixed order."""
    order = sorted(range(peers), key=lambda i: (7 * i) % 16)
    others = [described([apart(0.05 * (i + 1))], dense=False) for i in order]
    assert values_of(score_batch(described([EAST], dense=False), others)) == pytest.approx([score], abs=1e-6)


def test_the_lowest_are_taken_layer_by_layer_and_the_layers_averaged() -> None:
    """Of three peers one counts: in the first layer the first (0.1), in the second the last (0.3)."""
    pairs = [(0.1, 0.9), (0.2, 0.5), (0.4, 0.3)]
    peers = [described([apart(first)], [apart(second)], dense=False) for first, second in pairs]
    assert values_of(score_batch(described([EAST], [EAST], dense=False), peers)) == pytest.approx([0.2], abs=1e-6)


# ---- typical distances -----------------------------------------------------------------------------------------------


def test_the_typical_distance_is_the_mean_distance_to_the_nearest() -> None:
    """Nearest to (1, 0) and to (0.8, 0.6) is the other, 0.2 away; (0, 1) is 0.4 from the second."""
    picture = described([EAST, NORTH_EAST, NORTH], [EAST, EAST, NORTH])
    assert typical_distance(picture) == pytest.approx([(0.2 + 0.2 + 0.4) / 3, 1 / 3], abs=1e-6)


def test_the_typical_distance_of_a_large_picture_is_that_of_256_cells_spread_evenly() -> None:
    """Of 300 cells those that are left out are unlike all others; of those in the sample one is."""
    sample = [i * 299 // 255 for i in range(256)]
    left_out = sorted(set(range(300)) - set(sample))
    vectors = np.zeros((300, 2 + len(left_out)))
    vectors[sample, 0] = 1
    vectors[sample[130]] = np.eye(vectors.shape[1])[1]
    vectors[left_out, 2 + np.arange(len(left_out))] = 1
    assert typical_distance(described(vectors.tolist())).tolist() == [1 / 256]


def test_a_picture_with_one_cell_has_no_typical_distance() -> None:
    assert typical_distance(described([EAST], [EAST])).tolist() == [0, 0]


@pytest.mark.parametrize("score", [score_references, score_batch])
def test_distances_are_divided_by_the_mean_typical_one_layer_by_layer(score) -> None:
    """0.4 over the mean of 0.1, 0.2 and 0.6, which is 0.3; 0.2 over that of 0.4, 0.5 and 0.9, which is 0.6."""
    picture = described([EAST], [EAST])
    bank = [described([EAST_NORTH] * 2, [NORTH_EAST] * 2) for _ in range(3)]
    typical = [np.array(pair) for pair in ((0.1, 0.4), (0.2, 0.5), (0.6, 0.9))]
    expected = (0.4 / 0.3 + 0.2 / 0.6) / 2
    assert values_of(score(picture, bank, typical=typical)) == pytest.approx([expected], rel=1e-5)


@pytest.mark.parametrize("score", [score_references, score_batch])
def test_pictures_with_one_cell_do_not_count_in_the_mean(score) -> None:
    picture = described([EAST])
    bank = [described([EAST_NORTH] * 2), described([NORTH])]
    typical = [np.array([0.1]), np.array([0.0])]
    assert values_of(score(picture, bank, typical=typical)) == pytest.approx([0.4 / 0.1], rel=1e-5)
    assert values_of(score(picture, bank[1:])) == [1]  # where there is no other the distance stays as it is


@pytest.mark.parametrize(("typical", "score"), [(5e-7, 0.4), (2e-6, 0.4 / 2e-6)])
def test_nothing_is_divided_by_a_typical_distance_that_is_rounding(typical: float, score: float) -> None:
    cells = score_references(described([EAST]), [described([EAST_NORTH] * 2)], typical=[np.array([typical])])
    assert values_of(cells) == pytest.approx([score], rel=1e-5)


def test_the_order_of_the_bank_does_not_change_a_bit_of_the_mean() -> None:
    """Beside 3 a step of 2 ** -52 is lost, two together are not; and the mean lies between two float32 values."""
    picture, bank = described([EAST]), [described([EAST_NORTH] * 2) for _ in range(3)]
    typical = [np.array([value]) for value in (3 + 3 * 2**-24, 2**-52, 2**-52)]
    assert sum(typical) != sum(typical[::-1])
    first, second = (values_of(score_references(picture, bank, typical=one)) for one in (typical, typical[::-1]))
    assert first == second


# ---- small and equal distances ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("angle", "is_rounding"), [(9e-4, True), (4.5e-3, False)])
def test_distances_below_a_millionth_are_rounding(angle: float, is_rounding: bool) -> None:
    """1 - cos(angle) is 0.4 and 10 millionths."""
    picture = described([EAST, (math.cos(angle), math.sin(angle))], dense=False)
    scores = values_of(score_self(picture))
    assert scores == ([0, 0] if is_rounding else pytest.approx([1e-5, 1e-5], rel=0.02))


def test_of_equal_look_alikes_that_of_the_earlier_picture_is_named() -> None:
    picture = described([EAST, EAST])
    twins = [described([EAST]), described([EAST])]
    cells = score_references(picture, twins)
    assert (cells.nearest_source.tolist(), cells.nearest_cell.tolist()) == ([0, 0], [1, 0])
    cells = score_batch(picture, twins)
    assert (cells.nearest_source.tolist(), cells.nearest_cell.tolist()) == ([1, 1], [0, 0])


def test_a_similarity_is_the_mean_over_the_layers_and_one_at_most() -> None:
    long = math.sqrt(1 + 1e-5)  # a little rounding
    cells = score_batch(
        described([EAST, (long, 0)], [EAST, (long, 0)]), [described([EAST_NORTH, (long, 0)], [NORTH, EAST])]
    )
    assert cells.nearest_cell.tolist() == [1, 1]
    assert cells.nearest_similarity.tolist() == [1, 1]
    cells = score_batch(described([EAST], [EAST]), [described([NORTH_EAST, EAST], [EAST_NORTH, NORTH])])
    assert cells.nearest_cell.tolist() == [0]  # 0.7 against 0.5, although the second is the nearer in the first layer
    assert cells.nearest_similarity == pytest.approx([(0.8 + 0.6) / 2])


def test_a_picture_as_even_as_a_texture_is_not_varied() -> None:
    """Nothing differs in it, so that its homogeneity is 1."""
    assert not score_self(described([EAST] * 9, comparison=replace(NEAREST, uniform=1.0))).varied
    assert score_self(described([EAST] * 9, comparison=replace(NEAREST, uniform=1.01))).varied


def test_a_picture_without_references_keeps_its_surroundings_out_as_references_do() -> None:
    """It may be varied, but the wider window holds: the score with references is computed in the same way."""
    comparison = Comparison(neighbours=1, exclude=2, exclude_varied=0, uniform=2.0)
    picture = random_picture(5, (3, 7), comparison=comparison)
    terms = [[distances_within(picture, layer, cell)[0] for cell in range(21)] for layer in (0, 1)]
    typical = [typical_of([picture], layer) for layer in (0, 1)]
    expected = [mean([terms[layer][cell] / typical[layer] for layer in (0, 1)]) for cell in range(21)]
    cells = score_references(picture, [])
    assert cells.varied
    assert values_of(cells) == pytest.approx(expected, rel=1e-4)


def test_smoothing_goes_on_with_the_outermost_cells_beyond_the_border() -> None:
    sigma, values = 0.75, np.array([[0.2, 0.2, 1.0], [0.4, 0.04, 0.6]])
    bank = described([EAST])
    picture = described(
        [apart(value) for value in values.ravel()], lattice=(2, 3), comparison=Comparison(1, smoothing=sigma)
    )
    reach = round(4 * sigma)
    weights = np.array([math.exp(-((i / sigma) ** 2) / 2) for i in range(-reach, reach + 1)])
    weights /= weights.sum()
    expected = np.zeros((2, 3))
    for row in range(2):
        for col in range(3):
            for i, down in enumerate(range(row - reach, row + reach + 1)):
                for j, across in enumerate(range(col - reach, col + reach + 1)):
                    value = values[min(max(down, 0), 1), min(max(across, 0), 2)]
                    expected[row, col] += weights[i] * weights[j] * value
    assert score_batch(picture, [bank]).values == pytest.approx(expected, rel=1e-5)


# ---- the window that is left out -------------------------------------------------------------------------------------


@pytest.mark.parametrize("upright", [False, True], ids=["wide", "high"])
@pytest.mark.parametrize(
    ("lattice", "exclude", "steps"),
    [
        ((2, 12), 9, 6),  # (12 - 2) / 2 = 5 cells on each side are left out: the next one is 6 away
        ((2, 13), 9, 6),  # (13 - 2) / 2 rounded down is 5; with 6 the middle cell would see nothing
        ((2, 14), 9, 7),
        ((3, 20), 2, 3),  # no more than the engine asks for
        ((1, 3), 9, 1),  # too short to leave anything out
    ],
    ids=str,
)
def test_the_window_is_as_wide_as_the_longer_side_allows(
    lattice: tuple[int, int], exclude: int, steps: int, upright: bool
) -> None:
    """Cells turn by five degrees from each to the next along the longer side, whatever the other side does."""
    short, long = lattice
    angles = np.radians(5.0 * np.broadcast_to(np.arange(long), lattice))
    angles = angles.T if upright else angles
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=-1).reshape(-1, 2)
    shape = (long, short) if upright else lattice
    comparison = Comparison(neighbours=1, kth_only=True, exclude=exclude)
    picture = described(vectors.tolist(), lattice=shape, dense=False, comparison=comparison)
    expected = 1 - math.cos(math.radians(5 * steps))
    assert values_of(score_self(picture)) == pytest.approx([expected] * (short * long), abs=1e-6)


@pytest.mark.parametrize("lattice", [(3, 5), (5, 3), (2, 8), (4, 4), (1, 6)], ids=str)
def test_no_more_neighbours_are_asked_for_than_the_middle_cell_sees(lattice: tuple[int, int]) -> None:
    """The mean distance to as many as every cell has for certain, in plain loops."""
    picture = random_picture(20, lattice, comparison=Comparison(neighbours=99, exclude=3))
    count = lattice[0] * lattice[1]
    least = min(len(distances_within(picture, 0, cell)) for cell in range(count))
    terms = [[mean(distances_within(picture, layer, cell)[:least]) for cell in range(count)] for layer in (0, 1)]
    expected = [mean([terms[layer][cell] / mean(terms[layer]) for layer in (0, 1)]) for cell in range(count)]
    assert values_of(score_self(picture)) == pytest.approx(expected, rel=1e-4)
