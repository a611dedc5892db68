"""A mask marks what a person who opens it would say that it marks, or it is asked about."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tifffile
from PIL import Image

from segdetect.errors import DatasetError
from segdetect.evaluation.datasets import LabelledPicture, Polarity
from segdetect.evaluation.masks import (
    BY_COLOUR,
    BY_INDEX,
    BY_TRANSPARENCY,
    COMMONEST,
    FIRST_PAGE,
    NOT_ABOVE,
    read_mask,
)
from tests.support.tiny_dataset import blot

HEIGHT, WIDTH = 48, 64
TRUTH = np.zeros((HEIGHT, WIDTH), bool)
TRUTH[8:20, 30:50] = True
TRUTH[40:44, 3:9] = True

Array = npt.NDArray[Any]
Written = Callable[[], bytes]


def grey(value: float, kind: type, background: float = 0) -> Array:
    return np.where(TRUTH, kind(value), kind(background)).astype(kind)


def coloured(defect: tuple[int, ...], background: tuple[int, ...] = (0, 0, 0)) -> Array:
    return np.where(TRUTH[..., None], np.uint8(defect), np.uint8(background))


def saved(image: Image.Image | Array, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(buffer, kind, **options)
    return buffer.getvalue()


def tiff(values: Array, **options: Any) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, **options)
    return buffer.getvalue()


def with_palette(defect: int, palette: list[tuple[int, int, int]], background: int = 0) -> Image.Image:
    image = Image.fromarray(grey(defect, np.uint8, background), "P")
    image.putpalette([part for colour in palette for part in colour])
    return image


def turned(orientation: int) -> bytes:
    """Stored a quarter turn to the left, to be shown a quarter turn to the right."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(np.rot90(grey(255, np.uint8)), exif=exif)


def labels() -> Array:
    values = grey(1, np.uint8)
    values[40:44, 3:9] = 3
    return values


def lossy_colour() -> bytes:
    return saved(coloured((250, 20, 30)), "JPEG", quality=90, subsampling=0)


