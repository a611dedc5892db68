"""What is drawn, to the pixel."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from segdetect.output.annotation import (
    FLAG_RGB,
    HALO_RGB,
    SELECTED_RGB,
    annotate,
    annotated_thumbnail,
    crop,
    line_width,
    outlined_copy,
)
from segdetect.pictures.loading import load_image
from segdetect.settings import GridSize
from tests.support.pictures import answer, picture, png, weave

GREY = (128, 128, 128)


def _flat(size_wh: tuple[int, int]) -> np.ndarray:
    return np.full((size_wh[1], size_wh[0], 3), 128, np.uint8)


def _letters(pixels: np.ndarray) -> list[str]:
    """A picture of few colours as text: `.` untouched, `h` halo, `F` flag, `S` selected, `?` anything else."""
    known = {GREY: ".", HALO_RGB: "h", FLAG_RGB: "F", SELECTED_RGB: "S"}
    return ["".join(known.get(tuple(int(v) for v in pixel), "?") for pixel in row) for row in pixels]


def test_a_box_to_the_pixel() -> None:
    image = picture(_flat((24, 12)))
    drawn = annotate(image, answer(image, [0.1, 0.9], grid=GridSize(1, 2), flagged=[1]), labels=False)
    frame = ["h" * 12, "h" + "F" * 10 + "h", "hF" + "h" * 8 + "Fh"]
    middle = ["hFh" + "." * 6 + "hFh"] * 6
    assert _letters(np.asarray(drawn)) == ["." * 12 + row for row in [*frame, *middle, *frame[::-1]]]


def test_only_flagged_tiles_are_touched_and_each_within_its_box() -> None:
    image = picture(weave((60, 60)))
    inspection = answer(image, [0.9, 0.1, 0.1, 0.1, 0.8, 0.1, 0.1, 0.1, 0.7], grid=GridSize(3, 3), flagged=[0, 4, 8])
    changed = (np.asarray(annotate(image, inspection)) != image.pixels).any(axis=2)
    touched = changed.reshape(3, 20, 3, 20).any(axis=(1, 3))
    np.testing.assert_array_equal(touched, np.eye(3, dtype=bool))
    for tile in range(3):
        part = changed[20 * tile : 20 * tile + 20, 20 * tile : 20 * tile + 20]
        assert part[[0, -1]].all()
        assert part[:, [0, -1]].all()


@pytest.mark.parametrize("side", [90, 400, 1600])
def test_a_thumbnail_is_small_and_its_lines_are_as_wide_whatever_the_size(side: int) -> None:
    image = picture(_flat((side, side)))
    inspection = answer(image, [0.1, 0.1, 0.1, 0.9], grid=GridSize(2, 2), flagged=[3])
    drawn = annotated_thumbnail(image, inspection, 200)
    small = min(side, 200)
    assert drawn.size == (small, small)
    rows = _letters(np.asarray(drawn))
    assert {letter for row in rows[: small // 2] for letter in row} == {"."}
    line = "h" + "F" * round(small / 90) + "h"
    assert rows[3 * small // 4] == "." * (small // 2) + line + "." * (small // 2 - 2 * len(line)) + line
    assert (image.pixels == 128).all()


def test_a_grey_picture_gets_a_coloured_box() -> None:
    grey = load_image(_grey_png(), name="grey.png")
    drawn = annotate(grey, answer(grey, [0.1, 0.9], grid=GridSize(1, 2), flagged=[1]))
    assert drawn.mode == "RGB"
    assert FLAG_RGB in {tuple(pixel) for pixel in np.asarray(drawn).reshape(-1, 3).tolist()}


def _grey_png() -> bytes:
    pixels = np.full((30, 60), 90, np.uint8)
    assert Image.fromarray(pixels).mode == "L"
    return png(pixels)


def test_the_picture_itself_is_left_as_it_is() -> None:
    image = picture(weave((60, 30)))
    before = image.pixels.copy()
    annotate(image, answer(image, [0.1, 0.9], grid=GridSize(1, 2), flagged=[0, 1]), selected=[1])
    np.testing.assert_array_equal(image.pixels, before)
    assert not image.pixels.flags.writeable


@pytest.mark.parametrize("side", [10, 11, 13, 16])
def test_the_smallest_tiles_are_framed_and_not_filled(side: int) -> None:
    image = picture(_flat((32 * side, 2 * side)))
    scores = np.linspace(0, 1, 64)
    drawn = np.asarray(annotate(image, answer(image, scores, grid=GridSize(2, 32), flagged=range(64))))
    tile = drawn[:side, :side]
    inside = (tile == 128).all(axis=2)
    assert inside.sum() >= (side - 6) ** 2
    assert inside[side // 2, side // 2]


@pytest.mark.parametrize("size_wh", [(3500, 230), (230, 3500), (4000, 70)], ids=["wide", "tall", "a line"])
def test_a_tile_of_a_long_strip_is_marked_however_little_of_it_a_thumbnail_has(size_wh: tuple[int, int]) -> None:
    image = picture(_flat(size_wh))
    drawn = annotated_thumbnail(image, answer(image, [0.5] * 49, grid=GridSize(7, 7), flagged=[48]), 160)
    assert (np.asarray(drawn) == FLAG_RGB).all(axis=2).any()


def test_the_pen_grows_with_the_picture_so_that_it_is_seen() -> None:
    assert line_width((100, 100)) == 1
    assert line_width((4000, 3000)) == 12
    image = picture(_flat((2000, 1000)))
    drawn = np.asarray(annotate(image, answer(image, [0.1, 0.9], grid=GridSize(1, 2), flagged=[1]), labels=False))
    row = _letters(drawn[500:501, 1000:1016])[0]
    assert row == "hhhhFFFFhhhh...."


def test_the_rank_is_written_in_the_corner() -> None:
    image = picture(_flat((200, 100)))
    inspection = answer(image, [0.9, 0.8], grid=GridSize(1, 2), flagged=[0, 1])
    plain, labelled = (np.asarray(annotate(image, inspection, labels=on)) for on in (False, True))
    changed = (plain != labelled).any(axis=2)
    assert changed[:, :100].any()
    assert changed[:, 100:].any()
    assert not (labelled[:, :100] == labelled[:, 100:]).all(), "ranks 1 and 2 look alike"
    rows, cols = np.nonzero(changed[:, :100])
    assert rows.max() < 50
    assert cols.max() < 50


def test_the_selected_tile_is_white_and_may_be_alone() -> None:
    image = picture(_flat((24, 12)))
    inspection = answer(image, [0.1, 0.9], grid=GridSize(1, 2), flagged=[1])
    letters = "".join(_letters(np.asarray(annotate(image, inspection, labels=False, outlines=False, selected=[0]))))
    assert "S" in letters
    assert "F" not in letters


def test_a_crop_holds_the_boxes_pixels() -> None:
    image = picture(weave((30, 20)))
    part = crop(image, np.array([3, 5, 13, 18]))
    assert part.size == (10, 13)
    np.testing.assert_array_equal(np.asarray(part), image.pixels[5:18, 3:13])


def test_a_small_copy_is_enlarged_with_the_place_that_is_asked_about() -> None:
    copy = Image.new("RGB", (40, 30), (90, 90, 90))
    drawn = np.asarray(outlined_copy(copy, (400, 300), [(100, 100, 200, 200)], side=800), int)
    assert drawn.shape == (600, 800, 3)
    line = np.argwhere(np.abs(drawn - SELECTED_RGB).max(axis=2) == 0)
    assert (line.min(axis=0) >= (200, 200)).all()
    assert (line.max(axis=0) < (400, 400)).all()
    assert (drawn[300, 300] == 90).all(), "what is within stays to be seen"
