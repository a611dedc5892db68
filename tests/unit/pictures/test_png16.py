"""PNG of 16 bits: grey, colour and transparency in full depth, as arithmetic has it."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest

from segdetect.pictures.loading import load_image

H, W = 12, 15
VALUES = np.random.default_rng(5).integers(0, 65536, (H, W, 4), dtype=np.uint16)
GREY, GREY_ALPHA, COLOUR, COLOUR_ALPHA = 0, 4, 2, 6


def png16(values: np.ndarray, kind: int, *, clear: tuple[int, ...] = ()) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    parts = [chunk(b"IHDR", struct.pack(">IIBBBBB", W, H, 16, kind, 0, 0, 0))]
    if clear:
        parts.append(chunk(b"tRNS", struct.pack(f">{len(clear)}H", *clear)))
    return b"\x89PNG\r\n\x1a\n" + b"".join((*parts, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")))


def on_white(colours: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    return colours.astype(float) / 257 * (alpha / 65535.0) + 255 * (1 - alpha / 65535.0)


@pytest.mark.parametrize(
    ("kind", "channels"), [(GREY, 1), (GREY_ALPHA, 2), (COLOUR, 3), (COLOUR_ALPHA, 4)], ids=["L", "LA", "RGB", "RGBA"]
)
def test_each_kind(kind: int, channels: int) -> None:
    image = load_image(png16(VALUES[..., :channels], kind), name="a", window=(0, 65535))
    colours = VALUES[..., : 3 if channels > 2 else 1]
    alpha = VALUES[..., channels - 1 : channels] if channels % 2 == 0 else np.full((H, W, 1), 65535)
    assert np.abs(image.pixels - on_white(colours, alpha)).max() <= (1.5 if channels % 2 == 0 else 0.5)


@pytest.mark.parametrize(("kind", "channels"), [(GREY, 1), (COLOUR, 3)])
def test_the_transparent_colour_is_compared_in_full_depth(kind: int, channels: int) -> None:
    values = VALUES[..., :channels].copy()
    values[2, 3] = values[5, 6] = (40_000, 1_000, 30_000)[:channels]
    # Alike in the upper 8 bits only: stays.
    values[7, 7] = values[2, 3] + 1
    clear = tuple(int(v) for v in values[2, 3])
    image = load_image(png16(values, kind, clear=clear), name="a", window=(0, 65535))
    assert image.pixels[2, 3].tolist() == image.pixels[5, 6].tolist() == [255, 255, 255]
    assert np.abs(image.pixels[7, 7] - values[7, 7] / 257).max() <= 0.5
    assert "Transparent parts are shown on white." in image.notes


def test_a_transparent_colour_that_is_not_there_changes_nothing() -> None:
    values = np.full((H, W, 3), 5_000, np.uint16)
    image = load_image(png16(values, COLOUR, clear=(19, 19, 19)), name="a", window=(0, 65535))
    assert np.all(image.pixels == 19)
    assert not any("white." in note and "Transparent" in note for note in image.notes)