RED, WHITE, BLACK, BLUE = (200, 0, 0), (255, 255, 255), (0, 0, 0), (0, 0, 128)
KINDS: dict[str, tuple[Written, tuple[str, ...]]] = {
    "0 and 255": (lambda: saved(grey(255, np.uint8)), ()),
    "0 and 1": (lambda: saved(grey(1, np.uint8)), ()),
    "labels 0, 1 and 3": (lambda: saved(labels()), ()),
    "1 bit": (lambda: saved(Image.fromarray(grey(255, np.uint8)).convert("1")), ()),
    "1-bit BMP": (lambda: saved(Image.fromarray(grey(255, np.uint8)).convert("1"), "BMP"), ()),
    "8-bit BMP": (lambda: saved(grey(255, np.uint8), "BMP"), ()),
    "16 bits, 1": (lambda: saved(grey(1, np.uint16)), ()),
    "16-bit TIFF, 300": (lambda: tiff(grey(300, np.uint16)), ()),
    "32-bit TIFF, 1": (lambda: tiff(grey(1, np.uint32)), ()),
    "signed TIFF, 1": (lambda: tiff(grey(1, np.int16)), ()),
    "float TIFF, 1.0": (lambda: tiff(grey(1, np.float32)), ()),
    "float TIFF, 0.25": (lambda: tiff(grey(0.25, np.float32)), ()),
    "float TIFF, background NaN": (lambda: tiff(grey(1, np.float32, np.nan)), (NOT_ABOVE,)),
    "float TIFF, background -1": (lambda: tiff(grey(2, np.float32, -1)), (NOT_ABOVE,)),
    "bilevel TIFF": (lambda: tiff(TRUTH, photometric="minisblack"), ()),
    "bilevel TIFF, white is zero": (lambda: tiff(~TRUTH, photometric="miniswhite"), ()),
    "16-bit TIFF, white is zero": (lambda: tiff(grey(0, np.uint16, 65535), photometric="miniswhite"), ()),
    "fax TIFF": (lambda: saved(Image.fromarray(TRUTH), "TIFF", compression="group4"), ()),
    "LZW TIFF": (lambda: tiff(grey(255, np.uint8), compression="lzw"), ()),
    "grey RGB": (lambda: saved(coloured(WHITE)), ()),
    "red on black": (lambda: saved(coloured(RED)), ()),
    "16-bit RGB TIFF": (lambda: tiff(coloured((1, 0, 0)).astype(np.uint16), photometric="rgb"), ()),
    "red on white": (lambda: saved(coloured(RED, WHITE)), (COMMONEST,)),
    "palette, index 0 is black": (lambda: saved(with_palette(1, [BLACK, RED])), (BY_COLOUR,)),
    "palette, index 0 is no black": (lambda: saved(with_palette(1, [BLUE, RED])), (BY_INDEX,)),
    "palette, the defect is index 0": (lambda: saved(with_palette(0, [WHITE, BLACK], 1)), (BY_COLOUR,)),
    "palette of nothing but black": (lambda: saved(with_palette(2, [BLACK, BLACK, BLACK])), (BY_INDEX,)),
    "palette TIFF": (
        lambda: tiff(grey(1, np.uint8), photometric="palette", colormap=np.tile(np.arange(256) * 257, (3, 1))),
        (BY_COLOUR,),
    ),
    "palette GIF": (lambda: saved(with_palette(1, [BLACK, WHITE]), "GIF"), (BY_COLOUR,)),
    "transparency over one colour": (
        lambda: saved(np.dstack([np.full_like(coloured(RED), 90), grey(255, np.uint8)])),
        (BY_TRANSPARENCY,),
    ),
    "transparency, colour cleared": (
        lambda: saved(np.dstack([coloured(RED), grey(80, np.uint8)])),
        (BY_TRANSPARENCY,),
    ),
    "opaque with an alpha channel": (lambda: saved(np.dstack([coloured(WHITE), np.full_like(labels(), 255)])), ()),
    "grey with alpha": (
        lambda: saved(Image.fromarray(np.dstack([np.zeros_like(labels()), grey(255, np.uint8)]), "LA")),
        (BY_TRANSPARENCY,),
    ),
    "JPEG": (
        lambda: saved(grey(255, np.uint8), "JPEG", quality=75),
        ("it is compressed with losses, so it was cut half-way, at 127.5 of 255",),
    ),
    "lossy WebP": (lambda: saved(coloured(WHITE), "WEBP", quality=80), ("half-way",)),
    "lossless WebP": (lambda: saved(coloured(WHITE), "WEBP", lossless=True), ()),
    "coloured JPEG": (lossy_colour, ("half-way",)),
    "JPEG in a TIFF": (
        lambda: tiff(grey(255, np.uint8), compression="jpeg", compressionargs={"level": 90}),
        ("half-way",),
    ),
    "turned by EXIF": (lambda: turned(6), ()),
    "two pages": (lambda: tiff(np.stack([grey(255, np.uint8)] * 2), photometric="minisblack"), (FIRST_PAGE,)),
}


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


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (saved(grey(3, np.uint8), "JPEG"), ["its brightest value is", "does not tell from 0", "as PNG"]),
        (b"no picture", ["it is no picture", "as PNG"]),
        (b"", ["it is no picture", "as PNG"]),
        (saved(grey(255, np.uint8))[:60], ["as PNG"]),
        (b"\0" * 128 + b"DICM", ["it is DICOM, which masks are not read from", "as PNG"]),
        (tiff(grey(1, np.complex64)), ["complex numbers", "as PNG"]),
        (saved(Image.new("1", (20_000, 20_000))), ["as PNG"]),
    ],
    ids=["faint", "text", "empty", "cut off", "DICOM", "complex", "huge"],
)
def test_what_is_wrong_with_a_mask_is_said(tmp_path: Path, data: bytes, words: list[str]) -> None:
    (tmp_path / "mask.png").write_bytes(data)
    with pytest.raises(DatasetError) as caught:
        read_mask(tmp_path / "mask.png", name="a.png")
    assert caught.value.file == "a.png"
    for word in ("mask.png", *words):
        assert word in str(caught.value)


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
