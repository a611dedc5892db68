"""Colours by their ICC profile, to sRGB."""

from __future__ import annotations

import importlib
from functools import cache
from io import BytesIO
from typing import Final

import numpy as np
from PIL import Image, ImageCms

from segdetect.pictures.raster import Values

_CONVERTED: Final = "Its colours were converted from its own colour profile to sRGB."
_LEFT_ASIDE: Final = "Its colour profile is damaged or belongs to pictures of another kind, and was left aside."
_NO_CODECS: Final = "Its colour profile was left aside: at this depth that needs the package imagecodecs."
_MODES: Final = {"GRAY": ("L", 1), "RGB": ("RGB", 3), "CMYK": ("CMYK", 4)}
_INTENT: Final = ImageCms.Intent.PERCEPTUAL


def to_srgb(values: Values, profile: bytes) -> tuple[Values, tuple[str, ...]]:
    """Colours in sRGB, and what the user should know of it.

    Args:
        values: `(height, width)` grey, `(height, width, 3)` RGB or `(height, width, 4)` CMYK (0 is no ink), uint8 or
            uint16 over its whole range.
        profile: the ICC profile; empty when there is none.

    Returns:
        `(height, width, 3)` of the same type; the values as they came when the profile is empty, is that of sRGB (no
        colour changes by more than 1 of 255) or cannot be used, which the notes then say.
    """
    if not profile:
        return values, ()
    try:
        space = _space(profile)
        channels = values.shape[2] if values.ndim == 3 else 1
        if space not in _MODES or _MODES[space][1] != channels:
            return values, (_LEFT_ASIDE,)
        if space != "CMYK" and _is_srgb(profile, space):
            return values, ()
        convert = _convert8 if values.dtype == np.uint8 else _convert16
        if space != "GRAY":
            return convert(values, profile, space), (_CONVERTED,)
        every = np.arange(np.iinfo(values.dtype).max + 1, dtype=values.dtype)
        return convert(every[None], profile, space)[0][values], (_CONVERTED,)
    except ImportError:
        return values, (_NO_CODECS,)
    except (ImageCms.PyCMSError, OSError):
        return values, (_LEFT_ASIDE,)


def _space(profile: bytes) -> str:
    return ImageCms.getOpenProfile(BytesIO(profile)).profile.xcolor_space.strip()


def _is_srgb(profile: bytes, space: str) -> bool:
    """True when a sample of all colours comes out as it went in."""
    steps = np.linspace(0, 255, 9).astype(np.uint8)
    every = steps[None] if space == "GRAY" else np.stack(np.meshgrid(steps, steps, steps), -1).reshape(27, 27, 3)
    same = every[..., None] if space == "GRAY" else every
    return int(np.abs(_convert8(every, profile, space).astype(np.int16) - same).max()) <= 1


def _convert8(values: Values, profile: bytes, space: str) -> Values:
    image = Image.fromarray(np.ascontiguousarray(values), _MODES[space][0])
    # Optimized, littlecms takes grey and 16-bit colours from coarse tables: 3 and 9 of 255 off near black (measured).
    exact = ImageCms.Flags.NOOPTIMIZE if space == "GRAY" else ImageCms.Flags.NONE
    converted = ImageCms.profileToProfile(image, BytesIO(profile), BytesIO(_srgb()), _INTENT, "RGB", flags=exact)
    if converted is None:
        raise OSError("no picture came back")
    return np.asarray(converted)


def _convert16(values: Values, profile: bytes, space: str) -> Values:
    codecs = importlib.import_module("imagecodecs")
    data, exact = np.ascontiguousarray(values), ImageCms.Flags.NOOPTIMIZE
    options = {"colorspace": space.lower(), "outcolorspace": "rgb", "intent": _INTENT, "flags": exact}
    try:
        return np.asarray(codecs.cms_transform(data, profile, _srgb(), **options))
    except codecs.CmsError as error:
        raise OSError(str(error)) from error


@cache
def _srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
