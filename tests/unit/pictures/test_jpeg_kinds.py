"""JPEG files without the mark of their end are read where all of their pixels are there, and no others."""

from __future__ import annotations

import io
from typing import Any

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from segdetect.errors import UnreadableImageError
from segdetect.pictures.decoders import decode_common
from segdetect.pictures.formats import Format
from segdetect.pictures.loading import load_image
from segdetect.pictures.raster import Encoded

GRAIN = np.random.default_rng(0).integers(0, 256, (40, 56, 3), dtype=np.uint8)
GRAIN[20:] = 128


def jpeg(**options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(GRAIN).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def decoded(data: bytes) -> Any:
    return decode_common(Encoded(data, "a.jpg", 0, 10**6), Format.JPEG).values


@pytest.mark.parametrize("options", [{"quality": 90}, {"progressive": True}, {"subsampling": 0, "optimize": True}])
def test_without_the_mark_of_its_end_all_pixels_are_there(options: dict[str, Any]) -> None:
    data = jpeg(**options)
    for cut in (1, 2):
        image = load_image(data[:-cut], name="a.jpg")
        assert np.array_equal(image.pixels, load_image(data, name="a.jpg").pixels)
        assert any("mark of its end is missing" in note for note in image.notes)


@pytest.mark.parametrize(
    "options", [{"quality": 90}, {"progressive": True}, {"restart_marker_blocks": 1}, {"restart_marker_rows": 1}]
)
def test_cut_anywhere_it_is_whole_or_refused(options: dict[str, Any]) -> None:
    data = jpeg(**options)
    whole = decoded(data)
    for cut in [*range(1, 60), *range(60, len(data) - 600, 23)]:
        try:
            found = decoded(data[:-cut])
        except (OSError, UnreadableImageError):
            continue
        assert np.array_equal(found, whole), cut


def test_a_progressive_one_that_ends_between_its_scans_is_refused() -> None:
    data = jpeg(progressive=True)
    last = data.rfind(b"\xff\xda")
    # The tables of the last scan stand between it and the one before.
    end = data.rfind(b"\xff\xc4", 0, last)
    for cut in (last, end):
        with pytest.raises(UnreadableImageError, match="damaged or cut off"):
            load_image(data[:cut] + b"\xff", name="a.jpg")


def test_other_kinds_are_turned_upright() -> None:
    deep = GRAIN[..., 0].astype(np.uint16) << 4
    data = imagecodecs.jpeg8_encode(deep, level=100, bitspersample=12)
    exif = Image.Exif()
    exif[0x0112] = 6
    head = exif.tobytes()
    turned = data[:2] + b"\xff\xe1" + (len(head) + 2).to_bytes(2, "big") + head + data[2:]
    upright = load_image(turned, name="a.jpg").pixels
    assert np.array_equal(upright, np.rot90(load_image(data, name="a.jpg").pixels, -1))
