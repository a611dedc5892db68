"""Bytes to RGB pixels: formats, limits, EXIF rotation, 16-bit and medical pictures."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeVar

import numpy as np

from segdetect.errors import SegDetectError, SettingsError
from segdetect.message import Message
from segdetect.pictures.avif import decode_avif
from segdetect.pictures.decoders import decode_common
from segdetect.pictures.formats import Format, sniff
from segdetect.pictures.heic import decode_heic
from segdetect.pictures.image import LoadedImage
from segdetect.pictures.isolation import apart
from segdetect.pictures.jpeg2000 import decode_jpeg2000
from segdetect.pictures.jpeg_xl import decode_jpeg_xl
from segdetect.pictures.limits import MAX_PIXELS
from segdetect.pictures.measured import as_written, both, find_sentinel, finite, left_out_note, opaque
from segdetect.pictures.netpbm import decode_netpbm
from segdetect.pictures.raster import (
    ON_WHITE,
    WINDOW_PERCENTILES,
    Encoded,
    Pixels,
    Raster,
    apply_curve,
    apply_window,
    compose,
    percentile_window,
    value_range,
)
from segdetect.pictures.refusals import CHOOSE_ANOTHER, refusal
from segdetect.pictures.values import FileValues, file_values

# Those whose first bytes other files may have, too.
_MAY_BE_REFUSED: Final = (None, Format.TIFF, Format.DICOM)

__all__ = ["LoadedImage", "Pixels", "image_from_pixels", "load_image", "load_values"]

T = TypeVar("T")

_DECODERS: Final[dict[Format, Callable[[Encoded], Raster]]] = {
    Format.HEIC: decode_heic,
    Format.AVIF: decode_avif,
    Format.JPEG_2000: decode_jpeg2000,
    Format.JPEG_XL: decode_jpeg_xl,
    Format.NETPBM: decode_netpbm,
}


def load_image(
    data: bytes,
    *,
    name: str,
    page: int = 0,
    window: tuple[float, float] | None = None,
    max_pixels: int = MAX_PIXELS,
    sha256: str = "",
) -> LoadedImage:
    """Decode a picture file of any supported format.

    Pictures deeper than 8 bits are mapped to 8 by `window`, else by the file's own window (DICOM), else by the 0.5th
    and 99.5th percentile of their values. Transparent parts are laid on white, and left out where they are wholly
    so; EXIF rotation is applied, grey becomes RGB.

    Args:
        data: the file's bytes.
        name: its name as the user gave it; shown, never used as a path.
        page: page of a TIFF, frame of a DICOM file or an animation, or picture of a HEIC, MPO or Netpbm file, 0-based.
        window: source values to map to black and white, low first; pictures of 8 bits ignore it.
        max_pixels: largest width times height; checked in the file's header, before decoding.
        sha256: hex digest of the bytes, where it is known already, as from another page; worked out if left out.

    Raises:
        UnreadableImageError: empty, damaged, cut off, of another format, or without that page.
        ImageTooLargeError: more pixels than `max_pixels`.
        SettingsError: a window that is not two finite numbers, low first.
    """
    if window is not None and not (all(map(math.isfinite, window)) and window[0] < window[1]):
        raise SettingsError(
            Message("a window from {low:g} to {high:g} was asked for", low=window[0], high=window[1]),
            remedy="Give two finite numbers, the lower one first",
            file=name,
        )
    digest = sha256 or hashlib.sha256(data).hexdigest()
    image = apart(decode_image, data, name=name, sha256=digest, page=page, window=window, max_pixels=max_pixels)
    return replace(image, name=name, sha256=digest)  # what identifies it is not taken from another process


def decode_image(
    data: bytes, *, name: str, sha256: str, page: int, window: tuple[float, float] | None, max_pixels: int
) -> LoadedImage:
    """Decode a picture file in this process.

    Args:
        data: as for `load_image`, and so are the other arguments and the errors raised.
        name: see there.
        sha256: hex digest of `data`.
        page: see there.
        window: see there.
        max_pixels: see there.
    """
    encoded = Encoded(data, name, page, max_pixels)
    return _decoded(encoded, lambda raster: _finish(encoded, sha256, raster, window))


def load_values(data: bytes, *, name: str, page: int = 0, max_pixels: int = MAX_PIXELS) -> FileValues:
    """The values of a picture deeper than 8 bits, as its file has them; arguments and errors as for `load_image`."""
    return apart(decode_values, data, name=name, page=page, max_pixels=max_pixels)


def decode_values(data: bytes, *, name: str, page: int, max_pixels: int) -> FileValues:
    """As `load_values`, in this process."""
    encoded = Encoded(data, name, page, max_pixels)
    return _decoded(encoded, lambda raster: file_values(_measured(encoded, raster)))


def _decoded(encoded: Encoded, finish: Callable[[Raster], T]) -> T:
    """What `finish` makes of the file's raster; whatever a decoder raises becomes words for the user."""
    kind = _format_of(encoded)
    try:
        return finish(_decode(encoded, kind))
    except SegDetectError:
        raise
    # Decoders fed with damaged bytes raise nearly every type there is, in words that mean something to programmers.
    except Exception as error:
        raise encoded.unreadable(*_trouble(error, kind)) from error


