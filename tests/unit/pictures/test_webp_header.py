"""The size of a WebP file is read from its header and checked before Pillow, which allocates the canvas at once."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from segdetect.errors import ImageTooLargeError, UnreadableImageError
from segdetect.pictures import decoders
from segdetect.pictures.formats import Format
from segdetect.pictures.loading import load_image


def riff(kind: bytes, body: bytes) -> bytes:
    chunk = kind + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def extended(width: int, height: int) -> bytes:
    """Flags and three reserved bytes, then each side less one in 24 bits."""
    return riff(b"VP8X", bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little"))


def lossless(width: int, height: int) -> bytes:
    """A signature, then each side less one in 14 bits, then the bit for transparency and three for the version."""
    bits = (width - 1) | (height - 1) << 14 | 1 << 28
    return riff(b"VP8L", b"\x2f" + struct.pack("<I", bits) + bytes(8))


def lossy(width: int, height: int) -> bytes:
    """A frame tag and a start code, then each side in 14 bits below two that say how to scale it."""
    return riff(b"VP8 ", b"\x30\x01\0\x9d\x01\x2a" + struct.pack("<HH", width | 1 << 14, height | 3 << 14) + bytes(8))


@pytest.fixture
def decoder_untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails the test as soon as anything is handed to Pillow."""

    def touched(file: object) -> None:
        pytest.fail("the file was handed to Pillow")

    monkeypatch.setitem(decoders._PLUGINS, Format.WEBP, touched)


@pytest.mark.usefixtures("decoder_untouched")
@pytest.mark.parametrize(
    ("data", "said"),
    [
        (extended(16_384, 16_384), "16384 x 16384 pixels"),
        (extended(150_001, 1_000), "150001 x 1000 pixels"),
        (extended(1_000, 150_001), "1000 x 150001 pixels"),
        (lossless(16_384, 16_383), "16384 x 16383 pixels"),
        (lossless(9_175, 16_351), "9175 x 16351 pixels"),
        (lossy(16_383, 9_999), "16383 x 9999 pixels"),
        (lossy(9_999, 16_383), "9999 x 16383 pixels"),
    ],
    ids=["extended", "wide", "high", "lossless", "upright lossless", "lossy", "upright lossy"],
)
def test_too_large_a_picture_is_refused_before_anything_is_allocated(data: bytes, said: str) -> None:
    with pytest.raises(ImageTooLargeError, match=said):
        load_image(data, name="large.webp")


@pytest.mark.usefixtures("decoder_untouched")
@pytest.mark.parametrize(
    "data", [riff(b"ABCD", bytes(20)), lossy(10, 10)[:29], riff(b"VP8 ", b"")], ids=["unknown", "cut off", "empty"]
)
def test_a_header_without_a_size_is_damaged(data: bytes) -> None:
    with pytest.raises(UnreadableImageError, match="header is damaged"):
        load_image(data, name="damaged.webp")


@pytest.mark.parametrize(
    ("mode", "options"),
    [("RGB", {}), ("RGB", {"lossless": True}), ("RGBA", {}), ("RGBA", {"lossless": True})],
    ids=["lossy", "lossless", "extended", "transparent lossless"],
)
def test_the_limit_is_exact_for_pictures_that_pillow_wrote(mode: str, options: dict[str, bool]) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (33, 61, len(mode)), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels, mode).save(buffer, "WEBP", **options)
    assert load_image(buffer.getvalue(), name="a.webp", max_pixels=61 * 33).size_wh == (61, 33)
    with pytest.raises(ImageTooLargeError, match="61 x 33 pixels"):
        load_image(buffer.getvalue(), name="a.webp", max_pixels=61 * 33 - 1)
