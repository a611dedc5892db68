"""Mask files built in code: all mark the same, or cannot be used."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile
from PIL import Image

from segdetect.pictures.masks import BY_COLOUR, BY_INDEX, BY_TRANSPARENCY, COMMONEST, FIRST_PAGE, NOT_ABOVE

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
    "palette, opaque by a table of transparency": (
        lambda: saved(with_palette(1, [BLUE, RED]), transparency=b"\xff\xff"),
        (BY_INDEX,),
    ),
    "palette, index 0 transparent": (
        lambda: saved(with_palette(1, [BLUE, RED]), transparency=b"\0\xff"),
        (BY_TRANSPARENCY,),
    ),
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
FAULTY: dict[str, tuple[bytes, list[str]]] = {
    "too faint a JPEG": (
        saved(grey(3, np.uint8), "JPEG"),
        ["its brightest value is", "does not tell from 0", "as PNG"],
    ),
    "text": (b"no picture", ["it is no picture", "as PNG"]),
    "an empty file": (b"", ["the file is empty", "as PNG"]),
    "cut off": (saved(grey(255, np.uint8))[:60], ["it is damaged, cut off", "as PNG"]),
    "DICOM": (b"\0" * 128 + b"DICM", ["it is DICOM, which masks are not read from", "as PNG"]),
    "complex numbers": (tiff(grey(1, np.complex64)), ["complex numbers", "as PNG"]),
    "too large": (saved(Image.new("1", (20_000, 20_000))), ["more pixels than can be read", "as PNG"]),
}
