"""What the samples of a TIFF mean (its photometric interpretation), as grey or RGB.

The numbers are those of the tags PhotometricInterpretation, ExtraSamples and InkSet in TIFF 6.0 and its supplements.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from tifffile import TiffPage

from segdetect.message import counted
from segdetect.pictures.decoders import NO_INK_PROFILE
from segdetect.pictures.measured import Flags, as_written, left_out_note
from segdetect.pictures.profiles import to_srgb
from segdetect.pictures.raster import ON_WHITE, Encoded, Pixels, Raster, Values
from segdetect.pictures.samples import to_8_bits, unmultiplied

Floats = npt.NDArray[np.float32]

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _MASK, _CMYK, _YCBCR, _CIELAB, _ICCLAB = 0, 1, 2, 3, 4, 5, 6, 8, 9
_COLOURS: Final = {
    **{_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _PALETTE: 1, _MASK: 1},
    **{_RGB: 3, _CMYK: 4, _YCBCR: 3, _CIELAB: 3, _ICCLAB: 3},
}
_NAMES: Final = {
    **{10: "ITU Lab", 32803: "the mosaic of a camera's sensor", 34892: "a camera's raw colours"},
    **{32844: "LogL", 32845: "LogLuv", 51177: "a depth map", 52527: "a photometric mask"},
}
_PREMULTIPLIED, _STRAIGHT = 1, 2
_PHOTOMETRIC_TAG: Final = 262
_NO_DATA_TAG: Final = 42113  # in ASCII, see GDAL's driver for GeoTIFF
_INKSET_TAG, _COEFFICIENTS_TAG, _REFERENCE_TAG = 332, 529, 532
JPEG: Final = (6, 7, 34892, 33007)  # kinds of compression
_SAVE_RGB: Final = "Save it as a grey or RGB TIFF or as PNG, and load that"
_MAX_EXTRA: Final = 2
_STRIP_PIXELS: Final = 1_000_000

# Bradford-adapted from D50, which Lab in TIFF is relative to unless it says otherwise, to the D65 of sRGB.
_XYZ_D50_TO_RGB: Final = np.array(
    [[3.1338561, -1.6168667, -0.4906146], [-0.9787684, 1.9161415, 0.0334540], [0.0719453, -0.2289914, 1.4052427]],
    np.float32,
)
_D50: Final = np.array([0.96422, 1.0, 0.82521], np.float32)


def assume_colours(page: TiffPage) -> tuple[str, ...]:
    """Give a page that does not say what its samples mean the usual meaning, as libtiff does, and a note on that."""
    if _PHOTOMETRIC_TAG in page.tags or page.compression in JPEG:
        return ()
    is_colour = page.samplesperpixel >= _COLOURS[_RGB]
    page.photometric = _RGB if is_colour else _BLACK_IS_ZERO
    return (f"It does not say what its values are; they were taken as {'RGB' if is_colour else 'grey, 0 as black'}.",)


def refuse_unknown_colours(encoded: Encoded, page: TiffPage) -> None:
    """Call before decoding.

    Raises:
        UnreadableImageError: colours of a kind that is not read.
    """
    problem = _problem(page)
    if problem:
        raise encoded.unreadable(problem, _SAVE_RGB)


def _problem(page: TiffPage) -> str:
    kind, samples = int(page.photometric), page.samplesperpixel
    if kind not in _COLOURS:
        return f"its colours are {_NAMES.get(kind, f'of kind {kind}')}, which is not read"
    colours = _colours(page)
    if samples < colours:
        return f"it has {counted(samples, 'channel')}, and its colours are said to take {colours}"
    if samples > colours + _MAX_EXTRA:
        return f"it has {samples} channels; grey, RGB and CMYK are read, each with or without transparency"
    unsigned = page.dtype is not None and page.dtype.kind in "ub"
    if kind in (_PALETTE, _CMYK, _YCBCR, _ICCLAB) and not unsigned:
        return "its colours are stored as signed or floating-point numbers, which is not read"
    if kind == _CIELAB and (page.dtype is None or page.dtype.kind not in "ui" or page.bitspersample not in (8, 16)):
        return f"its Lab colours are of {page.bitspersample} bits; 8 and 16 are read"
    if kind == _CMYK and page.tags.valueof(_INKSET_TAG, default=1) != 1:
        return "its inks are not cyan, magenta, yellow and black"
    if kind == _YCBCR and page.compression in JPEG and samples != colours:
        return "it is JPEG-compressed with transparency, which is not read"
    if kind == _PALETTE and (page.colormap is None or page.colormap.shape != (3, 1 << int(page.bitspersample))):
        return "its palette is missing or has not a colour for each value"
    return ""


def _colours(page: TiffPage) -> int:
    """How many of the samples are colours."""
    colours = _COLOURS[int(page.photometric)]
    # GDAL and others call three bands without meaning grey with two extra samples; other viewers show them as RGB.
    return 3 if _assumed_rgb(page) else colours


def _assumed_rgb(page: TiffPage) -> bool:
    return int(page.photometric) == _BLACK_IS_ZERO and page.samplesperpixel in (3, 4)


def colours_of(encoded: Encoded, page: TiffPage, values: Values) -> Raster:
    """Grey or RGB of the decoded samples.

    Args:
        encoded: the file, for errors.
        page: what describes the samples; `refuse_unknown_colours` has seen it.
        values: `(height, width, samples)` as they are stored.
    """
    count = _colours(page)
    alpha, premultiplied, notes = _alpha(page, values[..., count:])
    if _assumed_rgb(page):
        notes += ("It does not say what its channels are; the first three were taken as red, green and blue.",)
    colours = values[..., :count] if count > 1 else values[..., 0]
    if premultiplied is not None:
        colours = unmultiplied(colours, premultiplied)
    raster = _raster(page, np.ascontiguousarray(colours))
    return Raster(raster.values, alpha, raster.deep, raster.inverted, notes=raster.notes + notes)


def measured(page: TiffPage, values: Values) -> tuple[Flags | None, tuple[str, ...]]:
    """Which pixels are not of the value that GDAL declares as no data, and a note; None when all are.

    A pixel in colour has to have it in all of its colours. See `colours_of` for the arguments.
    """
    text = str(page.tags.valueof(_NO_DATA_TAG, default="")).strip(" \0")
    try:
        declared = values.dtype.type(float(text))
    except (ValueError, OverflowError):
        return None, ()
    # NaN is no finite number and left out for that; a value that the type cannot hold occurs nowhere.
    if float(declared) != float(text) and values.dtype.kind != "f":
        return None, ()
    valid = (values[..., : _colours(page)] != declared).any(axis=2)
    if valid.all() or np.isnan(declared):
        return None, ()
    what = f"{as_written(float(text), 9)}, which it declares as no data,"
    return valid, (left_out_note(valid, what),)


def _alpha(page: TiffPage, extra: Values) -> tuple[Pixels | None, Floats | None, tuple[str, ...]]:
    """Opacity as uint8, and as a share when the colours are multiplied with it."""
    kinds = [int(kind) for kind in page.extrasamples[-extra.shape[2] :]] if extra.shape[2] else []
    found = next((at for at, kind in enumerate(kinds) if kind in (_PREMULTIPLIED, _STRAIGHT)), None)
    unused = ("Channels beside its colours were left aside.",)
    if found is None or extra.dtype.kind == "i":
        return None, None, unused if extra.shape[2] else ()
    share = _share(extra[..., found], page)
    alpha = np.rint(share * 255).astype(np.uint8)
    notes = unused if extra.shape[2] > 1 else ()
    if alpha.min() == 255:
        return None, None, notes
    multiplied = share if kinds[found] == _PREMULTIPLIED else None
    return alpha, multiplied, (ON_WHITE, *notes)


def _share(values: Values, page: TiffPage) -> Floats:
    """Samples as 0..1 of the largest value that their bits can hold."""
    if values.dtype.kind == "f":
        return np.clip(np.nan_to_num(values), 0, 1).astype(np.float32)
    return (values / np.float64(_top(page))).astype(np.float32)


def _top(page: TiffPage) -> int:
    # Unequal bits, such as 5, 6 and 5, come out of tifffile spread over 8.
    return (1 << page.bitspersample) - 1 if isinstance(page.bitspersample, int) else 255


def _raster(page: TiffPage, colours: Values) -> Raster:
    kind = int(page.photometric)
    if kind == _PALETTE:
        return _profiled(page, _palette(page)[colours.astype(np.intp)])
    if kind == _CMYK:
        return _inks(page, colours)
    if kind in (_CIELAB, _ICCLAB):
        return _converted(page, colours, _lab(page))
    if kind == _YCBCR and not (page.compression in JPEG and page.planarconfig == 1):
        return _converted(page, colours, _ycbcr(page))
    return _grey_or_rgb(page, colours)


def _grey_or_rgb(page: TiffPage, colours: Values) -> Raster:
    inverted = int(page.photometric) == _WHITE_IS_ZERO
    if colours.dtype.kind in "ub" and _top(page) <= 255:
        shown = to_8_bits(colours, _top(page))
        return _profiled(page, 255 - shown if inverted else shown)
    if colours.dtype == np.uint16 and page.bitspersample == 16 and not inverted:
        return _profiled(page, colours, deep=True)
    notes = ("Its colour profile was left aside: it is read at 8 and 16 bits only.",) if page.iccprofile else ()
    return Raster(colours, deep=True, inverted=inverted, notes=notes)


def _profiled(page: TiffPage, colours: Values, *, deep: bool = False) -> Raster:
    converted, notes = to_srgb(colours, page.iccprofile or b"")
    return Raster(converted, deep=deep, notes=notes)


def _palette(page: TiffPage) -> Pixels:
    """`(colours, 3)`; a palette without any large value is of 8 bits, as libtiff takes it."""
    palette = np.asarray(page.colormap).T
    return np.asarray(palette if palette.max() <= 255 else palette >> 8, np.uint8)


def _inks(page: TiffPage, inks: Values) -> Raster:
    """CMYK by its profile, else as the plain complement of red, green and blue."""
    top = _top(page)
    whole = inks if inks.dtype == np.uint8 or top == 65535 else np.rint(inks * (65535 / top)).astype(np.uint16)
    colours, notes = to_srgb(to_8_bits(whole, top) if top < 255 else whole, page.iccprofile or b"")
    if colours.shape[2] == 3:
        return Raster(to_8_bits(colours, 65535 if colours.dtype == np.uint16 else 255), notes=notes + _depth_note(page))
    raster = _converted(page, inks, lambda strip: _complement(strip / np.float32(top)))
    return Raster(raster.values, notes=(*notes, NO_INK_PROFILE, *raster.notes))


def _complement(inks: Floats) -> Floats:
    return np.asarray((1 - inks[..., :3]) * (1 - inks[..., 3:]))


def _converted(page: TiffPage, colours: Values, to_rgb: Callable[[Values], Floats]) -> Raster:
    """8-bit RGB, strip by strip, by a function that gives 0..1."""
    rgb = np.empty((*colours.shape[:2], 3), np.uint8)
    rows = max(1, _STRIP_PIXELS // colours.shape[1])
    for top in range(0, len(colours), rows):
        rgb[top : top + rows] = np.rint(np.clip(to_rgb(colours[top : top + rows]), 0, 1) * 255)
    return Raster(rgb, notes=_depth_note(page))


def _depth_note(page: TiffPage) -> tuple[str, ...]:
    if not isinstance(page.bitspersample, int) or page.bitspersample <= 8:
        return ()
    return (f"Its colours were reduced from {page.bitspersample} to 8 bits.",)


def _ycbcr(page: TiffPage) -> Callable[[Values], Floats]:
    top, middle = _top(page), (_top(page) + 1) // 2
    red, green, blue = _rationals(page, _COEFFICIENTS_TAG, (0.299, 0.587, 0.114))
    whole = (0, top, middle, top, middle, top)
    reference = _rationals(page, _REFERENCE_TAG, whole)
    # Some writers give the references of 8 bits whatever the depth.
    reference = whole if top > 255 >= max(reference) else reference
    black, white = np.asarray(reference[::2], np.float32), np.asarray(reference[1::2], np.float32)
    # Luma spans 0..1, chroma -0.5..0.5, whose upper half has one step less: 127 of 255.
    span = np.array([1, (middle - 1) / top, (middle - 1) / top], np.float32) / (white - black)

    def to_rgb(strip: Values) -> Floats:
        luma, cb, cr = np.moveaxis((strip.astype(np.float32) - black) * span, -1, 0)
        r, b = luma + cr * (2 - 2 * red), luma + cb * (2 - 2 * blue)
        return np.stack([r, (luma - red * r - blue * b) / green, b], -1)

    return to_rgb


def _rationals(page: TiffPage, tag: int, otherwise: tuple[float, ...]) -> tuple[float, ...]:
    value: Any = page.tags.valueof(tag)
    if value is None:
        return otherwise
    numbers = tuple(float(n) for n in value)
    return (
        tuple(n / d for n, d in zip(numbers[::2], numbers[1::2], strict=True))
        if len(numbers) > len(otherwise)
        else numbers
    )


def _lab(page: TiffPage) -> Callable[[Values], Floats]:
    """CIE Lab with signed, ICC Lab with shifted a and b; at 16 bits a and b are in steps of 1/256."""
    deep, icc = page.bitspersample == 16, int(page.photometric) == _ICCLAB
    signed = np.int16 if deep else np.int8
    lightness = (0xFF00 if icc else 0xFFFF) if deep else 0xFF

    def to_rgb(strip: Values) -> Floats:
        light = strip[..., 0].view(strip.dtype.str.replace("i", "u")).astype(np.float32) * (100 / lightness)
        if icc:
            ab = strip[..., 1:].astype(np.float32) / (256 if deep else 1) - 128
        else:
            ab = np.ascontiguousarray(strip[..., 1:]).view(signed).astype(np.float32) / (256 if deep else 1)
        return _lab_to_rgb(light, ab[..., 0], ab[..., 1])

    return to_rgb


def _lab_to_rgb(light: Floats, a: Floats, b: Floats) -> Floats:
    """CIE 15: Lab relative to D50, by XYZ, to sRGB (IEC 61966-2-1), 0..1."""
    y = (light + 16) / 116
    f = np.stack([y + a / 500, y, y - b / 200], -1)
    xyz = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * _D50
    linear = np.clip(xyz.astype(np.float32) @ _XYZ_D50_TO_RGB.T, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055).astype(np.float32)
