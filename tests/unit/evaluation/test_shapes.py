"""Polygons and run lengths to pixels, beside what pycocotools 2.0.11 made of the same, which is written down here."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segdetect.evaluation.shapes import Shapes, box, run_lengths
from tests.unit.evaluation.test_public_datasets import run_lengths_of

Y, X = np.indices((37, 53))
DISC = (X - 20) ** 2 + (Y - 15) ** 2 < 90
DISC_TEXT = "T=5m06L2N2N2O000O2O00000001N10001N2N2N4JYj0"


def test_the_text_of_run_lengths_is_read_as_pycocotools_writes_it() -> None:
    assert np.array_equal(Shapes((53, 37), runs=(DISC_TEXT,)).marked(name="a").pixels, DISC)
    assert run_lengths(DISC_TEXT) == run_lengths_of(DISC)


@given(st.integers(0, 2**32 - 1))
def test_run_lengths_give_back_any_mask(seed: int) -> None:
    mask = np.random.default_rng(seed).random((7, 5)) < 0.5
    assert np.array_equal(Shapes((5, 7), runs=(tuple(run_lengths_of(mask)),)).marked(name="a").pixels, mask)


@given(left=st.integers(-5, 30), top=st.integers(-5, 30), width=st.integers(1, 30), height=st.integers(1, 30))
def test_a_box_marks_its_pixels_and_no_other(left: int, top: int, width: int, height: int) -> None:
    wanted = np.zeros((24, 24), bool)
    wanted[max(0, top) : max(0, top + height), max(0, left) : max(0, left + width)] = True
    assert np.array_equal(Shapes((24, 24), (box(left, top, width, height),)).marked(name="a").pixels, wanted)


def test_a_polygon_marks_the_pixels_whose_middle_it_holds() -> None:
    corners = ((10.2, 5.7), (40.9, 12.3), (22.1, 33.4))
    sides = [
        (bx - ax) * (Y + 0.5 - ay) - (by - ay) * (X + 0.5 - ax)
        for (ax, ay), (bx, by) in zip(corners, (*corners[1:], corners[0]), strict=True)
    ]
    marked = Shapes((53, 37), (tuple(part for corner in corners for part in corner),)).marked(name="a").pixels
    assert np.array_equal(marked, np.logical_and.reduce([side > 0 for side in sides]))
    assert marked.sum() == pytest.approx(383, rel=0.01)  # pycocotools, which draws the outline on a finer lattice


def test_polygons_of_a_picture_count_together_and_a_hole_is_none() -> None:
    one, other = box(2, 2, 6, 6), box(4, 4, 6, 6)
    marked = Shapes((12, 12), (one, other)).marked(name="a").pixels
    assert marked.sum() == 36 + 36 - 16
    assert marked[5, 5]
