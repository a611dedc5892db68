"""JPEG XL to values, by libjxl in imagecodecs."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from segdetect.pictures.jpeg_xl_header import ALPHA, BLACK, MUST_BE_KNOWN, SENSOR, Header, read_header
from segdetect.pictures.raster import ON_WHITE, Encoded, Pixels, Raster, Values
from segdetect.pictures.refusals import SAVE_AS_PNG
from segdetect.pictures.samples import codecs_with, colour_notes, raster_of, unmultiplied

# The decoder computes in floating point.
_SAMPLE_BYTES: Final = 2
_RGB: Final = 3
_NOT_READ: Final = {
    BLACK: "its colours are inks (CMYK)",
    SENSOR: "it holds the mosaic of a camera's sensor",
    MUST_BE_KNOWN: "it has a channel without which it is not to be shown, of an unknown kind",
}
_ANIMATED: Final = "It is an animation; its first picture was taken."
_LEFT_ASIDE: Final = "Channels beside its colours were left aside."
_NO_PROFILE: Final = "Its colour profile was left aside: in JPEG XL it cannot be read."


def decode_jpeg_xl(encoded: Encoded) -> Raster:
    """Decode a JPEG XL file, of an animation the first frame; libjxl itself turns it upright.

    Raises:
        UnreadableImageError: its header is damaged, it is of a kind that is not read, or libjxl is not there.
    """
    try:
        header = read_header(encoded.data)
    except ValueError as error:
        raise encoded.unreadable("its header is damaged or cut off", "Copy or export the picture again") from error
    encoded.check_page(1)
    encoded.check_size(*header.size_wh, pixel_bytes=_SAMPLE_BYTES * (_RGB + len(header.channels)))
    _refuse_unknown_colours(encoded, header)
    codecs = codecs_with(encoded, "JPEGXL", "JPEG XL")
    values = np.asarray(codecs.jpegxl_decode(encoded.data, index=0, numthreads=1))
    if sorted(header.size_wh) not in (sorted(values.shape[:2]), sorted(values.shape[1:3])):
        raise ValueError(f"its pixels have the unexpected shape {values.shape}")
    raster = _raster(header, values)
    return replace(raster, notes=raster.notes + _notes(header, raster))


def _refuse_unknown_colours(encoded: Encoded, header: Header) -> None:
    problem = next((_NOT_READ[channel.kind] for channel in header.channels if channel.kind in _NOT_READ), "")
    if header.lossy_colours and header.colours.has_profile:
        problem = "its colours are those of a profile that cannot be read"
    if problem:
        raise encoded.unreadable(problem, SAVE_AS_PNG)


def _raster(header: Header, values: Values) -> Raster:
    opacity = next((channel for channel in header.channels if channel.kind == ALPHA), None)
    if opacity is None and header.channels and values.ndim == _RGB and len(values) == 1 + len(header.channels):
        values = values[0]  # grey, and what else is told of each place
    colours, alpha = (values[..., :-1], values[..., -1]) if opacity is not None else (values, None)
    colours = np.ascontiguousarray(colours[..., 0] if colours.ndim == _RGB and colours.shape[2] == 1 else colours)
    top = 0 if values.dtype.kind == "f" else (1 << header.bits) - 1
    if alpha is not None and opacity is not None and opacity.multiplied:
        colours = unmultiplied(colours, alpha.astype(np.float32) / (top or 1))
    return raster_of(colours, top, alpha=alpha) if top else _of_floats(colours, alpha)


def _of_floats(colours: Values, alpha: Values | None) -> Raster:
    values = colours.astype(np.float32)
    if alpha is None:
        return Raster(values, deep=True)
    opacity: Pixels = np.rint(np.clip(np.nan_to_num(alpha), 0, 1) * np.float32(255)).astype(np.uint8)
    return Raster(values, opacity, deep=True, notes=(ON_WHITE,))


def _notes(header: Header, raster: Raster) -> tuple[str, ...]:
    notes = [_ANIMATED] if header.animated else []
    if any(channel.kind != ALPHA for channel in header.channels):
        notes.append(_LEFT_ASIDE)
    if header.colours.has_profile:
        notes.append(_NO_PROFILE)
    return (*notes, *colour_notes(header.colours.primaries, header.colours.transfer, deep=raster.deep))
