"""The outlines of what is known to be defective."""

from __future__ import annotations

import numpy as np

from segdetect.evaluation.outlines import MOST_POINTS, outlines


def test_an_outline_runs_along_the_marked_pixels_and_a_hole_has_its_own() -> None:
    mask = np.zeros((9, 9), bool)
    mask[1:8, 1:8] = True
    mask[3:6, 3:6] = False
    outer, hole = sorted(outlines(mask), key=min)
    assert set(outer) == {(1, 1), (1, 7), (7, 7), (7, 1)}
    assert {x for x, _ in hole} == {2, 3, 5, 6}
    assert outlines(np.zeros((4, 4), bool)) == ()


def test_a_mask_of_noise_is_drawn_with_few_points() -> None:
    mask = np.random.default_rng(1).random((700, 700)) < 0.3
    assert 0 < sum(map(len, outlines(mask))) <= MOST_POINTS
