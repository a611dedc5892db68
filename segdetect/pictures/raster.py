"""Decoded values of any depth, and their way to 8-bit RGB."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from segdetect.errors import ImageTooLargeError, UnreadableImageError
from segdetect.message import Message
from segdetect.pictures.limits import decoded_limit
from segdetect.pictures.measured import Flags

Pixels = npt.NDArray[np.uint8]
Values = npt.NDArray[Any]
Curve = Callable[[Values], npt.NDArray[np.float64]]

ON_WHITE: Final = "Transparent parts are shown on white."
# The share of values that the automatic window leaves darker than black and, again, brighter than white.
WINDOW_PERCENTILES: Final = (0.5, 99.5)
# Percentiles of more values than this are taken from every n-th of them.
_PERCENTILE_SAMPLE: Final = 4_000_000
# Rows are mapped in strips of about this many values, so that a large picture needs no second one in float32.
_STRIP_VALUES: Final = 4_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """A picture file that is to be decoded.

    Args:
        data: the file's bytes.
        name: its name as the user gave it, for errors only.
        page: the page wanted, 0-based.
        max_pixels: the largest width times height that may be decoded.
    """

    data: bytes
    name: str
    page: int
    max_pixels: int

    def check_size(self, width: int, height: int, pixel_bytes: int = 3) -> None:
        """Call with the size in the file's header, before decoding.

        Args:
            width: in pixels.
            height: in pixels.
            pixel_bytes: bytes that all samples of a pixel take once decoded; 3 at least, since RGB is made of them.

        Raises:
            UnreadableImageError: a side is zero.
            ImageTooLargeError: more pixels than the limit, or more bytes than a file of this size may decode to.
        """
        self.check_area(width, height)
        self.check_bytes(width * height * max(3, pixel_bytes))

    def check_area(self, width: int, height: int) -> None:
        """Call with the size of a picture that takes its memory already.

        Raises:
            UnreadableImageError: a side is zero.
            ImageTooLargeError: more pixels than the limit.
        """
        if width < 1 or height < 1:
            raise self.unreadable(f"the picture has no pixels: its size is {width} x {height}")
        if width * height > self.max_pixels:
            raise ImageTooLargeError(
                Message(
                    "{width} x {height} pixels ({size:.1f} megapixels) are more than the limit of {limit:g} megapixels",
                    width=width,
                    height=height,
                    size=width * height / 1e6,
                    limit=self.max_pixels / 1e6,
                ),
                remedy="Scale the picture down or cut it in parts, and load these",
                file=self.name,
            )

    def check_bytes(self, decoded: int) -> None:
        """Call with the bytes that decoding or inflating will take, before it.

        Raises:
            ImageTooLargeError: more than a file of this size may take.
        """
        limit = decoded_limit(len(self.data))
        if decoded > limit:
            raise ImageTooLargeError(
                Message(
                    "it would take more memory than the limit of {limit:g} megabytes for a file of its size "
                    "({size:.1f} megabytes) once it is decoded",
                    limit=limit / 1e6,
                    size=len(self.data) / 1e6,
                ),
                remedy="Scale the picture down or cut it in parts, and load these",
                file=self.name,
            )

    def check_page(self, pages: int) -> None:
        """Call with the number of pages in the file.

        Raises:
            UnreadableImageError: the page wanted is not among them.
        """
        if not 0 <= self.page < pages:
            remedy = f"Choose a page from 1 to {pages}" if pages > 1 else "Choose page 1, the only one"
            raise self.unreadable(f"there is no page {self.page + 1} in this file", remedy)

    def unreadable(self, problem: str, remedy: str = "Load another file") -> UnreadableImageError:
        """The error to raise, with the file's name."""
        return UnreadableImageError(problem, remedy=remedy, file=self.name)


@dataclass(frozen=True, slots=True, eq=False)
class Raster:
    """What a decoder found.

    Args:
        values: `(height, width)` grey or `(height, width, 3)` RGB, of any integer or float type.
        alpha: `(height, width)` uint8, 255 where opaque; None when all of it is.
        deep: True when the values must be windowed to fit 8 bits; False for uint8 values that are shown as they are.
        inverted: True when low values are bright.
        window: the window that the file itself asks for.
        curve: the mapping to 0..1 that the file asks for in place of a window, whose span `window` is then.
        valid: `(height, width)` bool, False where a value is no measurement, as the file declares; None when all are.
        pages: how many pages the file has.
        orientation: EXIF orientation, 1..8, still to be applied.
        notes: what the user should know.
        unit: what the values are in, as the file says; empty for none.
        windows: all windows that the file asks for, each with its name there, which may be empty.
    """

    values: Values
    alpha: Pixels | None = None
    deep: bool = False
    inverted: bool = False
    window: tuple[float, float] | None = None
    curve: Curve | None = None
    valid: Flags | None = None
    pages: int = 1
    orientation: int = 1
    notes: tuple[str, ...] = ()
    unit: str = ""
    windows: tuple[tuple[str, float, float], ...] = ()


