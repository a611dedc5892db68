"""Decoded samples as a raster: what decoders of several formats do with depth, opacity and colours."""

from __future__ import annotations

import importlib
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from segdetect.pictures.profiles import to_srgb
from segdetect.pictures.raster import ON_WHITE, Encoded, Pixels, Raster, Values
from segdetect.pictures.refusals import SAVE_AS_PNG

# Code points of ITU-T H.273 for colour primaries and transfer characteristics; JPEG XL has its own one for P3.
_WIDE_PRIMARIES: Final = (9, 11, 12)
_LINEAR, _PQ, _HLG = 8, 16, 18
_WIDE: Final = "Its colours are of a wider range than sRGB; they are shown as if they were of sRGB, and so paler."
_HDR: Final = "Its brightness is coded for HDR screens; it is shown as it is coded, with less contrast than there."
_LINEAR_LIGHT: Final = "Its values are in even steps of light; they are shown as they are, and so too dark."


def codecs_with(encoded: Encoded, codec: str, kind: str) -> Any:
    """The package imagecodecs.

    Args:
        encoded: the file, for errors.
        codec: what it has to have; not every build has all codecs.
        kind: what that reads.

    Raises:
        UnreadableImageError: it is not installed, or was built without the codec.
    """
    remedy = "Install it with: pip install imagecodecs; or save the picture as PNG or TIFF"
    try:
        package = importlib.import_module("imagecodecs")
    except ImportError as error:
        problem = f"{kind} pictures need the package imagecodecs, which is not installed here"
        raise encoded.unreadable(problem, remedy) from error
    if not getattr(package, codec).available:
        problem = f"{kind} pictures are not read by the package imagecodecs as it was built for this machine"
        raise encoded.unreadable(problem, SAVE_AS_PNG)
    return package


def raster_of(colours: Values, top: int, *, alpha: Values | None = None, profile: bytes = b"") -> Raster:
    """The raster of samples: of up to 8 bits spread over 8, deeper ones as they are, in sRGB where a profile says how.

    Args:
        colours: `(height, width)` grey or `(height, width, 3)` RGB, uint8 or uint16, at most `top`.
        top: the value of white, and of full opacity; above 255 the picture is deep.
        alpha: `(height, width)` of the same type; None where all is opaque.
        profile: the ICC profile of the colours; empty where there is none.
    """
    deep = top > 255
    whole = _spread(colours, top, np.uint16 if deep else np.uint8) if profile or not deep else colours
    converted, notes = to_srgb(whole, profile)
    # Where no colour changes, deep values stay those of the file.
    values = colours if deep and converted is whole else converted
    opacity = None if alpha is None else to_8_bits(alpha, top)
    if opacity is None or opacity.min() == 255:
        return Raster(values, deep=deep, notes=notes)
    return Raster(values, opacity, deep=deep, notes=(*notes, ON_WHITE))


def to_8_bits(values: Values, top: int) -> Pixels:
    """Values of 0 to `top` as 0 to 255."""
    return _spread(values, top, np.uint8)


def _spread(values: Values, top: int, depth: type[np.uint8 | np.uint16]) -> Values:
    white = np.iinfo(depth).max
    if top == white:
        return values
    return np.asarray(np.rint(np.arange(top + 1) * (white / top)).astype(depth)[values.astype(np.intp)])


def unmultiplied(colours: Values, share: npt.NDArray[np.float32]) -> Values:
    """Colours that were multiplied with their opacity (0..1) as they were before; black where nothing is seen."""
    divisor = np.where(share > 0, share, 1)
    divided = colours / (divisor[..., None] if colours.ndim == 3 else divisor)
    if colours.dtype.kind == "f":
        return np.asarray(divided, colours.dtype)
    info = np.iinfo(colours.dtype)
    return np.asarray(np.clip(np.rint(divided), info.min, info.max), colours.dtype)


def colour_notes(primaries: int, transfer: int, *, deep: bool) -> tuple[str, ...]:
    """What is to be said of colours that are told by code points of ITU-T H.273 and shown as they are.

    Args:
        primaries: those of red, green and blue.
        transfer: how light becomes values.
        deep: whether a window of brightness is chosen for them anyway.
    """
    wide = (_WIDE,) if primaries in _WIDE_PRIMARIES else ()
    if transfer in (_PQ, _HLG):
        return (*wide, _HDR)
    return (*wide, _LINEAR_LIGHT) if transfer == _LINEAR and not deep else wide
