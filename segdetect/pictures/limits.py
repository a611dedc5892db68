"""The limits on what is read, checked before anything is allocated or inflated.

A file may cost memory and time in proportion to its own size. Pictures that people have stay far below: the most
compressed photographs decode to about 20 times their size, while a made-up file of a few kilobytes can decode to
gigabytes.
"""

from __future__ import annotations

import re
import zlib
from typing import Final

MAX_PIXELS: Final = 150_000_000
# Bytes of all samples as decoded. Decoding takes up to 3.5 times as much at its peak (measured), with transparency.
MAX_DECODED_BYTES: Final = 900_000_000
# What any file may decode to, however small: 80 megapixels of 8-bit RGB.
SMALL_DECODED_BYTES: Final = 240_000_000
# What a larger file may decode to for each byte of its own.
DECODED_PER_BYTE: Final = 24
# A larger file is refused unread: it would have to fit in memory, and an archive of a few kilobytes can hold one.
MAX_FILE_BYTES: Final = 1 << 30
MAX_ZIP_MEMBERS: Final = 100_000
# A page keeps them all and shows a line for each (10,000 take a second).
MAX_UPLOADED_MEMBERS: Final = 10_000
# Of a file in a folder or an archive, unless all are asked for: who inspects a folder of parts does not mean a film.
MAX_PAGES: Final = 100
# An archive in another is unpacked in memory to be listed.
MAX_INNER_ZIP_BYTES: Final = 1 << 28
# Pixels times scans of a JPEG: each scan of a progressive one goes over all pixels anew, 500 million of them a second.
# Encoders write about ten scans.
MAX_SCANNED_PIXELS: Final = 4_000_000_000
# Time on the clock for a picture, and what it grows by for the bytes of large files.
DECODING_SECONDS: Final = 10.0
DECODED_BYTES_PER_SECOND: Final = 4_000_000
# Memory that a decoder may take: as often what it decodes to, as often its file, and for libraries that it opens.
DECODING_FACTOR: Final = 4
FILE_FACTOR: Final = 3
LIBRARY_BYTES: Final = 200_000_000
_STEP_BYTES: Final = 1 << 20
# Neither a stuffed byte nor a restart, which stand within a scan.
_JPEG_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9


def decoded_limit(file_bytes: int) -> int:
    """How many bytes a file of this many may decode or inflate to.

    >>> decoded_limit(15_000), decoded_limit(20_000_000), decoded_limit(1_000_000_000)
    (240000000, 480000000, 900000000)
    """
    return min(MAX_DECODED_BYTES, max(SMALL_DECODED_BYTES, DECODED_PER_BYTE * file_bytes))


def decoding_seconds(file_bytes: int) -> float:
    """How long a file of this many bytes may take to decode: 10 seconds, more above 40 megabytes."""
    return max(DECODING_SECONDS, file_bytes / DECODED_BYTES_PER_SECOND)


def decoding_limit(file_bytes: int) -> int:
    """How many bytes of memory the decoding of a file of this many may take, all in all."""
    return DECODING_FACTOR * decoded_limit(file_bytes) + FILE_FACTOR * file_bytes + LIBRARY_BYTES


def answer_limit(file_bytes: int) -> int:
    """How many bytes the arrays of a picture decoded from a file of this many may have together."""
    return 2 * decoded_limit(file_bytes)


def upload_limit(file_bytes: int) -> int:
    """How many bytes the members of an archive of this many may have together where all of them are kept in memory."""
    return max(decoded_limit(file_bytes), 2 * file_bytes)


def inflates_within(data: bytes, limit: int) -> bool:
    """Whether a raw deflate stream inflates to at most `limit` bytes, at the cost of a megabyte of memory.

    Raises:
        zlib.error: it is damaged.
    """
    stream, left = zlib.decompressobj(-zlib.MAX_WBITS), limit
    while not stream.eof:
        inflated = len(stream.decompress(data, _STEP_BYTES))
        data = stream.unconsumed_tail
        left -= inflated
        if left < 0:
            return False
        if not inflated and not data:  # it is cut off, which whoever reads it says
            return True
    return True


def jpeg_scans(data: bytes) -> int:
    """How many scans a JPEG file has up to the end of its first picture; what its headers hold does not count."""
    scans, at = 0, 2
    while marker := _JPEG_MARKER.search(data, at):
        kind = marker[0][1]
        if kind == _END_OF_IMAGE:
            break
        scans += kind == _START_OF_SCAN
        at = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2], "big")
    return scans
