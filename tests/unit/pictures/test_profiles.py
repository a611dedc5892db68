"""Pictures with an ICC profile are shown in sRGB, at every depth as littlecms converts them."""

from __future__ import annotations

import io
import struct
from dataclasses import replace

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from segdetect.pictures import profiles
from segdetect.pictures.loading import load_image
from segdetect.pictures.profiles import to_srgb
from tests.support.profile_files import GREY, WIDE, ink_profile

STEPS = np.linspace(0, 255, 16).astype(np.uint8)
COLOURS = np.stack(np.meshgrid(STEPS, STEPS, STEPS), -1).reshape(64, 64, 3)


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def converted(values: np.ndarray, mode: str, profile: bytes, *, exact: bool = False) -> np.ndarray:
    """By littlecms, which is up to 3 of 255 off near black in grey and in inks where it may optimize."""
    flags = ImageCms.Flags.NOOPTIMIZE if exact or mode == "L" else ImageCms.Flags.NONE
    source, target = io.BytesIO(profile), io.BytesIO(SRGB)
    return np.asarray(
        ImageCms.profileToProfile(Image.fromarray(values, mode), source, target, outputMode="RGB", flags=flags)
    )


def encode(kind: str, image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_wide_colours_are_shown_in_srgb(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    image = load_image(encode(kind, Image.fromarray(COLOURS), icc_profile=WIDE, **options), name="a")
    assert np.array_equal(image.pixels, converted(COLOURS, "RGB", WIDE))
    assert np.abs(image.pixels.astype(int) - COLOURS).max() > 20
    assert any("colour profile to sRGB" in note for note in image.notes)


def test_a_grey_profile_is_followed() -> None:
    grey = np.tile(np.arange(256, dtype=np.uint8), (4, 1))
    for kind in ("PNG", "TIFF"):
        image = load_image(encode(kind, Image.fromarray(grey), icc_profile=GREY), name="a")
        assert np.array_equal(image.pixels, converted(grey, "L", GREY))


def test_16_bits_are_converted_as_8() -> None:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, COLOURS.astype(np.uint16) * 257, photometric="rgb", iccprofile=WIDE, compression="lzw")
    deep = load_image(buffer.getvalue(), name="a", window=(0, 65535))
    assert np.abs(deep.pixels.astype(int) - converted(COLOURS, "RGB", WIDE)).max() <= 1


def large(seed: int = 0) -> np.ndarray:
    """16-bit colours of all kinds and, above, dark ones, more than littlecms is asked for."""
    random = np.random.default_rng(seed)
    dark = random.integers(0, 400, (100, 600, 3), dtype=np.uint16)
    return np.concatenate([dark, random.integers(0, 65536, (500, 600, 3), dtype=np.uint16)])


@pytest.mark.parametrize("profile", [WIDE, imagecodecs.cms_profile("adobergb")], ids=["wide", "Adobe RGB"])
def test_large_pictures_are_converted_as_by_littlecms(profile: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    fast, notes = to_srgb(large(), profile)
    monkeypatch.setattr(profiles, "_FEW_PIXELS", 10**9)
    exact, _ = to_srgb(large(), profile)
    assert np.abs(fast.astype(int) - exact).max() <= 1
    assert fast.dtype == np.uint16
    assert len(notes) == 1


def test_a_profile_that_is_more_than_curves_and_a_matrix_is_left_to_littlecms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "_FEW_PIXELS", 10**9)
    exact, _ = to_srgb(large(), WIDE)
    monkeypatch.setattr(profiles, "_FEW_PIXELS", 0)
    found = profiles._shaper(WIDE)
    monkeypatch.setattr(profiles, "_shaper", lambda profile: replace(found, curves=found.curves**1.01))
    assert np.array_equal(to_srgb(large(), WIDE)[0], exact)


def test_grey_of_16_bits_is_converted_as_of_8() -> None:
    grey = np.tile(np.arange(256, dtype=np.uint8), (4, 1))
    deep, notes = to_srgb(grey.astype(np.uint16) * 257, GREY)
    assert notes
    assert np.abs(deep / 257 - converted(grey, "L", GREY)).max() <= 1


def test_16_bit_png_is_converted_too() -> None:
    import cv2

    data = bytes(cv2.imencode(".png", (COLOURS.astype(np.uint16) * 257)[..., ::-1])[1])
    import zlib

    chunk = b"iCCP" + b"wide\0\0" + zlib.compress(WIDE)
    whole = data[:33] + struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[33:]
    image = load_image(whole, name="a", window=(0, 65535))
    assert np.abs(image.pixels.astype(int) - converted(COLOURS, "RGB", WIDE)).max() <= 1


def test_srgb_itself_changes_nothing_and_says_nothing() -> None:
    image = load_image(encode("PNG", Image.fromarray(COLOURS), icc_profile=SRGB), name="a")
    assert np.array_equal(image.pixels, COLOURS)
    assert image.notes == ()


@pytest.mark.parametrize("profile", [b"no profile", WIDE[:200], GREY], ids=["not-one", "cut-off", "of-grey"])
def test_a_profile_of_no_use_is_said_and_the_picture_is_shown(profile: bytes) -> None:
    image = load_image(encode("PNG", Image.fromarray(COLOURS), icc_profile=profile), name="a")
    assert np.array_equal(image.pixels, COLOURS)
    assert any("left aside" in note for note in image.notes)


def test_transparency_and_profile_together() -> None:
    alpha = np.full((64, 64), 255, np.uint8)
    alpha[:, :32] = 0
    image = load_image(encode("PNG", Image.fromarray(np.dstack([COLOURS, alpha])), icc_profile=WIDE), name="a")
    assert np.all(image.pixels[:, :32] == 255)
    assert np.array_equal(image.pixels[:, 32:], converted(COLOURS, "RGB", WIDE)[:, 32:])


@pytest.mark.parametrize("deep", [False, True])
def test_inks_follow_their_profile(deep: bool) -> None:
    inks = np.random.default_rng(2).integers(0, 256, (30, 40, 4), dtype=np.uint8)
    profile, buffer = ink_profile(), io.BytesIO()
    stored = inks.astype(np.uint16) * 257 if deep else inks
    tifffile.imwrite(buffer, stored, photometric="separated", iccprofile=profile, compression="lzw")
    image = load_image(buffer.getvalue(), name="a")
    expected = converted(inks, "CMYK", profile, exact=deep)
    assert np.abs(image.pixels.astype(int) - expected).max() <= int(deep)
    assert any("colour profile to sRGB" in note for note in image.notes)


def test_inks_of_a_jpeg_follow_their_profile() -> None:
    inks = np.full((16, 16, 4), (10, 200, 90, 30), np.uint8)
    data = encode("JPEG", Image.fromarray(inks, "CMYK"), icc_profile=ink_profile(), quality=100)
    with Image.open(io.BytesIO(data)) as stored:
        expected = converted(np.asarray(stored), "CMYK", ink_profile())
    assert np.array_equal(load_image(data, name="a").pixels, expected)
