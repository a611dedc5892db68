"""AVIF to values, by libavif in imagecodecs."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from segdetect.pictures.boxes import Box, boxes, first_box, inner_boxes
from segdetect.pictures.raster import Encoded, Raster, Values
from segdetect.pictures.refusals import SAVE_AS_PNG
from segdetect.pictures.samples import codecs_with, colour_notes, raster_of

# Of colours as decoded, and again as RGB.
_HELD_TWICE: Final = 6
_MARGIN: Final = 8
# How a picture is turned by quarters anticlockwise, and mirrored then (1: left and right change places, 0: top and
# bottom), as the orientation of Exif that asks for the same.
_UPRIGHT: Final[dict[tuple[int, int | None], int]] = {
    **{(0, None): 1, (1, None): 8, (2, None): 3, (3, None): 6},
    **{(0, 1): 2, (1, 1): 7, (2, 1): 4, (3, 1): 5},
    **{(0, 0): 4, (1, 0): 5, (2, 0): 2, (3, 0): 7},
}
# Ways from brightness and two colours to RGB (ITU-T H.273) that libavif does not know.
_OTHER_MATRICES: Final = (3, 10, 11, 13, 14)
_CROPPED: Final = "It asks for its rim to be cut off, which was left on."
_ANIMATED: Final = "It is an animation; its first picture was taken."
_SEQUENCE: Final = b"avis"


@dataclass(frozen=True, slots=True)
class _Properties:
    """What the file says of its main picture.

    Args:
        size_wh: width and height in pixels, before it is turned upright.
        bits: of a sample.
        orientation: that of Exif which turns it upright.
        profile: the ICC profile; empty where there is none.
        code_points: of primaries, transfer and matrix (ITU-T H.273).
        cropped: whether a part of it is meant to be shown.
    """

    size_wh: tuple[int, int]
    bits: int
    orientation: int
    profile: bytes
    code_points: tuple[int, int, int]
    cropped: bool


def decode_avif(encoded: Encoded) -> Raster:
    """Decode the main picture of an AVIF file, which of an animation is its first.

    Raises:
        UnreadableImageError: its header is damaged, its colours are not read, or libavif is not there.
    """
    try:
        told = _properties(encoded.data)
    except (ValueError, struct.error, IndexError) as error:
        raise encoded.unreadable("its header is damaged or cut off", "Copy or export the picture again") from error
    encoded.check_page(1)
    encoded.check_size(*told.size_wh, pixel_bytes=_HELD_TWICE * (1 if told.bits <= _MARGIN else 2))
    for width, height in _sizes(encoded.data):
        encoded.check_area(width, height)
    primaries, transfer, matrix = told.code_points
    if matrix in _OTHER_MATRICES:
        raise encoded.unreadable(f"its colours are coded in a way (matrix {matrix}) that is not read", SAVE_AS_PNG)
    codecs = codecs_with(encoded, "AVIF", "AVIF")
    values = np.asarray(codecs.avif_decode(_still(encoded.data), index=0, numthreads=1))
    if values.shape[:2] != told.size_wh[::-1] or values.max() >> told.bits:
        raise ValueError(f"its pixels have the unexpected shape {values.shape} or depth")
    notes = () if told.profile else colour_notes(primaries, transfer, deep=told.bits > _MARGIN)
    notes += (_CROPPED,) if told.cropped else ()
    notes += (_ANIMATED,) if _major_brand(encoded.data) == _SEQUENCE else ()
    raster = _raster(values, told)
    return replace(raster, orientation=told.orientation, notes=raster.notes + notes)


def _raster(values: Values, told: _Properties) -> Raster:
    channels = values.shape[2] if values.ndim == 3 else 1
    alpha = values[..., -1] if channels in (2, 4) else None
    colours = values if channels in (1, 3) else values[..., 0] if channels == 2 else values[..., :3]
    return raster_of(np.ascontiguousarray(colours), (1 << told.bits) - 1, alpha=alpha, profile=told.profile)


def _major_brand(data: bytes) -> bytes:
    return data[8:12]


def _still(data: bytes) -> bytes:
    """The file as one of stills: of an animation libavif then takes the main picture, which the properties are of."""
    return data[:8] + b"avif" + data[12:] if _major_brand(data) == _SEQUENCE else data


def _properties(data: bytes) -> _Properties:
    """What is said of the main picture; raises `ValueError` where a size or a depth is missing."""
    own = list(_of_main_picture(data))

    def content(kind: bytes) -> bytes | None:
        return next((box.content(data) for box in own if box.kind == kind), None)

    size, depths, coding = content(b"ispe"), content(b"pixi"), content(b"av1C")
    if size is None or (depths is None and coding is None):
        raise ValueError("it has no size or depth")
    bits = depths[5] if depths is not None else _bits(coding or b"")
    turned, mirrored = content(b"irot"), content(b"imir")
    quarters = turned[0] & 3 if turned else 0
    axis = mirrored[0] & 1 if mirrored else None
    colours = [box.content(data) for box in own if box.kind == b"colr"]
    profile = next((one[4:] for one in colours if one[:4] in (b"prof", b"rICC")), b"")
    points = next((struct.unpack_from(">HHH", one, 4) for one in colours if one[:4] == b"nclx"), (2, 2, 2))
    cropped = content(b"clap") is not None
    return _Properties(struct.unpack_from(">II", size, 4), bits, _UPRIGHT[quarters, axis], profile, points, cropped)


def _bits(coding: bytes) -> int:
    """The depth in the configuration of AV1."""
    flags = coding[2]
    return (12 if flags & 0x20 else 10) if flags & 0x40 else 8


def _of_main_picture(data: bytes) -> Iterator[Box]:
    """The properties that are given to the main picture."""
    meta = first_box(boxes(data), b"meta")
    inside = list(inner_boxes(data, meta, versioned=True))
    main = first_box(iter(inside), b"pitm")
    if main is None:
        raise ValueError("it has no main picture")
    told = main.content(data)
    number = int.from_bytes(told[4:8] if told[0] else told[4:6], "big")
    parts = list(inner_boxes(data, first_box(iter(inside), b"iprp")))
    every = list(inner_boxes(data, first_box(iter(parts), b"ipco")))
    for part in parts:
        if part.kind == b"ipma":
            yield from (every[at - 1] for at in _given_to(part.content(data), number) if 0 < at <= len(every))


def _given_to(links: bytes, number: int) -> Iterator[int]:
    """The numbers of the properties of an item, 1-based."""
    id_bytes, wide, at = 4 if links[0] else 2, links[3] & 1, 8
    for _ in range(int.from_bytes(links[4:8], "big")):
        item, count = int.from_bytes(links[at : at + id_bytes], "big"), links[at + id_bytes]
        at += id_bytes + 1
        for _ in range(count):
            found = int.from_bytes(links[at : at + 1 + wide], "big")
            at += 1 + wide
            if item == number:
                yield found & (0x7FFF if wide else 0x7F)


def _sizes(data: bytes) -> Iterator[tuple[int, int]]:
    """The sizes of all that lies in the file: tiles, opacity, thumbnails."""
    inside = inner_boxes(data, first_box(boxes(data), b"meta"), versioned=True)
    properties = inner_boxes(data, first_box(inside, b"iprp"))
    for box in inner_boxes(data, first_box(properties, b"ipco")):
        if box.kind == b"ispe":
            yield struct.unpack_from(">II", data, box.begin + 4)
