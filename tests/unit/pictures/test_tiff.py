"""Every layout of TIFF comes out to the pixel as a second reader sees it, or is refused in words for a person."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from segdetect.errors import UnreadableImageError
from segdetect.pictures.loading import LoadedImage, load_image
from segdetect.pictures.raster import apply_window
from tests.support.bombs import CRASHING_LZW
from tests.support.tiff_files import UPRIGHT, by_pillow, packed, raw_tiff, written

H, W = 37, 53
RNG = np.random.default_rng(11)
RGB = RNG.integers(0, 256, (H, W, 3), dtype=np.uint8)
RGB16 = RNG.integers(0, 65536, (H, W, 3), dtype=np.uint16)
SMOOTH = np.asarray(Image.fromarray(RGB).resize((6, 5)).resize((W, H), Image.Resampling.BICUBIC))


def load(data: bytes, **options: Any) -> LoadedImage:
    return load_image(data, name="part.tif", **options)


def refusal(data: bytes) -> str:
    with pytest.raises(UnreadableImageError) as caught:
        load(data)
    assert caught.value.file == "part.tif"
    assert caught.value.remedy
    text = str(caught.value)
    assert not any(word in text for word in ("Error", "tifffile", "numpy", "None", "0x", "damaged, cut off or"))
    return text


def in_window(values: np.ndarray, **options: Any) -> np.ndarray:
    """What 16-bit values should look like between 0 and 65535, by arithmetic of its own."""
    return np.rint(values.astype(np.float64) * 255 / 65535).astype(np.uint8)


def test_16_bit_planes_with_lzw_are_the_picture_not_noise() -> None:
    data = written(np.moveaxis(RGB16, -1, 0), planarconfig="separate", photometric="rgb", compression="lzw")
    assert np.array_equal(load(data, window=(0, 65535)).pixels, in_window(RGB16))


@pytest.mark.parametrize("compression", [None, "lzw", "zlib", "zstd", "packbits", "lzma"])
@pytest.mark.parametrize("planes", ["contig", "separate"])
@pytest.mark.parametrize("tile", [None, (16, 32)], ids=["strips", "tiles"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("deep", [False, True], ids=["8", "16"])
def test_every_layout_of_colour(
    compression: str | None, planes: str, tile: tuple[int, int] | None, order: str, deep: bool
) -> None:
    values = RGB16 if deep else RGB
    stored = np.moveaxis(values, -1, 0) if planes == "separate" else values
    layout: dict[str, Any] = {"tile": tile} if tile else {"rowsperstrip": 5}
    predictor = compression in ("lzw", "zlib", "zstd", "lzma")
    data = written(
        stored,
        **layout,
        planarconfig=planes,
        photometric="rgb",
        compression=compression,
        predictor=predictor,
        byteorder=order,
        bigtiff=deep and order == ">",
    )
    assert np.array_equal(load(data, window=(0, 65535)).pixels, in_window(RGB16) if deep else RGB)


@pytest.mark.parametrize("compression", [None, "lzw", "zlib", "zstd"])
@pytest.mark.parametrize("kind", ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u4", "u8"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_every_kind_of_number(compression: str | None, kind: str, order: str) -> None:
    values = (RNG.integers(-100, 100, (H, W))).astype(kind) if kind[0] != "u" else RGB[..., 0].astype(kind) << 20
    predictor = compression is not None and kind not in ("i8", "u8")
    data = written(values, compression=compression, predictor=predictor, byteorder=order, tile=(16, 16))
    low, high = float(values.min()), float(values.max())
    image = load(data, window=(low, high))
    expected = np.rint((values.astype(np.float64) - low) * 255 / (high - low)).astype(np.uint8)
    assert image.value_range == (low, high)
    assert np.array_equal(image.pixels[..., 0], expected)


@pytest.mark.parametrize("bits", range(1, 33))
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_number_of_bits(bits: int, order: str, channels: int) -> None:
    top = (1 << bits) - 1
    values = RNG.integers(0, top, (H, W, channels), dtype=np.uint64, endpoint=True)
    values[0, 0], values[0, 1] = 0, top
    if (bits, order) == (24, "<"):
        assert "24 bits, lowest byte first" in refusal(raw_tiff(values, bits, order=order))
        return
    pixels = load(raw_tiff(values, bits, order=order), window=(0, top)).pixels
    assert np.array_equal(pixels, np.broadcast_to(np.rint(values * (255 / top)), (H, W, 3)))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["?", "u1", "u2", "u4", "i2", "f4", "f8"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_orientation_is_applied_once(orientation: int, kind: str, compression: str | None) -> None:
    grey = RGB[..., 0] if kind != "?" else RGB[..., 0] > 127
    values = grey.astype(kind)
    data = written(
        values, compression=compression, photometric="minisblack", extratags=[(274, 3, 1, orientation, True)]
    )
    shown = load(data, window=(0, 255)).pixels[..., 0]
    expected = (values * np.uint8(255)) if kind == "?" else RGB[..., 0]
    assert np.array_equal(shown, UPRIGHT[orientation](expected))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("fax", ["group3", "group4", "tiff_ccitt", "tiff_lzw"])
def test_orientation_of_black_and_white_is_applied_once(orientation: int, fax: str) -> None:
    image = Image.fromarray(RGB[..., 0] > 127)
    data = by_pillow(image, compression=fax, tiffinfo={274: orientation})
    shown = load(data)
    assert np.array_equal(shown.pixels[..., 0], UPRIGHT[orientation]((RGB[..., 0] > 127) * np.uint8(255)))
    assert ("rotated" in " ".join(shown.notes)) == (orientation != 1)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("deep", [False, True])
def test_orientation_of_planes_palettes_and_transparency(orientation: int, deep: bool) -> None:
    values = RGB16 if deep else RGB
    tag = [(274, 3, 1, orientation, True)]
    data = written(
        np.moveaxis(values, -1, 0), planarconfig="separate", photometric="rgb", compression="lzw", extratags=tag
    )
    assert np.array_equal(load(data, window=(0, 65535)).pixels, UPRIGHT[orientation](in_window(RGB16) if deep else RGB))
    colours = RNG.integers(0, 256, (3, 256), dtype=np.uint16) * 257
    data = written(RGB[..., 0], photometric="palette", colormap=colours, extratags=tag)
    assert np.array_equal(load(data).pixels, UPRIGHT[orientation]((colours.T >> 8).astype(np.uint8)[RGB[..., 0]]))


def test_ome_planes_are_pages() -> None:
    stack = RNG.integers(0, 65536, (3, H, W), dtype=np.uint16)
    data = written(stack, ome=True, metadata={"axes": "CYX"}, compression="zlib", tile=(16, 16))
    for page in range(3):
        image = load(data, page=page, window=(0, 65535))
        assert image.pages == 3
        assert np.array_equal(image.pixels[..., 0], in_window(stack[page]))


JPEGS: dict[str, dict[str, Any]] = {
    "444": {"photometric": "ycbcr", "subsampling": (1, 1)},
    "422": {"photometric": "ycbcr", "subsampling": (2, 1)},
    "420-tiles": {"photometric": "ycbcr", "subsampling": (2, 2), "tile": (16, 16)},
    "rgb": {"photometric": "rgb", "compressionargs": {"outcolorspace": "rgb"}},
}


@pytest.mark.parametrize("kind", JPEGS)
def test_jpeg_in_tiff_is_as_pillow_reads_it(kind: str) -> None:
    data = written(SMOOTH, compression="jpeg", **JPEGS[kind])
    assert np.array_equal(load(data).pixels, np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))


MODES: dict[str, Callable[[], bytes]] = {
    "grey": lambda: by_pillow(Image.fromarray(RGB).convert("L")),
    "1-bit": lambda: by_pillow(Image.fromarray(RGB).convert("1"), compression="packbits"),
    "palette": lambda: by_pillow(Image.fromarray(RGB).quantize(200), compression="tiff_lzw"),
    "palette-16": lambda: by_pillow(Image.fromarray(RGB).quantize(16)),
    "cmyk": lambda: by_pillow(Image.fromarray(RGB).convert("CMYK"), compression="tiff_lzw"),
    "cmyk-jpeg": lambda: by_pillow(Image.fromarray(SMOOTH).convert("CMYK"), compression="jpeg"),
    "white-is-zero": lambda: written(RGB[..., 0], photometric="miniswhite", compression="zlib"),
    "4-bit": lambda: raw_tiff(RGB[..., :1] >> 4, 4),
    "4-bit-white-is-zero": lambda: raw_tiff(RGB[..., :1] >> 4, 4, tags=[(262, 0)]),
}


@pytest.mark.parametrize("kind", MODES)
def test_8_bit_kinds_are_as_pillow_reads_them(kind: str) -> None:
    data = MODES[kind]()
    assert np.array_equal(load(data).pixels, np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))


YCBCR = np.asarray(Image.fromarray(RGB).convert("YCbCr"))
LIBTIFF: dict[str, Callable[[], bytes]] = MODES | {
    "ycbcr": lambda: written(YCBCR, photometric="ycbcr", subsampling=(1, 1)),
    "ycbcr-lzw": lambda: written(YCBCR, photometric="ycbcr", subsampling=(1, 1), compression="lzw", predictor=True),
    "planes": lambda: written(np.moveaxis(RGB, -1, 0), photometric="rgb", planarconfig="separate", compression="lzw"),
    "tiles": lambda: written(RGB, photometric="rgb", tile=(16, 16), compression="zlib", predictor=True),
}


@pytest.mark.skipif(shutil.which("tiff2rgba") is None, reason="libtiff's tools (Debian: libtiff-tools) are not here")
@pytest.mark.parametrize("kind", LIBTIFF)
def test_kinds_are_as_libtiff_reads_them(kind: str, tmp_path: Path) -> None:
    data = LIBTIFF[kind]()
    (tmp_path / "in.tif").write_bytes(data)
    subprocess.run(["tiff2rgba", str(tmp_path / "in.tif"), str(tmp_path / "out.tif")], check=True, capture_output=True)
    assert np.array_equal(load(data).pixels, tifffile.imread(tmp_path / "out.tif")[..., :3])


@pytest.mark.parametrize("compression", ["lerc", "jpeg2000", "png", "jpegxl", "jpegxr"])
@pytest.mark.parametrize("deep", [False, True])
def test_other_codecs_without_loss(compression: str, deep: bool) -> None:
    data = written(RGB16 if deep else RGB, photometric="rgb", compression=compression)
    assert np.array_equal(load(data, window=(0, 65535)).pixels, in_window(RGB16) if deep else RGB)


def test_the_same_colours_at_16_bits_as_at_8() -> None:
    cmyk = np.asarray(Image.fromarray(RGB).convert("CMYK"))
    ycbcr = {"photometric": "ycbcr", "subsampling": (1, 1)}
    pairs: list[tuple[np.ndarray, dict[str, Any]]] = [
        (cmyk, {"photometric": "separated"}),
        (RGB[..., 0], {"photometric": "miniswhite"}),
        (RGB, {"photometric": "rgb"}),
        (np.dstack([RGB, RGB[..., 0]]), {"photometric": "rgb", "extrasamples": ["unassalpha"]}),
        (RGB[..., :2], {"photometric": "minisblack", "extrasamples": ["unassalpha"], "planarconfig": "contig"}),
    ]
    for values, options in pairs:
        deep = load(written(values.astype(np.uint16) * 257, **options), window=(0, 65535))
        assert np.array_equal(deep.pixels, load(written(values, **options)).pixels), options
    deep = load(written(YCBCR.astype(np.uint16) * 256, **ycbcr))
    assert np.abs(deep.pixels.astype(int) - load(written(YCBCR, **ycbcr)).pixels).max() <= 3


def test_lab_is_as_littlecms_converts_it() -> None:
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    image = ImageCms.profileToProfile(Image.fromarray(SMOOTH), srgb, lab, outputMode="LAB")
    assert image is not None
    data = by_pillow(image)
    back = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    assert np.abs(load(data).pixels.astype(int) - np.asarray(back)).max() <= 1
    stored = tifffile.imread(io.BytesIO(data))
    deep = np.dstack([stored[..., 0].astype(np.uint16) * 257, stored[..., 1:].astype(np.uint16) << 8])
    assert np.abs(load(written(deep, photometric="cielab")).pixels.astype(int) - np.asarray(back)).max() <= 1
    icc = np.dstack([stored[..., 0], stored[..., 1:] ^ 128])
    assert np.abs(load(written(icc, photometric="icclab")).pixels.astype(int) - np.asarray(back)).max() <= 1


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_multiplied_and_straight_transparency_look_alike(dtype: type) -> None:
    top = np.iinfo(dtype).max
    alpha = np.full((H, W), top // 2, dtype)
    alpha[:5], alpha[-5:] = 0, top
    colours = RGB.astype(dtype) * dtype(top // 255)
    multiplied = np.rint(colours * (alpha[..., None] / top)).astype(dtype)
    straight = load(
        written(np.dstack([colours, alpha]), photometric="rgb", extrasamples=["unassalpha"]), window=(0, top)
    )
    other = load(
        written(np.dstack([multiplied, alpha]), photometric="rgb", extrasamples=["assocalpha"]), window=(0, top)
    )
    assert np.all(straight.pixels[:5] == 255)
    assert np.array_equal(straight.pixels[-5:], RGB[-5:])
    assert np.abs(straight.pixels.astype(int) - other.pixels).max() <= 1


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("order", ["<", ">"])
def test_palettes_of_every_depth(bits: int, order: str) -> None:
    index = RNG.integers(0, 1 << bits, (H, W, 1))
    colours = RNG.integers(0, 256, (3, 1 << bits))
    data = raw_tiff(index, bits, order=order, tags=[(262, 3)], palette=(colours * 257).ravel().tolist())
    assert np.array_equal(load(data).pixels, colours.T[index[..., 0]])


def test_bits_that_run_the_other_way() -> None:
    black_white = RGB[..., :1] > 127
    turned = np.packbits(np.unpackbits(np.frombuffer(packed(black_white, 1, "<"), np.uint8)).reshape(-1, 8)[:, ::-1])
    data = raw_tiff(black_white, 1, tags=[(266, 2)], strip=turned.tobytes())
    assert np.array_equal(load(data).pixels[..., 0], black_white[..., 0] * np.uint8(255))


def test_old_jpeg_is_as_pillow_reads_the_jpeg_in_it() -> None:
    buffer = io.BytesIO()
    Image.fromarray(SMOOTH).save(buffer, "JPEG", quality=90)
    size = len(buffer.getvalue())
    data = raw_tiff(SMOOTH, 8, tags=[(259, 6), (262, 6), (513, 8), (514, size)], strip=buffer.getvalue())
    assert np.array_equal(load(data).pixels, np.asarray(Image.open(buffer)))


TIFFCP = [
    "-p separate -c lzw:2 -t -w 16 -l 32",
    "-B -c lzw",
    "-c packbits -r 3",
    "-f lsb2msb -c lzw",
    "-8 -c zip:2 -r 4",
]


@pytest.mark.skipif(shutil.which("tiffcp") is None, reason="libtiff's tools (Debian: libtiff-tools) are not here")
@pytest.mark.parametrize("options", TIFFCP)
def test_layouts_that_libtiff_writes(options: str, tmp_path: Path) -> None:
    (tmp_path / "in.tif").write_bytes(written(RGB, photometric="rgb"))
    command = ["tiffcp", *options.split(), str(tmp_path / "in.tif"), str(tmp_path / "out.tif")]
    subprocess.run(command, check=True, capture_output=True)
    assert np.array_equal(load((tmp_path / "out.tif").read_bytes()).pixels, RGB)


def test_a_stack_in_one_page_is_said() -> None:
    stack = RNG.integers(0, 65536, (5, H, W), dtype=np.uint16)
    image = load(written(stack, photometric="minisblack", truncate=True), window=(0, 65535))
    assert np.array_equal(image.pixels[..., 0], in_window(stack[0]))
    assert "It holds 5 pictures in one page; the first one was taken." in image.notes
    assert not any("in one page" in note for note in load(written(stack[0])).notes)


def test_bands_without_a_meaning_are_taken_as_colours_and_said() -> None:
    data = written(RGB, photometric="minisblack", planarconfig="contig")
    image = load(data)
    assert np.array_equal(image.pixels, RGB)
    assert any("first three were taken as red, green and blue" in note for note in image.notes)


def test_tiles_left_out_of_the_file_are_said() -> None:
    data = bytearray(written(RGB[..., 0], tile=(16, 16)))
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages[0]
        assert isinstance(page, tifffile.TiffPage)
        place = page.tags[325].valueoffset
    data[place : place + 4] = bytes(4)
    assert any("left out in the file" in note for note in load(bytes(data)).notes)


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "volume": (lambda: written(np.zeros((16, 32, 32), np.uint8), volumetric=True, tile=(16, 16, 16)), "volume"),
    "complex": (lambda: written(np.zeros((H, W), np.complex64)), "complex"),
    "channels": (
        lambda: written(np.zeros((H, W, 9), np.uint8), photometric="minisblack", planarconfig="contig"),
        "9 ch",
    ),
    "mosaic": (
        lambda: raw_tiff(RGB[..., :1], 8, tags=[(262, 32803)]),
        "a camera raw picture: what the sensor measured",
    ),
    "raw": (lambda: raw_tiff(RGB, 8, tags=[(262, 34892)]), "a camera raw picture"),
    "logluv": (lambda: raw_tiff(RGB, 8, tags=[(262, 32845)]), "LogLuv"),
    "unknown-colours": (lambda: raw_tiff(RGB, 8, tags=[(262, 777)]), "of kind 777"),
    "inks": (lambda: raw_tiff(np.zeros((H, W, 4)), 8, tags=[(262, 5), (332, 2)]), "inks"),
    "no-palette": (lambda: raw_tiff(RGB[..., :1], 8, tags=[(262, 3)]), "palette"),
    "signed-12": (lambda: raw_tiff(RGB[..., :1], 12, tags=[(339, 2)]), "12 signed bits"),
    "subsampled": (lambda: raw_tiff(RGB, 8, tags=[(262, 6)]), "lower resolution"),
    "compression": (lambda: raw_tiff(RGB, 8, tags=[(259, 34661)]), "JBIG"),
    "unknown-compression": (lambda: raw_tiff(RGB, 8, tags=[(259, 12345)]), "12345"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_not_read_is_refused_in_plain_words(kind: str) -> None:
    make, words = REFUSED[kind]
    assert words in refusal(make())


@pytest.mark.parametrize("compression", [None, "lzw", "zlib", "zstd", "jpeg", "packbits"])
@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
def test_a_tiff_cut_off_is_refused(compression: str | None, share: float) -> None:
    data = written(SMOOTH, photometric="rgb", compression=compression, rowsperstrip=8)
    with pytest.raises(UnreadableImageError):
        load(data[: int(len(data) * share)])


def test_without_its_codecs_the_package_to_install_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    data = written(RGB16, photometric="rgb", compression="lzw")

    def absent(page: tifffile.TiffPage, **options: Any) -> np.ndarray:
        raise ValueError("<COMPRESSION.LZW: 5> requires the 'imagecodecs' package")

    monkeypatch.setattr(tifffile.TiffPage, "asarray", absent)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "its compression (LZW) needs the package imagecodecs" in refusal(data)


def test_windows_are_those_of_the_values() -> None:
    assert np.array_equal(in_window(RGB16), apply_window(RGB16, (0, 65535)))


def test_damaged_lzw_that_crashes_its_decoder_is_refused_before_that_sees_it() -> None:
    """Without the guard the tests themselves would end here: `test_isolation.py` shows it, where that does no harm."""
    for data in CRASHING_LZW:
        with pytest.raises(UnreadableImageError, match="damaged"):
            load(data)
