"""ICC profiles written by hand."""

from __future__ import annotations

import struct

import numpy as np


def matrix_profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """A version 2 ICC display profile with these tags, written by hand."""
    start = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += name + struct.pack(">II", start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(">I4sI4s4s4s", start + len(body), b"none", 0x02100000, b"mntr", space, b"XYZ ")
    head += struct.pack(">6H4s", 2020, 1, 1, 0, 0, 0, b"acsp") + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + table + body


def xyz(x: float, y: float, z: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in (x, y, z)))


def text(kind: bytes, words: bytes) -> bytes:
    return kind + bytes(4) + (struct.pack(">I", len(words) + 1) if kind == b"desc" else b"") + words + bytes(79)


GAMMA = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256))
STRONG = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(1.2 * 256))
WHITE = xyz(0.9642, 1, 0.8249)
HEAD = {b"desc": text(b"desc", b"wide"), b"cprt": text(b"text", b"none"), b"wtpt": WHITE}
# The primaries of Adobe RGB (1998), adapted to D50.
WIDE = matrix_profile(
    b"RGB ",
    HEAD
    | {
        b"rXYZ": xyz(0.60974, 0.31111, 0.01947),
        b"gXYZ": xyz(0.20528, 0.62567, 0.06087),
        b"bXYZ": xyz(0.14919, 0.06322, 0.74457),
    }
    | {b"rTRC": GAMMA, b"gTRC": GAMMA, b"bTRC": GAMMA},
)
GREY = matrix_profile(b"GRAY", HEAD | {b"kTRC": STRONG})


def ink_profile() -> bytes:
    """A CMYK profile of two steps for each ink: grey by all of them, with a strong red cast."""
    even = bytes(range(256))
    corners = [(255 * (4 - sum(inks)) // 4, 170, 140) for inks in np.ndindex(2, 2, 2, 2)]
    lut = (
        b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + struct.pack(">9i", *(65536 * v for v in (1, 0, 0, 0, 1, 0, 0, 0, 1)))
    )
    lut += even * 4 + bytes(v for corner in corners for v in corner) + even * 3
    profile = matrix_profile(b"CMYK", HEAD | {b"A2B0": lut})
    return profile[:12] + b"prtrCMYKLab " + profile[24:]