def image_from_pixels(pixels: Pixels, *, name: str, max_pixels: int = MAX_PIXELS) -> LoadedImage:
    """A picture of pixels that are there already.

    Args:
        pixels: `(height, width, 3)` uint8 RGB; copied.
        name: what it is called.
        max_pixels: largest width times height.

    Raises:
        UnreadableImageError: another shape or type, or no pixels at all.
        ImageTooLargeError: more pixels than `max_pixels`.
    """
    encoded = Encoded(b"", name, 0, max_pixels)
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise encoded.unreadable(
            f"the array is {pixels.dtype} of shape {pixels.shape}",
            "Give RGB as uint8, 0 to 255, of shape (height, width, 3)",
        )
    height, width = pixels.shape[:2]
    encoded.check_area(width, height)
    own = np.array(pixels, order="C")
    own.flags.writeable = False
    digest = hashlib.sha256(f"{width} x {height} RGB ".encode())
    digest.update(own.data)
    return LoadedImage(name, digest.hexdigest(), own)


def _format_of(encoded: Encoded) -> Format:
    if not encoded.data:
        raise encoded.unreadable("the file is empty (0 bytes)", "Copy or export the picture again")
    kind = sniff(encoded.data, encoded.name)
    refused = refusal(encoded.data) if kind in _MAY_BE_REFUSED else None
    if refused is not None:
        raise encoded.unreadable(refused.problem, refused.remedy)
    if kind is None:
        raise encoded.unreadable("it is not a known kind of picture", CHOOSE_ANOTHER)
    return kind


def _decode(encoded: Encoded, kind: Format) -> Raster:
    # tifffile and pydicom take a quarter of a second to import, which most runs do without.
    if kind is Format.TIFF:
        from segdetect.pictures.tiff import decode_tiff

        return decode_tiff(encoded)
    if kind is Format.DICOM:
        from segdetect.pictures.dicom import decode_dicom

        return decode_dicom(encoded)
    decode = _DECODERS.get(kind)
    return decode_common(encoded, kind) if decode is None else decode(encoded)


def _finish(encoded: Encoded, sha256: str, raster: Raster, window: tuple[float, float] | None) -> LoadedImage:
    raster = _measured(encoded, raster)
    values, notes, extent, chosen, curved = raster.values, raster.notes, None, None, False
    if raster.deep:
        extent = value_range(values, raster.valid)
        chosen, how = _choose_window(raster, window)
        curved = raster.curve is not None and window is None and chosen == raster.window
        values = _shown(raster, chosen, curved)
        notes += (_window_note(extent, chosen, how),)
    if raster.orientation != 1:
        notes += ("It was rotated as its EXIF data say.",)
    if raster.pages > 1:
        notes += (f"It is page {encoded.page + 1} of {raster.pages} in its file.",)
    pixels, valid = compose(values, raster.alpha, raster.orientation, raster.valid)
    return LoadedImage(
        encoded.name, sha256, pixels, notes, encoded.page, raster.pages, chosen, extent, valid=valid, curved=curved
    )


