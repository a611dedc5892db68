"""JPEG 2000 to values, by OpenJPEG in imagecodecs, which is given the codestream alone: what colours mean is told here.

The parts of a codestream are those of ISO/IEC 15444-1, Annex A, the boxes around it those of Annex I.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from PIL import Image

from segdetect.cores import cores
from segdetect.pictures.boxes import boxes, first_box, inner_boxes
from segdetect.pictures.decoders import values_of
from segdetect.pictures.raster import Encoded, Raster, Values
from segdetect.pictures.refusals import SAVE_AS_PNG
from segdetect.pictures.samples import codecs_with, raster_of

CODESTREAM: Final = b"\xff\x4f\xff\x51"
_START_OF_TILE, _END = b"\xff\x90", b"\xff\xd9"
_START_OF_TILE_BYTES: Final = 12
# The decoder computes in 32 bits.
_SAMPLE_BYTES: Final = 2
# It decodes ten million values a second on each (measured).
_MOST_THREADS: Final = 4
_DEEPEST: Final = 16
# Where nothing says what they are.
_MOST_CHANNELS: Final = 4
# How colours are told: by a number, or by a profile.
_NUMBERED, _PROFILED = 1, (2, 3)
_YCC: Final = 18
# Colour spaces by number: sRGB, grey and YCC.
_READ: Final = (None, 16, 17, _YCC)
_NAMES: Final = {12: "inks (CMYK)", 14: "CIELab", 20: "e-sRGB", 21: "ROMM-RGB", 24: "e-sYCC"}
_COLOUR, _OPACITY, _MULTIPLIED_OPACITY = 0, 1, 2
_COPY: Final = "Copy or export the picture again"
_ASSUMED: Final = "It does not say what its last channel is; it was taken as opacity."
_LEFT_ASIDE: Final = "Channels beside its colours were left aside."


@dataclass(frozen=True, slots=True)
class _Stream:
    """What a codestream says of its samples.

    Args:
        size_wh: width and height in pixels.
        tiles: how many it is cut in.
        depths: of each component: bits, whether it is signed, and in steps of how many pixels it goes right and down.
    """

    size_wh: tuple[int, int]
    tiles: int
    depths: tuple[tuple[int, bool, int, int], ...]


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What the boxes say of the components.

    Args:
        space: the number of the colour space; None where there is none or a profile.
        profile: the ICC profile; empty where there is none.
        palette: whether components are numbers of colours.
        channels: of each component that is described: its number, what it is, and which colour.
        pictures: how many codestreams there are.
    """

    space: int | None = None
    profile: bytes = b""
    palette: bool = False
    channels: tuple[tuple[int, int, int], ...] = ()
    pictures: int = 1


def decode_jpeg2000(encoded: Encoded) -> Raster:
    """Decode a JPEG 2000 file or a codestream alone.

    Raises:
        UnreadableImageError: damaged, cut off, of a kind that is not read, or OpenJPEG is not there.
    """
    try:
        data, meaning = _opened(encoded.data)
        stream = _stream(data)
    except (ValueError, struct.error, IndexError, ZeroDivisionError) as error:
        raise encoded.unreadable("its header is damaged or cut off", _COPY) from error
    encoded.check_page(1)
    encoded.check_size(*stream.size_wh, pixel_bytes=_SAMPLE_BYTES * len(stream.depths))
    problem = _problem(stream, meaning)
    if problem:
        raise encoded.unreadable(problem, SAVE_AS_PNG)
    if not _is_whole(data, stream.tiles):
        raise encoded.unreadable("it is cut off: parts of the picture lie beyond its end", "Copy the file again")
    codecs = codecs_with(encoded, "JPEG2K", "JPEG 2000")
    values = np.asarray(codecs.jpeg2k_decode(data, numthreads=min(cores(), _MOST_THREADS)))
    if values.shape[:2] != stream.size_wh[::-1]:
        raise ValueError(f"its pixels have the unexpected shape {values.shape}")
    raster = _raster(values, stream, meaning)
    several = f"It holds {meaning.pictures} pictures; the first one was taken."
    return replace(raster, notes=(*raster.notes, several)) if meaning.pictures > 1 else raster


