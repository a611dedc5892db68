"""Pictures of every format come out right, and files that are not pictures come out as errors a person can act on."""

from __future__ import annotations

import builtins
import hashlib
import importlib
import io
import random
import struct
import warnings
import zlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pillow_heif
import pydicom
import pytest
import tifffile
from PIL import Image
from pydicom.uid import MPEG2MPML, ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

from segdetect.errors import ImageTooLargeError, SegDetectError, SettingsError, UnreadableImageError
from segdetect.pictures.loading import LoadedImage, load_image

H, W = 40, 60


def scene() -> np.ndarray:
    """`(40, 60, 3)`: a red left half, a blue right half, a white square in the top left corner."""
    rgb = np.zeros((H, W, 3), np.uint8)
    rgb[:, : W // 2], rgb[:, W // 2 :] = (200, 30, 30), (20, 40, 180)
    rgb[:10, :10] = 255
    return rgb


def noise(height: int = H, width: int = W) -> np.ndarray:
    return np.random.default_rng(7).integers(0, 256, (height, width, 3), dtype=np.uint8)


def grey16() -> np.ndarray:
    return np.linspace(1000, 5000, H * W).reshape(H, W).astype(np.uint16)


def encode(image: np.ndarray | Image.Image, kind: str, **options: Any) -> bytes:
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def tiff(image: np.ndarray, **options: Any) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, image, **options)
    return buffer.getvalue()


def heic(image: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(image)).save(buffer, quality=90)
    return buffer.getvalue()


def dicom(values: np.ndarray, *, preamble: bool = True, syntax: str = ExplicitVRLittleEndian, **tags: Any) -> bytes:
    """A minimal DICOM file; `values` is `(h, w)`, `(frames, h, w)` or `(h, w, 3)`."""
    dataset = pydicom.Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", "1.2.3.4"
    colour = values.ndim == 3 and values.shape[2] == 3
    dataset.SamplesPerPixel = 3 if colour else 1
    dataset.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        dataset.PlanarConfiguration = 0
    if values.ndim == 3 and not colour:
        dataset.NumberOfFrames = len(values)
    dataset.Rows, dataset.Columns = values.shape[:2] if colour else values.shape[-2:]
    dataset.BitsAllocated = dataset.BitsStored = values.itemsize * 8
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(values.dtype.kind == "i")
    dataset.PixelData = values.tobytes()
    dataset["PixelData"].VR = "OW"
    for tag, value in tags.items():
        setattr(dataset, tag, value)
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian if syntax == RLELossless else syntax
    if syntax == RLELossless:
        dataset.compress(RLELossless)
    buffer = io.BytesIO()
    if preamble:
        dataset.save_as(buffer, enforce_file_format=True)
    else:
        del dataset.file_meta
        dataset.save_as(buffer, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=True)
    return buffer.getvalue()


FORMATS: dict[str, Callable[[], bytes]] = {
    "png": lambda: encode(noise(), "PNG"),
    "jpeg": lambda: encode(noise(), "JPEG"),
    "jpeg-progressive": lambda: encode(noise(), "JPEG", progressive=True),
    "gif": lambda: encode(noise(), "GIF"),
    "bmp": lambda: encode(noise(), "BMP"),
    "webp": lambda: encode(noise(), "WEBP"),
    "webp-lossless": lambda: encode(noise(), "WEBP", lossless=True),
    "tiff": lambda: encode(noise(), "TIFF"),
    "tiff-lzw": lambda: encode(noise(), "TIFF", compression="tiff_lzw"),
    "tiff-jpeg": lambda: encode(noise(), "TIFF", compression="jpeg"),
    "tiff-fax": lambda: encode(Image.fromarray(noise()).convert("1"), "TIFF", compression="group4"),
    "tiff-16": lambda: tiff(noise().astype(np.uint16) * 257, photometric="rgb"),
    "tiff-16-zlib": lambda: tiff(noise()[..., 0].astype(np.uint16) * 257, compression="zlib"),
    "tiff-float": lambda: tiff(noise()[..., 0].astype(np.float32)),
    "heic": lambda: heic(noise(64, 64)),
    "dicom": lambda: dicom(noise()[..., 0].astype(np.uint16)),
    "dicom-rle": lambda: dicom(noise()[..., 0].astype(np.uint16), syntax=RLELossless),
}


def load(data: bytes, **options: Any) -> LoadedImage:
    return load_image(data, name=options.pop("name", "part.img"), **options)