def _shown(raster: Raster, window: tuple[float, float], curved: bool) -> Pixels:
    if curved and raster.curve is not None:
        return apply_curve(raster.values, raster.curve, inverted=raster.inverted)
    return apply_window(raster.values, window, inverted=raster.inverted)


def _measured(encoded: Encoded, raster: Raster) -> Raster:
    """The raster with all that is no measurement marked, and a note on what the file itself does not declare."""
    raster = _opaque_where_seen(raster)
    valid, notes = raster.valid, raster.notes
    numbers = finite(raster.values)
    if numbers is not None:
        valid = both(valid, numbers)
        notes += (left_out_note(numbers, "no finite number"),)
    while raster.deep and (sentinel := find_sentinel(raster.values, valid)) is not None:
        others = raster.values != raster.values.dtype.type(sentinel)
        valid = both(valid, others)
        what = f"{as_written(sentinel, 9)}, a value for missing ones that lies far from the rest,"
        notes += (left_out_note(others, what),)
    if valid is not None and not valid.any():
        raise encoded.unreadable(
            "none of its values is a measurement: all of them are padding, stand for no data or are no finite numbers",
            "Export the picture again, or choose another page or file",
        )
    return replace(raster, valid=valid, notes=notes)


def _opaque_where_seen(raster: Raster) -> Raster:
    """The raster with what is transparent marked as no measurement: what lies there is not to be seen."""
    if raster.alpha is None:
        return raster
    known = opaque(raster.alpha)
    if not known.any():
        # Programs that mean something else by a fourth channel write such files.
        note = "All of it is transparent: its colours are shown as if it were not."
        others = (other for other in raster.notes if other != ON_WHITE)
        return replace(raster, alpha=None, notes=(*others, note))
    if known.all():
        return raster
    note = left_out_note(known, "no colour of their own, being transparent,")
    return replace(raster, valid=both(raster.valid, known), notes=(*raster.notes, note))


def _choose_window(raster: Raster, window: tuple[float, float] | None) -> tuple[tuple[float, float], str]:
    if window is not None:
        return (float(window[0]), float(window[1])), "the window you chose"
    if raster.window is not None and _shows_anything(raster, raster.window):
        return (
            raster.window,
            "the curve that the file asks for" if raster.curve else "the window that the file asks for",
        )
    low, high = WINDOW_PERCENTILES
    if raster.window is not None:
        return percentile_window(raster.values, raster.valid), Message(
            "the {low:g}th and {high:g}th percentile: in the window that the file asks for, all is black or white",
            low=low,
            high=high,
        )
    return percentile_window(raster.values, raster.valid), Message(
        "the {low:g}th and {high:g}th percentile", low=low, high=high
    )


def _shows_anything(raster: Raster, window: tuple[float, float]) -> bool:
    """Whether any value lies within a window, or values on both sides of it."""
    lowest, highest = value_range(raster.values, raster.valid)
    return lowest == highest or (lowest < window[1] and highest > window[0])


def _window_note(extent: tuple[float, float], window: tuple[float, float], how: str) -> str:
    return Message(
        "Values {low:g} to {high:g} were mapped to 8 bits: {black:g} to black, {white:g} to white ({how}).",
        low=extent[0],
        high=extent[1],
        black=window[0],
        white=window[1],
        how=how,
    )


def _trouble(error: Exception, kind: Format) -> tuple[str, str]:
    """Problem and remedy for whatever a decoder raised."""
    if isinstance(error, MemoryError):
        return "there is not enough memory to decode it", "Close other programs, or scale the picture down"
    # So Pillow begins what it says of a file that is whole and of a kind that it does not read.
    if isinstance(error, NotImplementedError) or str(error).startswith("Unsupported"):
        return f"it is a {kind} file of an unusual kind, which is not read", "Save it anew as PNG, and load that"
    return (
        f"it is damaged or cut off: no whole {kind} picture can be read from it",
        "Copy or export it again, or save it anew as PNG with a viewer that shows it whole",
    )