def _opened(data: bytes) -> tuple[bytes, _Meaning]:
    """The codestream of a file, and what is said of it; raises `ValueError` where there is none."""
    if data.startswith(CODESTREAM):
        return data, _Meaning()
    outer = list(boxes(data))
    streams = [box for box in outer if box.kind == b"jp2c"]
    if not streams:
        raise ValueError("it has no codestream")
    space, profile, palette = None, b"", False
    channels: tuple[tuple[int, int, int], ...] = ()
    for box in inner_boxes(data, first_box(iter(outer), b"jp2h")):
        content = box.content(data)
        if box.kind == b"colr" and space is None and not profile:
            if content[0] == _NUMBERED:
                (space,) = struct.unpack_from(">I", content, 3)
            elif content[0] in _PROFILED:
                profile = content[3:]
        elif box.kind == b"pclr":
            palette = True
        elif box.kind == b"cdef":
            numbers = struct.iter_unpack(">HHH", content[2 : 2 + len(content) // 6 * 6])
            channels = tuple((component, kind, colour) for component, kind, colour in numbers)
    return streams[0].content(data), _Meaning(space, profile, palette, channels, len(streams))


def _stream(data: bytes) -> _Stream:
    """What the codestream's header says."""
    if not data.startswith(CODESTREAM):
        raise ValueError("no codestream begins there")
    right, bottom, left, top, wide, high, tiles_left, tiles_top, count = struct.unpack_from(">8IH", data, 8)
    told = (struct.unpack_from(">3B", data, 42 + 3 * at) for at in range(count))
    depths = tuple(((depth & 0x7F) + 1, depth > 0x7F, across, down) for depth, across, down in told)
    tiles = -(-(right - tiles_left) // wide) * -(-(bottom - tiles_top) // high)
    return _Stream((right - left, bottom - top), tiles, depths)


def _problem(stream: _Stream, meaning: _Meaning) -> str:
    """Why such a picture is not read; empty where it is."""
    bits = sorted({depth[0] for depth in stream.depths})
    if meaning.palette:
        return "its colours come from a palette, which is not read in JPEG 2000"
    if meaning.space not in _READ:
        return f"its colours are {_NAMES.get(meaning.space or 0, f'of kind {meaning.space}')}, which is not read"
    if len(bits) > 1 or any(depth[2:] != (1, 1) for depth in stream.depths):
        return "its channels differ in depth or resolution, which is not read"
    if bits[0] > _DEEPEST:
        return f"its samples are of {bits[0]} bits, a kind that is not read"
    if any(depth[1] for depth in stream.depths) and len(stream.depths) > 1:
        return "its colours are stored as signed numbers, which is not read"
    if meaning.space == _YCC and bits[0] != 8:
        return f"its colours are coded as YCC in {bits[0]} bits; 8 are read"
    if any(kind == _MULTIPLIED_OPACITY for _, kind, _ in meaning.channels):
        return "its colours are multiplied by its opacity, which is not read in JPEG 2000"
    colours, _, _ = _roles(stream, meaning)
    count = len(stream.depths)
    if len(colours) not in (1, 3) or max(colours) >= count or (count > _MOST_CHANNELS and not meaning.channels):
        return f"it has {count} channels; grey and RGB are read, with or without transparency"
    return ""


def _roles(stream: _Stream, meaning: _Meaning) -> tuple[list[int], int | None, tuple[str, ...]]:
    """Which components are the colours in their order, which is the opacity, and what is to be said of that."""
    count = len(stream.depths)
    if not meaning.channels:
        colours = list(range(1 if count < 3 else 3))
        return (colours, len(colours), (_ASSUMED,)) if count > len(colours) else (colours, None, ())
    ordered = sorted((colour, number) for number, kind, colour in meaning.channels if kind == _COLOUR)
    opacity = next((number for number, kind, _ in meaning.channels if kind == _OPACITY), None)
    others = count - len(ordered) - (opacity is not None)
    return [number for _, number in ordered], opacity, (_LEFT_ASIDE,) if others else ()


def _is_whole(data: bytes, tiles: int) -> bool:
    """Whether all tiles are there, and the mark of the end; OpenJPEG shows what is missing as black."""
    at, seen = 2, set()
    while data[at : at + 2] != _START_OF_TILE:
        if data[at : at + 1] != b"\xff":
            return False
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    while data[at : at + 2] == _START_OF_TILE and at + _START_OF_TILE_BYTES <= len(data):
        tile, length = struct.unpack_from(">HI", data, at + 4)
        # A length of 0 is said of the last one, which goes on to the mark of the end.
        at = at + length if length else data.rfind(_END, at)
        if at < 0 or 0 < length < _START_OF_TILE_BYTES:
            return False
        seen.add(tile)
    return data[at : at + 2] == _END and len(seen) == tiles


def _raster(values: Values, stream: _Stream, meaning: _Meaning) -> Raster:
    bits, signed, _, _ = stream.depths[0]
    if signed:
        return Raster(values, deep=True)
    colours, opacity, notes = _roles(stream, meaning)
    planes = values if values.ndim == 3 else values[..., None]
    chosen = np.ascontiguousarray(planes[..., colours[0]] if len(colours) == 1 else planes[..., colours])
    if meaning.space == _YCC and len(colours) == 3:
        chosen = values_of(Image.fromarray(chosen, "YCbCr").convert("RGB"))
    alpha = None if opacity is None else planes[..., opacity]
    raster = raster_of(chosen, (1 << bits) - 1, alpha=alpha, profile=meaning.profile)
    return replace(raster, notes=notes + raster.notes)