def error_text(data: bytes, *, name: str = "part.png", **options: Any) -> str:
    with pytest.raises(UnreadableImageError) as caught:
        load_image(data, name=name, **options)
    assert caught.value.file == name
    assert caught.value.remedy
    return str(caught.value)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF"])
def test_lossless_formats_return_the_exact_pixels(kind: str) -> None:
    image = load(encode(scene(), kind))
    assert np.array_equal(image.pixels, scene())
    assert image.size_wh == (W, H)
    assert (image.notes, image.window, image.pages) == ((), None, 1)


@pytest.mark.parametrize(
    "data",
    [
        encode(scene(), "JPEG", quality=95, subsampling=0),
        encode(scene(), "WEBP", quality=95),
        encode(scene(), "TIFF", compression="jpeg"),
        encode(Image.fromarray(scene()).convert("CMYK"), "JPEG", quality=95),
        encode(Image.fromarray(scene()).convert("CMYK"), "TIFF"),
        encode(Image.fromarray(scene()).quantize(4), "PNG"),
        encode(Image.fromarray(scene()).quantize(4), "TIFF", compression="tiff_lzw"),
        heic(np.kron(scene(), np.ones((2, 2, 1), np.uint8)))[:],
    ],
    ids=["jpeg", "webp", "tiff-jpeg", "cmyk-jpeg", "cmyk-tiff", "palette-png", "palette-tiff", "heic"],
)
def test_other_encodings_keep_the_colours(data: bytes) -> None:
    pixels = load(data).pixels.astype(int)
    scale = len(pixels) // H
    assert np.abs(pixels[20 * scale, 15 * scale] - (200, 30, 30)).max() < 15
    assert np.abs(pixels[20 * scale, 45 * scale] - (20, 40, 180)).max() < 15
    assert pixels[4 * scale, 4 * scale].min() > 235


@pytest.mark.parametrize("kind", list(FORMATS))
def test_pixels_are_what_engines_rely_on(kind: str) -> None:
    data = FORMATS[kind]()
    image = load(data)
    assert (image.pixels.dtype, image.pixels.ndim, image.pixels.shape[2]) == (np.uint8, 3, 3)
    assert image.pixels.flags.c_contiguous
    assert not image.pixels.flags.writeable
    assert image.sha256 == hashlib.sha256(data).hexdigest()
    assert image.pixels.std() > 20


