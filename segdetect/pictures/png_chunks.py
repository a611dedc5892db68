"""The chunks of a PNG file (ISO/IEC 15948, 5.3), read without decoding anything."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

_SIGNATURE: Final = 8
_TEXTS: Final = (b"tEXt", b"zTXt", b"iTXt")
# These make up pixels, or frames of an animation, whatever their case says.
_PIXELS: Final = (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"acTL", b"fcTL", b"fdAT")
# What Pillow takes of a compressed profile once it is inflated.
_MAX_PROFILE_BYTES: Final = 1 << 20


def without_asides(data: bytes) -> bytes:
    """A PNG file without its texts, and without what else lies beside its pixels and is damaged or too large."""
    kept = [data[begin:end] for name, begin, end in _chunks(data) if name in _PIXELS or _is_sound(data, begin, end)]
    return data[:_SIGNATURE] + b"".join(kept)


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """The name of each chunk, and where it begins and ends, up to the last or the first that the file does not hold."""
    at = _SIGNATURE
    while at + 12 <= len(data):
        name, end = data[at + 4 : at + 8], at + 12 + int.from_bytes(data[at : at + 4], "big")
        yield name, at, min(end, len(data))
        if name == b"IEND":
            return
        at = end


def _is_sound(data: bytes, begin: int, end: int) -> bool:
    """Whether something beside the pixels is kept."""
    name, content = data[begin + 4 : begin + 8], data[begin + 8 : end - 4]
    if name in _TEXTS or zlib.crc32(data[begin + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
        return False
    return name != b"iCCP" or _inflates(content[content.find(b"\0") + 2 :])


def _inflates(profile: bytes) -> bool:
    stream = zlib.decompressobj()
    try:
        stream.decompress(profile, _MAX_PROFILE_BYTES)
    except zlib.error:
        return False
    return stream.eof
