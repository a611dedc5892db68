"""DICOM's stored values come out as pydicom has them: bits, units, windows, curves; padding is left out."""

from __future__ import annotations

import io
from typing import Any

import imagecodecs
import numpy as np
import numpy.typing as npt
import pydicom
import pytest
from pydicom.pixels.processing import apply_voi_lut
from pydicom.uid import (
    JPEG2000Lossless,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from segdetect.errors import UnreadableImageError
from segdetect.pictures.loading import LoadedImage, load_image
from tests.support.dicom_files import computed_tomogram, dicom_file

RAMP = np.arange(-2048, 2048, dtype=np.int16).reshape(64, 64)


def load(data: bytes, **options: Any) -> LoadedImage:
    return load_image(data, name="slice.dcm", **options)


def by_pydicom(data: bytes) -> npt.NDArray[np.uint8]:
    """The picture after the file's own table or window, over the whole range of its output."""
    dataset = pydicom.dcmread(io.BytesIO(data))
    shown = np.asarray(apply_voi_lut(dataset.pixel_array, dataset), np.float64)
    if dataset.get("VOILUTSequence"):
        low, high = 0, 2.0 ** dataset.VOILUTSequence[0].LUTDescriptor[2] - 1
    else:
        low, high = (float(apply_voi_lut(np.array([end], np.int32), dataset)[0]) for end in (-(10**6), 10**6))
    return np.rint((shown - low) / (high - low) * 255).astype(np.uint8)


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID", None])
@pytest.mark.parametrize(("centre", "width"), [(40, 400), (-600, 1500), (100, 2), (0.5, 1)])
def test_windows_are_applied_by_their_function(function: str | None, centre: float, width: float) -> None:
    tags: dict[str, Any] = {"VOILUTFunction": function} if function else {}
    data = dicom_file(RAMP, WindowCenter=centre, WindowWidth=width, **tags)
    image = load(data)
    assert abs(image.pixels[..., 0].astype(int) - by_pydicom(data)).max() <= 1
    assert (image.pixels[..., 0] != by_pydicom(data)).mean() < 0.001
    assert any("that the file asks for" in note for note in image.notes)


def test_an_own_window_takes_the_place_of_a_curve_and_is_another_picture() -> None:
    data = dicom_file(RAMP, WindowCenter=0, WindowWidth=800, VOILUTFunction="SIGMOID")
    curved, straight = load(data), load(data, window=(-400.0, 400.0))
    assert curved.window == straight.window == (-400, 400)
    assert curved.key != straight.key
    assert not np.array_equal(curved.pixels, straight.pixels)


@pytest.mark.parametrize(("first", "bits"), [(-1000, 12), (0, 16), (500, 8)])
def test_a_voi_table_is_applied(first: int, bits: int) -> None:
    item = pydicom.Dataset()
    entries = np.sqrt(np.linspace(0, 1, 200)) * (2**bits - 1)
    item.add_new("LUTDescriptor", "SS", [200, first, bits])
    item.add_new("LUTData", "US", entries.astype(int).tolist())
    data = dicom_file(RAMP, VOILUTSequence=[item], WindowCenter=0, WindowWidth=10)
    shown = np.rint(entries.astype(int)[np.clip(RAMP.astype(int) - first, 0, 199)] / (2**bits - 1) * 255)
    assert np.array_equal(load(data).pixels[..., 0], shown)
    if bits > 8:  # pydicom takes indices of 8-bit tables modulo 256
        assert np.array_equal(by_pydicom(data), shown)


def test_a_modality_table_gives_the_values() -> None:
    item = pydicom.Dataset()
    item.add_new("LUTDescriptor", "US", [256, 0, 16])
    item.add_new("LUTData", "US", (np.arange(256)[::-1] * 10).tolist())
    item.ModalityLUTType = "US"
    values = np.arange(256, dtype=np.uint8).repeat(16).reshape(64, 64)
    image = load(dicom_file(values, ModalityLUTSequence=[item]))
    assert image.value_range == (0, 2550)
    assert image.pixels[0, 0, 0] > image.pixels[-1, -1, 0]


def test_wide_values_are_rescaled_without_loss() -> None:
    values = (2**30 + np.arange(400, dtype=np.uint32)).reshape(20, 20)
    image = load(dicom_file(values, RescaleSlope=1, RescaleIntercept=-(2**30)))
    assert image.value_range == (0, 399)
    assert len(np.unique(image.pixels)) > 200


def test_a_frame_has_its_own_rescaling_and_window() -> None:
    def group(intercept: float) -> pydicom.Dataset:
        values, window, found = pydicom.Dataset(), pydicom.Dataset(), pydicom.Dataset()
        values.RescaleSlope, values.RescaleIntercept = 1, intercept
        window.WindowCenter, window.WindowWidth = intercept, 401
        found.PixelValueTransformationSequence, found.FrameVOILUTSequence = [values], [window]
        return found

    groups = [group(-1024), group(500)]
    data = dicom_file(RAMP, NumberOfFrames=2, PerFrameFunctionalGroupsSequence=groups, PixelData=2 * RAMP.tobytes())
    assert load(data).value_range == (-3072, 1023)
    assert load(data, page=1).value_range == (-1548, 2547)
    assert load(data, page=1).window == (299.5, 699.5)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(("stored", "high"), [(12, 11), (12, 15), (12, 13), (10, 11), (16, 15)])
def test_bits_beside_the_stored_ones_do_not_count(stored: int, high: int, signed: bool) -> None:
    values = np.arange(1 << stored, dtype=np.int32)[: 1 << 10 << (stored - 10)]
    meant = np.where(values >> (stored - 1), values - (1 << stored), values) if signed else values
    words = (values << (high - stored + 1)).astype(np.uint16).reshape(32, -1)
    around = 0xFFFF ^ (((1 << stored) - 1) << (high - stored + 1))
    words |= np.random.default_rng(0).integers(0, 1 << 16, words.shape, dtype=np.uint16) & np.uint16(around)
    data = dicom_file(words, BitsStored=stored, HighBit=high, PixelRepresentation=int(signed))
    image = load(data, window=(float(meant.min()), float(meant.max())))
    assert image.value_range == (meant.min(), meant.max())
    share = (meant - meant.min()) / (meant.max() - meant.min())
    assert abs(image.pixels[..., 0].ravel() - share * 255).max() <= 0.5 + 1e-9


def test_an_overlay_is_said_and_not_drawn() -> None:
    values = np.arange(1024, dtype=np.uint16).reshape(32, 32)
    plain = load(dicom_file(values, BitsStored=12, HighBit=11))
    words = values.copy()
    words[8:24, 8:24] |= 1 << 14
    dataset = pydicom.dcmread(io.BytesIO(dicom_file(words, BitsStored=12, HighBit=11)))
    for tag, kind, value in ((0x0010, "US", 32), (0x0011, "US", 32), (0x0100, "US", 16), (0x0102, "US", 14)):
        dataset.add_new((0x6000, tag), kind, value)
    buffer = io.BytesIO()
    dataset.save_as(buffer)
    burnt = load(buffer.getvalue())
    assert np.array_equal(burnt.pixels, plain.pixels)
    assert "It holds an overlay, which is not drawn." in burnt.notes


@pytest.mark.parametrize("tags", [{}, {"RescaleSlope": 2, "RescaleIntercept": -1024}])
def test_padding_is_black_and_plays_no_part_in_the_window(tags: dict[str, float]) -> None:
    padded, whole = computed_tomogram(defect=True), computed_tomogram(padding=None, defect=True)
    field = padded != -2000
    before, after = load(dicom_file(padded, **tags)), load(dicom_file(padded, PixelPaddingValue=-2000, **tags))
    assert after.valid is not None
    assert np.array_equal(after.valid, field)
    assert not after.valid.flags.writeable
    assert not after.pixels[~field].any()
    assert "the padding value -2000" in " ".join(after.notes)
    assert f"{100 * (1 - field.mean()):.3g} %" in " ".join(after.notes)
    # The tissue has all of the grey levels to itself, as if there were no padding.
    assert abs(after.pixels[field].astype(int) - load(dicom_file(whole, **tags)).pixels[field]).max() < 16
    assert np.ptp(after.pixels[field]) == 255
    assert np.ptp(before.pixels[field]) < 30


@pytest.mark.parametrize("limit", [-1990, -2010])
def test_a_range_of_padding_holds_both_of_its_ends(limit: int) -> None:
    values = computed_tomogram(padding=None)
    low, high = sorted((-2000, limit))
    values[0, :4] = low - 1, low, high, high + 1
    image = load(dicom_file(values, PixelPaddingValue=-2000, PixelPaddingRangeLimit=limit))
    assert image.valid is not None
    assert image.valid[0, :4].tolist() == [True, False, False, True]
    assert f"padding values from {low} to {high}" in " ".join(image.notes)


def test_padding_that_is_called_unsigned_is_found() -> None:
    dataset = pydicom.dcmread(io.BytesIO(dicom_file(computed_tomogram())))
    dataset.add_new("PixelPaddingValue", "US", 0x10000 - 2000)
    buffer = io.BytesIO()
    dataset.save_as(buffer)
    valid = load(buffer.getvalue()).valid
    assert valid is not None
    assert np.array_equal(valid, computed_tomogram() != -2000)


def test_padding_in_the_bits_beside_the_stored_ones_is_found() -> None:
    values = (computed_tomogram() + 1024).clip(0).astype(np.uint16)
    values[:4], values[4] = 0x10000 - 2000, (0x10000 - 2000) & 0xFFF
    dataset = pydicom.dcmread(io.BytesIO(dicom_file(values, BitsStored=12, HighBit=11)))
    dataset.add_new("PixelPaddingValue", "US", 0x10000 - 2000)
    buffer = io.BytesIO()
    dataset.save_as(buffer)
    valid = load(buffer.getvalue()).valid
    assert valid is not None
    assert np.flatnonzero(~valid.all(axis=1)).tolist() == [0, 1, 2, 3]


def test_padding_that_does_not_occur_costs_nothing() -> None:
    assert load(dicom_file(computed_tomogram(padding=None), PixelPaddingValue=-2000)).valid is None


def test_nothing_but_padding_is_refused() -> None:
    data = dicom_file(np.full((20, 20), -2000, np.int16), PixelPaddingValue=-2000)
    with pytest.raises(UnreadableImageError, match=r"slice\.dcm: none of its values is a measurement"):
        load(data)


GREY12 = np.random.default_rng(1).integers(0, 4096, (40, 56), dtype=np.uint16)
GREY12[0, :2] = 0, 4095
COMPRESSED = {
    "JPEG 2000": (
        JPEG2000Lossless,
        lambda v: imagecodecs.jpeg2k_encode(v, level=0, codecformat="j2k", bitspersample=12),
        0,
    ),
    "JPEG-LS": (JPEGLSLossless, imagecodecs.jpegls_encode, 0),
    "JPEG-LS, near": (JPEGLSNearLossless, lambda v: imagecodecs.jpegls_encode(v, level=3), 3),
    "JPEG, 12 bits": (JPEGExtended12Bit, lambda v: imagecodecs.jpeg8_encode(v, level=100, bitspersample=12), 3),
    "JPEG, lossless": (JPEGLosslessSV1, lambda v: imagecodecs.jpeg8_encode(v, lossless=True, bitspersample=12), 0),
}


@pytest.mark.parametrize("kind", COMPRESSED)
def test_compressed_pixels_are_read(kind: str) -> None:
    syntax, encode, error = COMPRESSED[kind]
    data = dicom_file(GREY12, syntax=syntax, frame=encode(GREY12), BitsStored=12, HighBit=11)
    image = load(data, window=(0.0, 4095.0))
    assert abs(image.pixels[..., 0] - GREY12 / 4095 * 255).max() <= 0.5 + error / 16
    assert image.value_range == pytest.approx((0, 4095), abs=error)


@pytest.mark.parametrize("kind", ["JPEG 2000", "JPEG, lossless"])
def test_compressed_values_with_a_sign_are_read(kind: str) -> None:
    syntax, encode, _ = COMPRESSED[kind]
    meant = GREY12.astype(int) - 2048
    frame = encode((meant & 0xFFF).astype(np.uint16))
    image = load(dicom_file(GREY12.astype(np.int16), syntax=syntax, frame=frame, BitsStored=12, HighBit=11))
    assert image.value_range == (-2048, 2047)
    wanted = np.clip((meant - image.window[0]) / (image.window[1] - image.window[0]), 0, 1) * 255  # type: ignore[index]
    assert abs(image.pixels[..., 0] - wanted).max() <= 0.5 + 1e-6


def test_run_lengths_are_read() -> None:
    dataset = pydicom.dcmread(io.BytesIO(dicom_file(GREY12)))
    dataset.compress(RLELossless)
    buffer = io.BytesIO()
    dataset.save_as(buffer)
    assert np.array_equal(load(buffer.getvalue()).pixels, load(dicom_file(GREY12)).pixels)


@pytest.mark.parametrize("kind", COMPRESSED)
def test_compressed_pixels_of_another_size_than_the_file_says_are_refused_undecoded(kind: str) -> None:
    syntax, encode, _ = COMPRESSED[kind]
    data = dicom_file(GREY12[:20, :20], syntax=syntax, frame=encode(GREY12), BitsStored=12, HighBit=11)
    with pytest.raises(UnreadableImageError, match=r"compressed as JPEG.* cannot be read here"):
        load(data)


@pytest.mark.parametrize("kind", COMPRESSED)
def test_damaged_compressed_pixels_are_refused_in_plain_words(kind: str) -> None:
    syntax, encode, _ = COMPRESSED[kind]
    frame = encode(GREY12)
    data = dicom_file(GREY12, syntax=syntax, frame=frame[: len(frame) // 2], BitsStored=12, HighBit=11)
    with pytest.raises(UnreadableImageError) as caught:
        load(data)
    assert not {"plugin", "imagecodecs", "Error", "pylibjpeg"} & set(str(caught.value).split())


@pytest.mark.parametrize(
    "name", ["SamplesPerPixel", "PhotometricInterpretation", "BitsStored", "HighBit", "PixelRepresentation"]
)
def test_what_every_viewer_takes_for_granted_need_not_be_said(name: str) -> None:
    values = GREY12.astype(np.uint8) if name == "PixelRepresentation" else GREY12
    image = load(dicom_file(values, **{name: None}))
    assert np.array_equal(image.pixels, load(dicom_file(values)).pixels)
    said = [note for note in image.notes if "does not say" in note]
    assert len(said) == (name != "HighBit")
    assert all(name in note for note in said)


def test_whether_values_have_a_sign_is_not_guessed() -> None:
    with pytest.raises(UnreadableImageError, match="it has no PixelRepresentation"):
        load(dicom_file(RAMP, PixelRepresentation=None))


@pytest.mark.parametrize(("centre", "inverted"), [(50_000, False), (-50_000, False), (-50_000, True)])
def test_a_window_in_which_nothing_is_seen_is_not_taken(centre: int, inverted: bool) -> None:
    kind = {"PhotometricInterpretation": "MONOCHROME1" if inverted else "MONOCHROME2"}
    image = load(dicom_file(GREY12, WindowCenter=centre, WindowWidth=100, **kind))
    assert np.array_equal(image.pixels, load(dicom_file(GREY12, **kind)).pixels)
    assert any("all is black or white" in note for note in image.notes)


def test_a_sigmoid_in_which_nothing_is_seen_is_not_taken() -> None:
    tags = {"WindowCenter": 50_000, "WindowWidth": 100, "VOILUTFunction": "SIGMOID"}
    image = load(dicom_file(GREY12, **tags))
    assert np.array_equal(image.pixels, load(dicom_file(GREY12)).pixels)
    assert not image.curved


def test_colours_of_an_unknown_kind_are_refused() -> None:
    with pytest.raises(UnreadableImageError, match="its colours are HSV"):
        load(dicom_file(RAMP, PhotometricInterpretation="HSV"))
