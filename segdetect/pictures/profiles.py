"""Colours by their ICC profile, to sRGB."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Final

import cv2
import numpy as np
from PIL import Image, ImageCms

from segdetect.pictures.raster import Values

_CONVERTED: Final = "Its colours were converted from its own colour profile to sRGB."
_LEFT_ASIDE: Final = "Its colour profile is damaged or belongs to pictures of another kind, and was left aside."
_NO_CODECS: Final = "Its colour profile was left aside: at this depth that needs the package imagecodecs."
_MODES: Final = {"GRAY": ("L", 1), "RGB": ("RGB", 3), "CMYK": ("CMYK", 4)}
_TOP: Final = 65535
# Steps of linear light, near black no coarser than those of 16 bits in sRGB.
_ENCODING_TOP: Final = (1 << 20) - 1
_STRIP_PIXELS: Final = 1_000_000
# Up to so many, littlecms itself takes less time than finding the curves does.
_FEW_PIXELS: Final = 250_000
_SAMPLE: Final = 5000
# Of 65535, where a profile is taken to be made of curves and a matrix.
_MOST_OFF: Final = 16
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
    if space == "RGB" and values.shape[0] * values.shape[1] > _FEW_PIXELS:
        shaper = _shaper(profile)
        sample = np.random.default_rng(0).integers(0, _TOP + 1, (1, _SAMPLE, 3), dtype=np.uint16)
        wanted = _transformed(sample, profile, "rgb").astype(np.int32)
        if np.abs(shaper.applied(sample) - wanted).max() <= _MOST_OFF:
            return shaper.applied(values)
    return _transformed(values, profile, space.lower())


@dataclass(frozen=True, eq=False)
class _Shaper:
    """A profile of three curves and a matrix, as nearly all for RGB are; 5 times as fast as littlecms (measured).

    Args:
        curves: `(3, 65536)` float32, linear light for each value of a channel.
        matrix: `(3, 3)` float32, from linear light to that of sRGB.
    """

    curves: Values
    matrix: Values

    def applied(self, values: Values) -> Values:
        """`(height, width, 3)` uint16 of the profile's space in sRGB."""
        converted = np.empty_like(values)
        rows = max(1, _STRIP_PIXELS // values.shape[1])
        for top in range(0, len(values), rows):
            strip = values[top : top + rows]
            linear = np.empty(strip.shape, np.float32)
            for at, curve in enumerate(self.curves):
                linear[..., at] = curve.take(strip[..., at], mode="clip")
            steps = cv2.transform(linear, self.matrix * _ENCODING_TOP)
            converted[top : top + rows] = _encoding().take((steps + np.float32(0.5)).astype(np.int32), mode="clip")
        return converted


def _shaper(profile: bytes) -> _Shaper:
    """The curves and the matrix that a profile has if it is made of such; how each channel alone is seen tells them."""
    ramps = np.zeros((3, _TOP + 1, 3), np.uint16)
    for at in range(3):
        ramps[at, :, at] = np.arange(_TOP + 1)
    tops = (np.eye(3) * _TOP).astype(np.uint16)[None]
    primaries = _transformed(tops, _srgb(), "rgb", to_xyz=True)[0]
    light = _transformed(ramps, profile, "rgb", to_xyz=True) @ np.linalg.inv(primaries)
    columns = light[:, -1]
    curves = np.einsum("cvl,cl->cv", light, columns) / (columns**2).sum(axis=1, keepdims=True)
    return _Shaper(curves.astype(np.float32), np.ascontiguousarray(columns.T.astype(np.float32)))


@cache
def _encoding() -> Values:
    """The 16-bit value in sRGB (IEC 61966-2-1) of each of many even steps of linear light."""
    light = np.linspace(0, 1, _ENCODING_TOP + 1)
    curved = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(curved * _TOP).astype(np.uint16))


def _transformed(values: Values, profile: bytes, space: str, *, to_xyz: bool = False) -> Values:
    codecs = importlib.import_module("imagecodecs")
    data, exact = np.ascontiguousarray(values), ImageCms.Flags.NOOPTIMIZE
    to, out = (codecs.cms_profile("xyz"), "xyz") if to_xyz else (_srgb(), "rgb")
    options = {"colorspace": space, "outcolorspace": out, "intent": _INTENT, "flags": exact}
    try:
        depth = np.dtype(np.float64) if to_xyz else data.dtype
        return np.asarray(codecs.cms_transform(data, profile, to, outdtype=depth, **options))
    except codecs.CmsError as error:
        raise OSError(str(error)) from error


@cache
def _srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