@pytest.mark.parametrize("mode", ["1", "L"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_grey_becomes_rgb_with_equal_channels(mode: str, kind: str) -> None:
    source = Image.fromarray(scene()).convert(mode, dither=Image.Dither.NONE)
    pixels = load(encode(source, kind)).pixels
    assert np.array_equal(pixels, np.repeat(np.asarray(source.convert("L"))[..., None], 3, axis=2))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_parts_are_shown_on_white(mode: str) -> None:
    alpha = np.full((H, W), 255, np.uint8)
    alpha[30:] = 0
    source = Image.fromarray(np.dstack([scene(), alpha]))
    if mode == "P":
        source = Image.fromarray(scene()).quantize(4)
        source.info["transparency"] = source.getpixel((45, 30))
    image = load(encode(source.convert(mode), "PNG"))
    clear = image.pixels[35, 45]
    assert clear.tolist() == [255, 255, 255]
    assert image.pixels[20, 15].max() < 255
    assert "white" in image.notes[0]
    assert image.valid is not None
    assert not image.valid[35, 45]
    assert image.valid[20, 15]


def test_a_picture_that_is_wholly_transparent_is_shown_by_its_colours() -> None:
    image = load(encode(np.dstack([scene(), np.zeros((H, W), np.uint8)]), "PNG"))
    assert np.array_equal(image.pixels, scene())
    assert image.valid is None
    (note,) = image.notes  # none that says the contrary
    assert "as if it were not" in note


def test_half_transparent_parts_are_blended() -> None:
    rgba = np.full((H, W, 4), (0, 0, 0, 128), np.uint8)
    image = load(encode(rgba, "PNG"))
    assert np.all(image.pixels == 127)
    assert image.valid is None


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_exif_rotation_is_applied_and_said(orientation: int, kind: str) -> None:
    turns = {
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: np.rot90(a, -1),
        7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
        8: np.rot90,
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = load(encode(scene(), kind, exif=exif))
    expected = turns[orientation](scene()).astype(int)
    assert image.pixels.shape == expected.shape
    assert np.abs(image.pixels.astype(int) - expected).mean() < 8
    assert any("rotated" in note for note in image.notes) == (orientation != 1)


def test_deep_tiff_is_rotated_too() -> None:
    data = tiff(grey16(), extratags=[(274, 3, 1, 6, True)])
    assert load(data).size_wh == (H, W)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_damaged_exif_does_not_hide_a_good_picture(kind: str) -> None:
    data = encode(scene(), kind, exif=b"Exif\0\0neither II nor MM")
    assert load(data).size_wh == (W, H)


@pytest.mark.parametrize(
    "data",
    [
        encode(grey16(), "PNG"),
        encode(grey16(), "TIFF"),
        tiff(grey16(), byteorder=">"),
        tiff(grey16(), bigtiff=True),
        tiff(grey16(), compression="zlib", predictor=True),
        encode(grey16(), "TIFF", compression="tiff_lzw"),
        tiff(grey16().astype(np.float32)),
        tiff(grey16().astype(np.float64)),
        tiff(grey16().astype(np.int32)),
        tiff(grey16().astype(np.uint32)),
        tiff(grey16().astype(np.int16)),
        tiff(grey16().astype(np.float16), compression="zlib"),
        dicom(grey16()),
        dicom(grey16(), syntax=RLELossless),
        dicom(grey16().astype(np.int16)),
    ],
    ids=[
        "png",
        "tiff",
        "big-endian",
        "bigtiff",
        "zlib",
        "lzw",
        "f32",
        "f64",
        "i32",
        "u32",
        "i16",
        "f16",
        "dicom",
        "dicom-rle",
        "dicom-signed",
    ],
)
def test_deep_grey_is_windowed_by_percentile(data: bytes) -> None:
    image = load(data)
    assert image.pixels[0, 0].tolist() == [0, 0, 0]
    assert image.pixels[-1, -1].tolist() == [255, 255, 255]
    assert abs(int(image.pixels[H // 2, 0, 0]) - 128) <= 3
    assert image.window == pytest.approx((1020, 4980), abs=3)
    assert image.value_range == pytest.approx((1000, 5000), abs=1)
    assert "percentile" in image.notes[-1]
    assert "1000 to 5000" in image.notes[-1]


@pytest.mark.parametrize("kind", ["png", "tiff", "lzw", "planar"])
def test_16_bit_colour_keeps_its_depth(kind: str) -> None:
    rgb = (scene().astype(np.uint16) + 1000) * 2
    data = {
        "png": lambda: _png16(rgb),
        "tiff": lambda: tiff(rgb, photometric="rgb"),
        "lzw": lambda: _tiff16_lzw(rgb),
        "planar": lambda: tiff(np.moveaxis(rgb, -1, 0), photometric="rgb", planarconfig="separate"),
    }[kind]()
    image = load(data)
    assert image.value_range == (2040, 2510)
    assert image.pixels[20, 15].tolist() == [round(255 * (c - 20) / 235) for c in (200, 30, 30)]
    assert image.pixels[20, 45, 2] > image.pixels[20, 45, 0]


def _png16(rgb: np.ndarray) -> bytes:
    import cv2

    return bytes(cv2.imencode(".png", rgb[..., ::-1])[1])


def _tiff16_lzw(rgb: np.ndarray) -> bytes:
    import cv2

    return bytes(cv2.imencode(".tiff", rgb[..., ::-1], [cv2.IMWRITE_TIFF_COMPRESSION, 5])[1])


def test_the_callers_window_wins() -> None:
    image = load(encode(grey16(), "PNG"), window=(0, 5100))
    assert image.window == (0, 5100)
    assert image.pixels[0, 0, 0] == 50
    assert "you chose" in image.notes[0]
    assert image.key != load(encode(grey16(), "PNG")).key


def test_8_bit_pictures_ignore_the_window() -> None:
    image = load(encode(scene(), "PNG"), window=(10, 20))
    assert np.array_equal(image.pixels, scene())
    assert image.window is None


@pytest.mark.parametrize("window", [(5.0, 5.0), (9.0, 1.0), (float("nan"), 1.0), (0.0, float("inf"))])
def test_a_window_that_is_none_is_refused(window: tuple[float, float]) -> None:
    with pytest.raises(SettingsError, match="lower one first"):
        load(encode(grey16(), "PNG"), window=window)


def test_floats_that_are_no_numbers_are_left_out_of_the_window() -> None:
    values = grey16().astype(np.float32)
    values[0, :3] = np.nan, np.inf, -np.inf
    image = load(tiff(values))
    assert image.value_range == pytest.approx((1005, 5000), abs=1)
    assert image.pixels[0, :3, 0].tolist() == [0, 0, 0]
    assert image.valid is not None
    assert image.valid.sum() == image.valid.size - 3


def test_floats_without_any_number_are_an_error() -> None:
    assert "finite" in error_text(tiff(np.full((H, W), np.nan, np.float32)))


@pytest.mark.parametrize("dtype", [np.uint16, np.float32, np.int32])
def test_a_constant_deep_picture_loads(dtype: type) -> None:
    assert len(np.unique(load(tiff(np.full((H, W), 700, dtype))).pixels)) == 1


def test_extreme_floats_do_not_overflow() -> None:
    values = np.zeros((H, W))
    values[: H // 2], values[H // 2 :] = -1.7e308, 1.7e308
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pixels = load(tiff(values)).pixels
    assert pixels[0, 0, 0] < pixels[-1, 0, 0]


def test_white_is_zero_tiff_is_inverted() -> None:
    assert load(tiff(grey16(), photometric="miniswhite")).pixels[0, 0, 0] == 255


def test_pages_of_a_tiff() -> None:
    buffer = io.BytesIO()
    pages = [Image.new("RGB", (W, H), (shade, 0, 0)) for shade in (10, 20, 30)]
    pages[0].save(buffer, "TIFF", save_all=True, append_images=pages[1:])
    for page, shade in enumerate((10, 20, 30)):
        image = load(buffer.getvalue(), page=page)
        assert (image.page, image.pages, image.pixels[0, 0, 0]) == (page, 3, shade)
    assert "from 1 to 3" in error_text(buffer.getvalue(), page=3)
    assert "no page 0" in error_text(buffer.getvalue(), page=-1)


def test_a_png_has_one_page() -> None:
    assert "no page 2" in error_text(encode(scene(), "PNG"), page=1)


def test_dicom_window_rescale_and_inversion() -> None:
    ct = np.array([[0, 1024, 2048]] * 20, np.uint16).repeat(7, axis=1)
    tags = {"RescaleSlope": 1, "RescaleIntercept": -1024, "WindowCenter": [0.5, 9], "WindowWidth": [1001, 9]}
    image = load(dicom(ct, **tags))
    assert image.window == (-500, 500)
    assert image.value_range == (-1024, 1024)
    assert image.pixels[0, [0, 8, 15], 0].tolist() == [0, 128, 255]
    inverted = load(dicom(ct, **tags, PhotometricInterpretation="MONOCHROME1"))
    assert inverted.pixels[0, [0, 8, 15], 0].tolist() == [255, 127, 0]
    assert "MONOCHROME1" in inverted.notes[0]


def test_dicom_frames_are_pages() -> None:
    frames = np.stack([grey16(), grey16()[::-1]])
    assert load(dicom(frames)).pages == 2
    assert load(dicom(frames), page=1).pixels[0, 0, 0] > 200
    assert "no page 3" in error_text(dicom(frames), page=2)


def test_dicom_colour() -> None:
    assert np.array_equal(load(dicom(scene())).pixels, scene())


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_dicom_without_preamble(syntax: str) -> None:
    image = load(dicom(grey16(), preamble=False, syntax=syntax), name="slice.dcm")
    assert image.size_wh == (W, H)


def test_dicom_in_a_compression_we_lack_names_it() -> None:
    data = dicom(grey16())
    dataset = pydicom.dcmread(io.BytesIO(data))
    dataset.file_meta.TransferSyntaxUID = MPEG2MPML
    dataset.PixelData = pydicom.encaps.encapsulate([b"\xff\xd8not really"])
    dataset["PixelData"].is_undefined_length = True
    buffer = io.BytesIO()
    dataset.save_as(buffer)
    assert "MPEG2" in error_text(buffer.getvalue())


def test_dicom_without_a_picture() -> None:
    dataset = pydicom.dcmread(io.BytesIO(dicom(grey16())))
    del dataset.PixelData
    buffer = io.BytesIO()
    dataset.save_as(buffer)
    assert "holds no picture" in error_text(buffer.getvalue())


def test_heic_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    data = FORMATS["heic"]()
    real = importlib.import_module

    def without_heif(name: str, package: str | None = None) -> ModuleType:
        if name == "pillow_heif":
            raise ModuleNotFoundError(name)
        return real(name, package)

    monkeypatch.setattr(importlib, "import_module", without_heif)
    assert "pip install pillow-heif" in error_text(data)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def bomb(side: int) -> bytes:
    """A black 1-bit PNG of `side` squared pixels in a few kilobytes."""
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
    packer = zlib.compressobj(9)
    row = bytes(1 + (side + 7) // 8)
    body = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + header + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def test_a_decompression_bomb_is_refused_before_it_is_decoded() -> None:
    data = bomb(13_000)
    assert len(data) < 50_000
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ImageTooLargeError, match=r"13000 x 13000 pixels .*limit of 150 megapixels"):
            load(data)


def test_pillows_own_limit_neither_warns_nor_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for kind in ("png", "jpeg", "webp", "bmp", "tiff"):
            assert load(FORMATS[kind]()).size_wh == (W, H)
    assert Image.MAX_IMAGE_PIXELS == 100


@pytest.mark.parametrize("kind", list(FORMATS))
def test_the_pixel_limit_holds_for_every_format(kind: str) -> None:
    with pytest.raises(ImageTooLargeError) as caught:
        load_image(FORMATS[kind](), name="wide.png", max_pixels=1000)
    assert caught.value.file == "wide.png"
    assert caught.value.remedy


@pytest.mark.parametrize("kind", list(FORMATS))
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9])
def test_a_file_cut_off_is_an_error_never_half_a_picture(kind: str, share: float) -> None:
    data = FORMATS[kind]()
    assert error_text(data[: max(9, int(len(data) * share))])


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"hello, this is no picture\n" * 20, "it is text"),
        ("grüße aus Köln\n".encode() * 80, "it is text"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "HTML"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b"%PDF-1.7\n\x00\x01", "PDF"),
        (b"8BPS\0\1" + bytes(40), "PSD"),
        (b"SIMPLE  =                    T" + b" " * 50, "FITS"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "video"),
        (b"RIFF\0\0\0\0AVI LIST", "video"),
        (b"PK\x03\x04" + bytes(30), "ZIP"),
        (bytes(range(1, 200)), "not a known kind of picture"),
        (b"\x89", "not a known kind"),
    ],
    ids=[
        "empty",
        "text",
        "utf8",
        "html",
        "svg",
        "pdf",
        "psd",
        "fits",
        "mp4",
        "avi",
        "zip",
        "unknown",
        "one-byte",
    ],
)
def test_what_is_no_picture_is_named(data: bytes, said: str) -> None:
    assert said in error_text(data)


def test_a_picture_without_pixels() -> None:
    data = encode(scene(), "BMP")
    assert "no pixels" in error_text(data[:18] + bytes(4) + data[22:])


def test_the_content_counts_not_the_name() -> None:
    assert np.array_equal(load(encode(scene(), "PNG"), name="lies.dcm").pixels, scene())


@pytest.mark.parametrize(
    "name", ["a b.png", 'it\'s "q".png', "größe 零件.png", "$(touch x).png", "../../etc/passwd", "a\0b"]
)
def test_names_are_shown_as_they_are_and_never_used_as_paths(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode(scene(), "PNG")

    def no_files(*args: Any, **options: Any) -> Any:
        raise AssertionError("a file was opened")

    monkeypatch.setattr(builtins, "open", no_files)
    assert load(data, name=name).name == name
    assert error_text(b"oops", name=name).startswith(f"{name}: ")


@pytest.mark.parametrize("failure", [MemoryError(), RecursionError("deep"), struct.error("bad"), SyntaxError("bad")])
def test_whatever_a_decoder_raises_becomes_one_error(failure: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **options: Any) -> Any:
        raise failure

    monkeypatch.setattr("segdetect.pictures.loading.decode_common", fail)
    with pytest.raises(UnreadableImageError) as caught:
        load(encode(scene(), "PNG"))
    assert caught.value.__cause__ is failure
    assert ("memory" in str(caught.value)) == isinstance(failure, MemoryError)


@pytest.mark.parametrize("kind", list(FORMATS))
@pytest.mark.filterwarnings("ignore")
def test_damaged_files_give_a_picture_or_our_error(kind: str) -> None:
    original = FORMATS[kind]()
    dice = random.Random(kind)
    for _ in range(25):
        data = bytearray(original)
        for _ in range(dice.choice((1, 4, 30))):
            data[dice.randrange(min(len(data), dice.choice((64, 512, len(data)))))] = dice.randrange(256)
        assert _loads_or_fails_as_it_should(bytes(data))


def _loads_or_fails_as_it_should(data: bytes) -> bool:
    try:
        return load(data, max_pixels=1_000_000).pixels.size > 0
    except SegDetectError as error:
        return error.file == "part.img" and bool(error.remedy)
