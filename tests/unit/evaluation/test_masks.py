"""A mask marks what a person who opens it would say that it marks, or it is asked about."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from segdetect.errors import DatasetError
from segdetect.evaluation import masks
from segdetect.evaluation.datasets import LabelledPicture, Polarity
from segdetect.evaluation.masks import header_size, read_mask
from segdetect.pictures.isolation import ISOLATE_VARIABLE
from segdetect.pictures.masks import shown_size
from tests.support.mask_files import BLUE, FAULTY, HEIGHT, KINDS, RED, TRUTH, WIDTH, Array, coloured, grey, saved
from tests.support.tiny_dataset import blot


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_mask_marks_what_it_shows(tmp_path: Path, kind: str) -> None:
    write, notes = KINDS[kind]
    path = tmp_path / "mask"
    path.write_bytes(write())
    marked = read_mask(path, name="a.png")
    assert np.array_equal(marked.pixels, TRUTH)
    assert len(marked.notes) == len(notes)
    assert all(note in told for note, told in zip(notes, marked.notes, strict=True))


def test_what_is_transparent_of_a_coloured_mask_is_background(tmp_path: Path) -> None:
    rgba = np.dstack([coloured(RED, BLUE), grey(255, np.uint8)])
    rgba[0, 0] = (9, 9, 9, 255)
    (tmp_path / "mask").write_bytes(saved(rgba))
    wanted = TRUTH.copy()
    wanted[0, 0] = True
    assert np.array_equal(read_mask(tmp_path / "mask", name="a.png").pixels, wanted)


@pytest.mark.parametrize("value", [0, 255])
def test_an_all_black_mask_marks_nothing_and_an_all_white_one_everything(tmp_path: Path, value: int) -> None:
    for kind in ("PNG", "JPEG", "GIF", "TIFF"):
        (tmp_path / "mask").write_bytes(saved(np.full((HEIGHT, WIDTH), value, np.uint8), kind))
        assert read_mask(tmp_path / "mask", name="a.png").pixels.mean() == (value > 0)


@pytest.mark.parametrize("kind", list(FAULTY))
def test_what_is_wrong_with_a_mask_is_said(tmp_path: Path, kind: str) -> None:
    data, words = FAULTY[kind]
    (tmp_path / "mask.png").write_bytes(data)
    with pytest.raises(DatasetError) as caught:
        read_mask(tmp_path / "mask.png", name="a.png")
    assert caught.value.file == "a.png"
    for word in ("mask.png", *words):
        assert word in str(caught.value)


ORIENTED = Image.Exif()
ORIENTED[0x0112] = 6  # to be shown a quarter turn to the right


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_the_size_is_that_which_is_shown(tmp_path: Path, kind: str) -> None:
    for exif, size in ((Image.Exif(), (40, 30)), (ORIENTED, (30, 40))):
        Image.new("L", (40, 30)).save(tmp_path / "mask", kind, exif=exif)
        assert header_size(tmp_path / "mask") == size


def test_the_size_is_found_out_in_another_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And with nothing of the picture decoded, which its header need not tell the truth about."""
    monkeypatch.setenv(ISOLATE_VARIABLE, "1")
    Image.new("L", (40, 30)).save(tmp_path / "mask.png")
    whole = (tmp_path / "mask.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: whole.index(b"IDAT") + 4])
    monkeypatch.setattr(Image, "open", pytest.fail)
    monkeypatch.setattr(PngImagePlugin, "PngImageFile", pytest.fail)
    assert header_size(tmp_path / "mask.png") == header_size(tmp_path / "cut.png") == (40, 30)


def crash(data: bytes, *, name: str) -> tuple[int, int] | None:
    """A decoder that breaks."""
    os.abort()


def test_a_header_that_breaks_its_decoder_has_no_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ISOLATE_VARIABLE, "1")
    (tmp_path / "mask.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    monkeypatch.setattr(masks, "shown_size", crash)
    assert header_size(tmp_path / "mask.png") is None
    monkeypatch.setattr(masks, "shown_size", shown_size)
    assert header_size(tmp_path / "mask.png") is None


def picture(folder: Path, *masks: Array, polarity: Polarity = Polarity.ASK) -> LabelledPicture:
    files = []
    for number, mask in enumerate(masks):
        files.append(folder / f"{number}.png")
        files[-1].write_bytes(saved(mask.astype(np.uint8) * 255))
    return LabelledPicture("a.png", folder / "a.png", tuple(files), "rug", polarity=polarity)


def test_several_masks_of_a_picture_count_together(tmp_path: Path) -> None:
    assert np.array_equal(picture(tmp_path, blot(0, 0), blot(3, 4)).mask(), blot(0, 0) | blot(3, 4))
    with pytest.raises(DatasetError, match="64 x 48 pixels, the picture 112 x 112"):
        picture(tmp_path, blot(0, 0), TRUTH).mask()


def test_a_mask_of_another_size_is_scaled_by_a_whole_factor_only(tmp_path: Path) -> None:
    """Nothing is invented: each of its pixels stands for a square of the picture's, or the other way round."""
    one = picture(tmp_path, blot(2, 3))
    larger = one.truth((336, 336))
    assert larger is not None
    assert np.array_equal(larger.pixels, np.kron(blot(2, 3), np.ones((3, 3), bool)))
    assert larger.notes == ("its size is 112 x 112; it was 3 times enlarged",)
    smaller = one.truth((56, 56))
    assert smaller is not None
    assert np.array_equal(smaller.pixels, blot(2, 3)[1::2, 1::2])
    assert smaller.notes == ("its size is 112 x 112; it was 2 times reduced",)
    for size in ((224, 112), (168, 168), (112, 56), (111, 112), (1, 1000)):
        with pytest.raises(DatasetError, match=f"112 x 112 pixels, the picture {size[0]} x {size[1]}"):
            one.truth(size)


def test_a_mask_of_nearly_everything_is_asked_about_and_never_believed(tmp_path: Path) -> None:
    inverted = ~blot(2, 3)
    with pytest.raises(DatasetError) as caught:
        picture(tmp_path, inverted).mask()
    for word in ("marks 98 % of the picture", "--masks background", "--masks marked", "Defects in masks"):
        assert word in str(caught.value)
    assert np.array_equal(picture(tmp_path, inverted, polarity=Polarity.MARKED).mask(), inverted)
    assert np.array_equal(picture(tmp_path, inverted, polarity=Polarity.BACKGROUND).mask(), blot(2, 3))


def test_nine_tenths_are_still_believed(tmp_path: Path) -> None:
    mask = np.zeros((10, 10), bool)
    mask[:9] = True
    assert picture(tmp_path, mask).mask() is not None
    mask[9, 0] = True
    with pytest.raises(DatasetError, match="91 %"):
        picture(tmp_path, mask).mask()


def test_a_mask_that_is_not_there_any_more_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"its mask gone.png cannot be opened \(No such file"):
        read_mask(tmp_path / "gone.png", name="a.png")