def value_range(values: Values, valid: Flags | None = None) -> tuple[float, float]:
    """Lowest and highest value, of the pixels where `valid` is True; all of them are finite there."""
    known = values if valid is None else values[valid]
    return float(known.min()), float(known.max())


def percentile_window(values: Values, valid: Flags | None = None) -> tuple[float, float]:
    """The values at the 0.5th and 99.5th percentile; the whole range when these are equal. See `value_range`."""
    flat = (values if valid is None else values[valid]).reshape(-1)
    sample = flat[:: max(1, flat.size // _PERCENTILE_SAMPLE)]
    low, high = np.percentile(sample, WINDOW_PERCENTILES)
    return (float(low), float(high)) if high > low else value_range(values, valid)


def apply_curve(values: Values, curve: Curve, *, inverted: bool = False) -> Pixels:
    """Map values to 8 bits by a function that gives 0..1, strip by strip."""
    mapped = np.empty(values.shape, np.uint8)
    rows = max(1, _STRIP_VALUES // max(1, values[0].size))
    for top in range(0, len(values), rows):
        share = np.clip(np.nan_to_num(curve(values[top : top + rows])), 0, 1)
        mapped[top : top + rows] = np.rint(255 * (1 - share if inverted else share))
    return mapped


def apply_window(values: Values, window: tuple[float, float], *, inverted: bool = False) -> Pixels:
    """Map the window's low value to 0 and its high value to 255, linearly; NaN becomes the low value.

    Args:
        values: any shape, integer or float.
        window: low and high; when they are equal, that value and all below become 0.
        inverted: low becomes 255 and high 0.
    """
    if values.dtype.kind in "iu" and values.dtype.itemsize <= 2:
        info = np.iinfo(values.dtype)
        every = np.arange(info.min, info.max + 1, dtype=np.int32).astype(values.dtype)
        table = _map_strip(every, window, inverted=inverted)
        codes = values if info.min == 0 else values.astype(np.int32) - info.min
        return np.asarray(table[codes])
    mapped = np.empty(values.shape, np.uint8)
    rows = max(1, _STRIP_VALUES // max(1, values[0].size))
    for top in range(0, len(values), rows):
        mapped[top : top + rows] = _map_strip(values[top : top + rows], window, inverted=inverted)
    return mapped


def _map_strip(values: Values, window: tuple[float, float], *, inverted: bool) -> Pixels:
    # Halved, because a window as wide as float64 would overflow; float64 keeps neighbouring 32-bit integers apart.
    low, high = window[0] / 2, window[1] / 2
    scaled = np.clip(values.astype(np.float64) / 2, low, high)
    scaled -= low
    scaled /= (high - low) or 1.0
    scaled *= 255.0
    mapped = np.rint(np.nan_to_num(scaled, copy=False)).astype(np.uint8)
    return np.asarray(255 - mapped, np.uint8) if inverted else mapped


def compose(
    colours: Pixels, alpha: Pixels | None, orientation: int, valid: Flags | None = None
) -> tuple[Pixels, Flags | None]:
    """Grey or RGB to upright, opaque, read-only RGB on white, and the flags turned alike.

    Args:
        colours: `(height, width)` or `(height, width, 3)` uint8.
        alpha: `(height, width)` uint8 or None.
        orientation: EXIF orientation, 1..8; anything else counts as 1.
        valid: `(height, width)` bool; where it is False and nothing is transparent, the result is black.
    """
    if valid is not None:
        # Before grey becomes three channels, which take three times as long.
        kept = valid if alpha is None else valid | (alpha < 255)
        colours = colours * (kept if colours.ndim == 2 else kept[..., None])
    rgb = np.asarray(cv2.cvtColor(colours, cv2.COLOR_GRAY2RGB) if colours.ndim == 2 else colours, np.uint8)
    if alpha is not None:
        rgb = _on_white(rgb, alpha)
    return _upright(rgb, orientation), None if valid is None else _upright(valid, orientation)


def _upright(array: npt.NDArray[Any], orientation: int) -> npt.NDArray[Any]:
    upright = np.ascontiguousarray(turn_upright(array, orientation))
    upright.flags.writeable = False
    return upright


def _on_white(rgb: Pixels, alpha: Pixels) -> Pixels:
    blended = np.empty_like(rgb)
    rows = max(1, _STRIP_VALUES // max(1, rgb[0].size))
    for top in range(0, len(rgb), rows):
        strip = slice(top, top + rows)
        share = alpha[strip, :, None].astype(np.uint16)
        blended[strip] = (rgb[strip] * share + 255 * (255 - share) + 127) // 255
    return blended


def turn_upright(image: npt.NDArray[Any], orientation: int) -> npt.NDArray[Any]:
    """Undo the camera's rotation (EXIF 2.32, tag 274); 1 and unknown values leave the picture as it is."""
    if orientation in (5, 6, 7, 8):
        image = image.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    return image
