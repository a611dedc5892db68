"""Which pixels of a picture with transparency are looked at: not what is clear, nor the soft rim beside it."""

from __future__ import annotations

import numpy as np
import pytest

from segdetect.pictures.measured import opaque


def disc(side: int, radius: float, rim: float) -> np.ndarray:
    """`(side, side)` uint8: opaque within a radius, clear from there and a rim on."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    return (255 * np.clip((radius + rim - np.hypot(y, x)) / max(rim, 1e-6), 0, 1)).astype(np.uint8)


@pytest.mark.parametrize(("radius", "rim"), [(180, 0), (180, 2), (180, 7), (20, 2), (6, 2)])
def test_a_soft_rim_is_left_out_however_small_the_part(radius: float, rim: float) -> None:
    alpha = disc(400, radius, rim)
    assert np.array_equal(opaque(alpha), alpha >= 250)


def test_what_is_half_transparent_within_a_part_is_its_own() -> None:
    alpha = disc(400, 180, 2)
    alpha[180:220, 180:220] = 128
    assert opaque(alpha)[180:220, 180:220].all()
    assert np.array_equal(
        opaque(alpha), (alpha >= 250) | (alpha == 128) & (np.abs(np.mgrid[:400, :400] - 199.5) < 21).all(0)
    )


@pytest.mark.parametrize("clear", [0, 2, 5])
def test_what_compression_left_of_nothing_is_clear(clear: int) -> None:
    alpha = np.maximum(disc(400, 180, 2), np.uint8(clear))
    assert np.array_equal(opaque(alpha), alpha >= 250)


def test_nothing_is_left_out_of_glass_and_smoke() -> None:
    assert opaque(np.full((40, 60), 128, np.uint8)).all()
    faint = disc(400, 0, 180)
    known = opaque(faint)
    assert known[200, 250]
    assert not known[0, 0]


def test_a_part_that_is_all_rim_is_looked_at() -> None:
    alpha = np.zeros((400, 400), np.uint8)
    alpha[200] = 128
    assert np.array_equal(opaque(alpha), alpha > 0)
