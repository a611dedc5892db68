"""Figures on arrays small enough to be worked out by hand, and against scikit-learn where it is installed."""

from __future__ import annotations

import numpy as np
import pytest

from segdetect.evaluation.metrics import average_precision, pixel_figures, precision_recall, roc_auc, tile_truth


def test_figures_by_hand() -> None:
    truth = np.array([True, False, True, False])
    scores = np.array([4.0, 3.0, 2.0, 1.0])
    assert roc_auc(truth, scores) == pytest.approx(3 / 4)  # one of four pairs is in the wrong order
    assert average_precision(truth, scores) == pytest.approx((1 + 2 / 3) / 2)
    curve = precision_recall(truth, scores)
    assert curve.thresholds.tolist() == [4, 3, 2, 1]
    assert curve.precision == pytest.approx([1, 1 / 2, 2 / 3, 1 / 2])
    assert curve.recall == pytest.approx([1 / 2, 1 / 2, 1, 1])


def test_ties_count_half() -> None:
    truth = np.array([True, False, False])
    assert roc_auc(truth, np.array([1.0, 1.0, 0.0])) == pytest.approx(3 / 4)
    assert average_precision(truth, np.zeros(3)) == pytest.approx(1 / 3)


@pytest.mark.parametrize("truth", [np.zeros(3, bool), np.ones(3, bool), np.zeros(0, bool)])
def test_one_kind_alone_has_no_roc(truth: np.ndarray) -> None:
    assert roc_auc(truth, np.arange(float(len(truth)))) is None


def test_nothing_defective_has_no_average_precision() -> None:
    assert average_precision(np.zeros(3, bool), np.arange(3.0)) is None


@pytest.mark.parametrize("seed", range(5))
def test_figures_equal_those_of_scikit_learn(seed: int) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(seed)
    truth = random.random(60) < 0.3
    scores = np.round(random.random(60) + 0.3 * truth, 1)  # rounded, so that there are ties
    assert roc_auc(truth, scores) == pytest.approx(metrics.roc_auc_score(truth, scores), abs=1e-12)
    assert average_precision(truth, scores) == pytest.approx(metrics.average_precision_score(truth, scores), abs=1e-12)


def test_a_tile_is_defective_when_more_than_a_hundredth_is_covered() -> None:
    mask = np.zeros((10, 30), bool)
    mask[0, 0] = mask[0, 10] = mask[0, 11] = True
    boxes = np.array([[0, 0, 10, 10], [10, 0, 20, 10], [20, 0, 30, 10]], np.int32)
    assert tile_truth(mask, boxes).tolist() == [False, True, False]


def test_a_perfect_map_is_perfect() -> None:
    mask = np.zeros((40, 40), bool)
    mask[:10, :10] = mask[30:, 30:] = True
    figures = pixel_figures([mask.astype(np.float32)], [mask])
    assert figures is not None
    assert figures.auroc == pytest.approx(1)
    assert figures.pro == pytest.approx(1)


def test_overlap_counts_regions_alike_whatever_their_size() -> None:
    mask = np.zeros((100, 100), bool)
    mask[:2, :2] = True  # missed altogether
    mask[50:, 50:] = True  # found
    scores = np.zeros((100, 100), np.float32)
    scores[50:, 50:] = 1
    figures = pixel_figures([scores], [mask])
    assert figures is not None
    # Everything at the score 0 comes in at once, so along the curve the small region grows with the false positives.
    assert figures.pro == pytest.approx(0.5 + 0.5 * 0.15)
    assert figures.auroc == pytest.approx((2500 + 4 / 2) / 2504)


def test_pixel_auroc_equals_the_exact_one_on_enlarged_maps() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(0)
    maps = [random.gamma(2, size=(64, 64)).astype(np.float32) for _ in range(3)]
    masks = [random.random((64, 64)) < 0.002 * cells**2 for cells in maps]
    figures = pixel_figures(maps, masks)
    assert figures is not None
    exact = metrics.roc_auc_score(np.concatenate(masks).ravel(), np.concatenate(maps).ravel())
    assert figures.auroc == pytest.approx(exact, abs=1e-3)


def test_without_defects_there_are_no_pixel_figures() -> None:
    assert pixel_figures([np.ones((2, 2), np.float32)], [np.zeros((8, 8), bool)]) is None
    assert pixel_figures([], []) is None
