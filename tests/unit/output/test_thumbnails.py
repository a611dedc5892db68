"""Small encoded copies for pages and tables."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from segdetect.output.thumbnails import (
    DISPLAY_SIDE,
    THUMBNAIL_SIDE,
    cell_uri,
    data_uri,
    display_uri,
    encoded_uri,
    fitted,
    thumbnail_uri,
)
from tests.support.pictures import picture, planted, weave


def _decoded(uri: str, kind: str = "jpeg") -> Image.Image:
    head, _, body = uri.partition(",")
    assert head == f"data:image/{kind};base64"
    return Image.open(io.BytesIO(base64.b64decode(body)))


def test_an_address_holds_the_picture() -> None:
    pixels = weave((40, 30))
    shown = np.asarray(_decoded(data_uri(Image.fromarray(pixels), kind="PNG"), "png"))
    np.testing.assert_array_equal(shown, pixels)


@pytest.mark.parametrize(
    ("size", "side", "wanted"),
    [((100, 50), 200, (100, 50)), ((100, 50), 100, (100, 50)), ((100, 50), 10, (10, 5)), ((1000, 1), 10, (10, 1))],
)
def test_fitting_keeps_the_shape_and_never_enlarges(size: tuple[int, int], side: int, wanted: tuple[int, int]) -> None:
    assert fitted(Image.new("RGB", size), side).size == wanted


def test_a_small_picture_is_shown_at_its_own_size_and_a_large_one_reduced() -> None:
    assert _decoded(display_uri(picture(weave((60, 40))))).size == (60, 40)
    assert _decoded(display_uri(picture(weave((2 * DISPLAY_SIDE, 40))))).size == (DISPLAY_SIDE, 20)


def test_in_a_cell_of_a_table_a_long_strip_keeps_all_of_its_width() -> None:
    strip = Image.new("RGB", (160, 8), (200, 40, 30))
    buffer = io.BytesIO()
    strip.save(buffer, "JPEG")
    shown = _decoded(cell_uri(buffer.getvalue(), 1.25), "webp")
    assert shown.size == (160, 128)
    seen = np.asarray(shown.convert("RGBA"))
    assert set(np.flatnonzero(seen[:, 0, 3])) == set(range(60, 68))
    assert np.abs(seen[64, [0, -1], :3].astype(int) - (200, 40, 30)).max() < 24


@pytest.mark.parametrize("size", [(8, 160), (100, 100), (125, 100)])
def test_in_a_cell_of_a_table_what_fits_stays_as_it_is(size: tuple[int, int]) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", size).save(buffer, "JPEG")
    assert cell_uri(buffer.getvalue(), 1.25) == encoded_uri(buffer.getvalue())


def test_a_thumbnail_shows_its_box_and_nothing_else() -> None:
    image = picture(planted(2, 3))
    shown = np.asarray(_decoded(thumbnail_uri(image, (48, 32, 64, 48))), int)
    assert shown.shape == (THUMBNAIL_SIDE, THUMBNAIL_SIDE, 3)
    assert np.abs(shown - (200, 40, 30)).max() < 12


def test_a_thumbnail_of_a_large_box_is_reduced_in_shape() -> None:
    image = picture(weave((400, 200)))
    assert _decoded(thumbnail_uri(image, (0, 0, 400, 200))).size == (THUMBNAIL_SIDE, THUMBNAIL_SIDE // 2)
