"""The pictures that one file holds: frames of an animation, views of a stereo camera; counted, not decoded."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import BytesIO
from typing import Final

from PIL.PngImagePlugin import PngImageFile

from segdetect.pictures.formats import Format
from segdetect.pictures.tiff_directories import tag_bytes

# More frames of an animation than anybody looks at one by one; counting them would take seconds.
MAX_FRAMES: Final = 20_000
_GIF_EXTENSION, _GIF_PICTURE, _GIF_COLOURS, _GIF_COLOURS_SIZE = 0x21, 0x2C, 0x80, 0x07
# The index of pictures of a Multi-Picture file (CIPA DC-007): its segment, and its entries of 16 bytes each.
_MPF: Final = b"MPF\0"
_MP_ENTRIES: Final = 0xB002
# What phones keep beside a photograph to show it brighter; it is a picture of no thing.
_GAIN_MAP: Final = (b"hdrgainmap", b"hdr-gain-map", b"hdrgm:")
_APP1, _APP2, _SCAN = 0xE1, 0xE2, 0xDA
_SIZES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def count_frames(data: bytes, kind: Format) -> int:
    """How many pictures a PNG, JPEG, GIF, BMP or WebP file holds; 1 where that cannot be told."""
    match kind:
        case Format.PNG:
            return _png_frames(data)
        case Format.GIF:
            return max(1, sum(1 for _ in zip(_gif_pictures(data), range(MAX_FRAMES), strict=False)))
        case Format.WEBP:
            return max(1, sum(name == b"ANMF" for name in _riff_chunks(data)))
        case Format.JPEG:
            return len(jpeg_pictures(data))
    return 1


def _png_frames(data: bytes) -> int:
    if data.find(b"acTL", 0, data.find(b"IDAT")) < 0:
        return 1
    try:
        with PngImageFile(BytesIO(data)) as image:
            return max(1, int(getattr(image, "n_frames", 1)))
    except (SyntaxError, OSError, ValueError, struct.error):  # whoever decodes it says what is wrong
        return 1


def _gif_pictures(data: bytes) -> Iterator[int]:
    """Where each picture of a GIF begins."""
    at = 13 + _gif_colours(data, 10)
    while at < len(data):
        begun = at
        if data[at] == _GIF_EXTENSION:
            at += 2
        elif data[at] == _GIF_PICTURE and at + 10 < len(data):
            at += 11 + _gif_colours(data, at + 9)
        else:
            return
        while at < len(data) and data[at]:
            at += 1 + data[at]
        at += 1
        if data[begun] == _GIF_PICTURE:
            yield begun


def _gif_colours(data: bytes, at: int) -> int:
    """Bytes of the colour table that these flags announce."""
    flags = data[at] if at < len(data) else 0
    return 3 << (1 + (flags & _GIF_COLOURS_SIZE)) if flags & _GIF_COLOURS else 0


def _riff_chunks(data: bytes) -> Iterator[bytes]:
    """The names of a RIFF file's chunks."""
    at = 12
    while at + 8 <= len(data):
        yield data[at : at + 4]
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + size % 2


def jpeg_pictures(data: bytes) -> list[tuple[int, int]]:
    """Where each picture of a JPEG or Multi-Picture file begins and ends; thumbnails and gain maps are none."""
    whole = (0, len(data))
    return [whole, *(place for place in _further(data) if _is_view(data, *place))]


def left_out_pictures(data: bytes) -> int:
    """How many pictures of a Multi-Picture file are thumbnails or gain maps."""
    return len(_further(data)) + 1 - len(jpeg_pictures(data))


def _further(data: bytes) -> list[tuple[int, int]]:
    """Where the pictures behind the first begin and end, as far as they lie in the file."""
    found = [place for code, *place in jpeg_segments(data, 0) if code == _APP2 and data.startswith(_MPF, place[0])]
    if not found:
        return []
    base, end = found[0][0] + len(_MPF), found[0][1]
    little = data[base : base + 2] == b"II"
    entries = tag_bytes(data[base:end], _MP_ENTRIES)
    pictures = []
    for at in range(16, len(entries) - 15, 16):
        _, size, offset = struct.unpack_from("<III" if little else ">III", entries, at)
        # Some programs write sizes that are too large.
        if size and data.startswith(b"\xff\xd8", base + offset):
            pictures.append((base + offset, min(base + offset + size, len(data))))
    return pictures


def _is_view(data: bytes, start: int, end: int) -> bool:
    """Whether it shows what the first picture shows; what its entry says is not to be relied upon."""
    return _size(data, start) == _size(data, 0) and not any(
        data.find(name, begin, stop) >= 0
        for code, begin, stop in jpeg_segments(data, start)
        if code in (_APP1, _APP2)
        for name in _GAIN_MAP
    )


def _size(data: bytes, start: int) -> bytes:
    """Height and width of the JPEG that begins here, as its header has them."""
    return next((data[begin + 1 : begin + 5] for code, begin, _ in jpeg_segments(data, start) if code in _SIZES), b"")


def jpeg_segments(data: bytes, start: int) -> Iterator[tuple[int, int, int]]:
    """The header's segments of the JPEG that begins here: marker, and where its content begins and ends."""
    at = start + 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        code = data[at + 1]
        if code == 0xFF:  # a filling byte
            at += 1
            continue
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        if code == _SCAN or size < 2:
            return
        yield code, at + 4, at + 2 + size
        at += 2 + size
