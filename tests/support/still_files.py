"""AVIF, JPEG 2000 and Netpbm files put together by hand."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import imagecodecs
import numpy as np

Part = tuple[bytes, bytes]


def box(kind: bytes, *parts: bytes) -> bytes:
    """A box of the family of MPEG-4."""
    content = b"".join(parts)
    return struct.pack(">I", 8 + len(content)) + kind + content


def full_box(kind: bytes, *parts: bytes, version: int = 0) -> bytes:
    """A box with a version and no flags."""
    return box(kind, bytes([version, 0, 0, 0]), *parts)


def _content(data: bytes, kind: bytes) -> bytes:
    """What is in the first box of this name, wherever that lies."""
    at = data.index(kind)
    return data[at + 4 : at - 4 + struct.unpack_from(">I", data, at - 4)[0]]


def avif(values: np.ndarray, *parts: Part, without: Sequence[bytes] = (), **options: object) -> bytes:
    """A lossless AVIF file of one opaque picture with further properties, and without some of the usual ones."""
    coded = imagecodecs.avif_encode(values, **{"level": 100, **options})
    pixels = _content(coded, b"mdat")
    kept = [(kind, _content(coded, kind)) for kind in (b"ispe", b"pixi", b"av1C", b"colr")]
    given = [part for part in kept if part[0] not in without] + list(parts)
    # What must be understood is marked by the highest bit.
    links = bytes(at | 0x80 * (kind in (b"av1C", b"irot", b"imir", b"clap")) for at, (kind, _) in enumerate(given, 1))
    head = box(b"ftyp", b"avif", bytes(4), b"avifmif1miaf")

    def meta(place: int) -> bytes:
        where = struct.pack(">BBHHHHII", 0x44, 0, 1, 1, 0, 1, place, len(pixels))
        return full_box(
            b"meta",
            full_box(b"hdlr", bytes(4), b"pict", bytes(13)),
            full_box(b"pitm", struct.pack(">H", 1)),
            full_box(b"iloc", where),
            full_box(b"iinf", struct.pack(">H", 1), full_box(b"infe", struct.pack(">HH", 1, 0), b"av01\0", version=2)),
            box(
                b"iprp",
                box(b"ipco", *(box(*part) for part in given)),
                full_box(b"ipma", struct.pack(">IHB", 1, 1, len(links)), links),
            ),
        )

    return head + meta(len(head) + len(meta(0)) + 8) + box(b"mdat", pixels)


def j2k(values: np.ndarray, **options: object) -> bytes:
    """A lossless codestream of JPEG 2000."""
    return bytes(imagecodecs.jpeg2k_encode(values, **{"level": 0, "codecformat": "J2K", **options}))


def jp2(stream: bytes, *parts: Part, space: int | None = 16, profile: bytes = b"") -> bytes:
    """A JPEG 2000 file around a codestream.

    Args:
        stream: the codestream.
        parts: further boxes of its header.
        space: the number of the colour space.
        profile: an ICC profile in place of it.
    """
    bottom, right = struct.unpack_from(">II", stream, 12)[0], struct.unpack_from(">I", stream, 8)[0]
    (count,) = struct.unpack_from(">H", stream, 40)
    head = box(b"ihdr", struct.pack(">IIHBBBB", bottom, right, count, stream[42], 7, 0, 0))
    colours = b"\2\0\0" + profile if profile else b"\1\0\0" + struct.pack(">I", space or 0)
    return (
        box(b"jP  ", b"\r\n\x87\n")
        + box(b"ftyp", b"jp2 ", bytes(4), b"jp2 ")
        + box(b"jp2h", head, box(b"colr", colours), *(box(*part) for part in parts))
        + box(b"jp2c", stream)
    )


def channels(*told: tuple[int, int, int]) -> Part:
    """The box that says of each component what it is (0 colour, 1 opacity, 2 multiplied opacity), and which colour."""
    return b"cdef", struct.pack(">H", len(told)) + b"".join(struct.pack(">HHH", *one) for one in told)


def netpbm(values: np.ndarray, kind: str, *, top: int = 255, note: str = "") -> bytes:
    """A Netpbm picture; `kind` is P1 to P6."""
    height, width = values.shape[:2]
    head = f"{kind}\n{note}{width} {height}\n" + (f"{top}\n" if kind not in ("P1", "P4") else "")
    if kind == "P4":
        body = np.packbits(values, axis=1).tobytes()
    elif kind in ("P5", "P6"):
        body = values.astype(">u2" if top > 255 else "u1").tobytes()
    else:
        body = "\n".join(" ".join(map(str, row)) for row in values.reshape(height, -1).tolist()).encode() + b"\n"
    return head.encode() + body


def pam(values: np.ndarray, tuples: str, *, top: int = 255) -> bytes:
    """A PAM picture of `(height, width, channels)`."""
    height, width, count = values.shape
    kind = f"TUPLTYPE {tuples}\n" if tuples else ""
    head = f"P7\n# made by hand\nWIDTH {width}\nHEIGHT {height}\nDEPTH {count}\nMAXVAL {top}\n{kind}ENDHDR\n"
    return head.encode() + values.astype(">u2" if top > 255 else "u1").tobytes()


def pfm(values: np.ndarray, *, little: bool = True) -> bytes:
    """A PFM picture."""
    height, width = values.shape[:2]
    head = f"{'PF' if values.ndim == 3 else 'Pf'}\n{width} {height}\n{'-1.0' if little else '1.0'}\n"
    return head.encode() + values[::-1].astype("<f4" if little else ">f4").tobytes()
