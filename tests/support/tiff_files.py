"""TIFF files built in code."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tifffile
from PIL import Image

# Turns a picture as stored into one as shown (TIFF 6.0, tag Orientation).
UPRIGHT: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: a.swapaxes(0, 1)[:, ::-1],
    7: lambda a: a.swapaxes(0, 1)[::-1, ::-1],
    8: lambda a: a.swapaxes(0, 1)[::-1],
}


def written(values: np.ndarray, **options: Any) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, **options)
    return buffer.getvalue()


def by_pillow(image: Image.Image, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "TIFF", **options)
    return buffer.getvalue()


def packed(samples: np.ndarray, bits: int, order: str) -> bytes:
    """`(height, width, channels)` at any depth, each row from a byte of its own on."""
    if bits % 8 == 0:
        places = [8 * place for place in range(bits // 8)]
        shifts = np.array(places if order == "<" else places[::-1], np.uint64)
        return (samples.astype(np.uint64)[..., None] >> shifts & 255).astype(np.uint8).tobytes()
    shifts = np.arange(bits - 1, -1, -1, dtype=np.uint64)
    rows = (samples.astype(np.uint64)[..., None] >> shifts & 1).astype(np.uint8).reshape(len(samples), -1)
    return np.packbits(rows, axis=1).tobytes()


def raw_tiff(
    samples: np.ndarray,
    bits: int,
    *,
    order: str = "<",
    tags: Sequence[tuple[int, int | None]] = (),
    palette: Sequence[int] = (),
    strip: bytes = b"",
) -> bytes:
    """An uncompressed TIFF of one strip, `(height, width, channels)`, written by hand; a tag of None is left out."""
    height, width, channels = samples.shape
    strip = strip or packed(samples, bits, order)
    strip_end = 8 + len(strip) + len(strip) % 2
    colours = struct.pack(f"{order}{len(palette)}H", *palette)
    entries = {
        **{256: width, 257: height, 258: bits, 259: 1, 262: 1 if channels == 1 else 2, 273: 8},
        **{277: channels, 278: height, 279: len(strip), 339: 1},
    } | dict(tags)
    rows = {tag: struct.pack(order + "HHII", tag, 4, 1, value) for tag, value in entries.items() if value is not None}
    if palette:
        rows[320] = struct.pack(order + "HHII", 320, 3, len(palette), strip_end)
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, strip_end + len(colours))
    table = struct.pack(order + "H", len(rows)) + b"".join(rows[tag] for tag in sorted(rows)) + bytes(4)
    return head + strip + b"\0" * (len(strip) % 2) + colours + table
