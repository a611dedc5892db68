"""AVIF, JPEG 2000 and JPEG XL: what is too large, cut off or of colours that are not read is refused unread."""

from __future__ import annotations

import importlib
import io
import struct
from collections.abc import Callable
from types import ModuleType
from typing import Any

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from segdetect.errors import ImageTooLargeError, InputError, UnreadableImageError
from segdetect.pictures.formats import Format, sniff
from segdetect.pictures.jpeg_xl_header import Channel, Colours, read_header
from segdetect.pictures.loading import load_image
from segdetect.pictures.paging import count_pages
from tests.support.profile_files import WIDE
from tests.support.still_files import avif, box, channels, j2k, jp2

W, H = 41, 23
RGB = np.random.default_rng(8).integers(0, 256, (H, W, 3), dtype=np.uint8)
RGBA = np.dstack([RGB, np.full((H, W), 128, np.uint8)])
RGB16 = RGB.astype(np.uint16) * 257
DECODERS = ("avif_decode", "jpeg2k_decode", "jpegxl_decode")


def saved(values: np.ndarray, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, kind, **options)
    return buffer.getvalue()


KINDS: dict[str, Callable[[], bytes]] = {
    "AVIF": lambda: avif(RGB),
    "AVIF, lossy": lambda: imagecodecs.avif_encode(RGB, level=60, pixelformat=imagecodecs.AVIF.PIXEL_FORMAT.YUV420),
    "AVIF, transparent": lambda: imagecodecs.avif_encode(RGBA, level=100),
    "AVIF, 10 bits": lambda: imagecodecs.avif_encode(RGB16 >> 6, level=100, bitspersample=10),
    "JPEG 2000": lambda: jp2(j2k(RGB)),
    "JPEG 2000, codestream": lambda: j2k(RGB),
    "JPEG 2000, tiles": lambda: saved(RGB, "JPEG2000", tile_size=(16, 16)),
    "JPEG 2000, layers": lambda: saved(RGB, "JPEG2000", quality_layers=[40, 10, 2]),
    "JPEG 2000, 16 bits": lambda: jp2(j2k(RGB16)),
    "JPEG XL": lambda: imagecodecs.jpegxl_encode(RGB),
    "JPEG XL, boxes": lambda: imagecodecs.jpegxl_encode(RGB, usecontainer=True),
    "JPEG XL, lossy": lambda: imagecodecs.jpegxl_encode(RGB, level=70),
    "JPEG XL, 16 bits": lambda: imagecodecs.jpegxl_encode(RGB16),
    "JPEG XL of a JPEG": lambda: imagecodecs.jpegxl_encode_jpeg(saved(RGB, "JPEG"), usecontainer=True),
}


def load(data: bytes, **options: Any) -> Any:
    return load_image(data, name="part", **options)


def refused(data: bytes) -> str:
    with pytest.raises(UnreadableImageError) as caught:
        load(data)
    assert caught.value.remedy
    return caught.value.problem


@pytest.fixture
def decoders_untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails the test as soon as anything is handed to one of them."""

    def touched(*arguments: object, **options: object) -> None:
        pytest.fail("the file was handed to its decoder")

    for name in DECODERS:
        monkeypatch.setattr(imagecodecs, name, touched)


@pytest.mark.parametrize("kind", KINDS)
def test_cut_anywhere_it_is_refused_or_whole(kind: str) -> None:
    data = KINDS[kind]()
    whole = load(data).pixels
    cuts = [*range(1, 12), *range(12, len(data), max(1, len(data) // 60)), len(data) - 2]
    shown = 0
    for cut in cuts:
        try:
            found = load(data[:-cut])
        except InputError:
            continue
        shown += 1
        assert np.array_equal(found.pixels, whole), cut
    assert shown <= 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("decoders_untouched")
def test_the_limit_is_read_in_the_header(kind: str) -> None:
    data = KINDS[kind]()
    with pytest.raises(ImageTooLargeError, match=f"{W} x {H} pixels"):
        load(data, max_pixels=W * H - 1)


@pytest.mark.parametrize("kind", KINDS)
def test_at_the_limit_it_is_read(kind: str) -> None:
    assert load(KINDS[kind](), max_pixels=W * H).size_wh == (W, H)
    assert count_pages(KINDS[kind]()) == 1


@pytest.mark.usefixtures("decoders_untouched")
def test_a_small_file_that_would_decode_to_much_is_refused_unread() -> None:
    side = struct.pack(">II", 9_000, 9_000)
    xl = b"\xff\x0a" + (2 << 1 | 8_999 << 3 | 1 << 21 | 1 << 24).to_bytes(4, "little")
    for data in (avif(RGB, (b"ispe", bytes(4) + side), without=[b"ispe"]), j2k(RGB)[:8] + side + j2k(RGB)[16:], xl):
        with pytest.raises(ImageTooLargeError, match="limit of 240 megabytes"):
            load(data)


@pytest.mark.usefixtures("decoders_untouched")
def test_each_part_of_an_avif_has_a_size_within_the_limit() -> None:
    with pytest.raises(ImageTooLargeError, match="20000 x 20000"):
        load(avif(RGB, (b"ispe", bytes(4) + struct.pack(">II", 20_000, 20_000))))


@pytest.mark.parametrize(("codec", "kind"), [("AVIF", "AVIF"), ("JPEG2K", "JPEG 2000"), ("JPEGXL", "JPEG XL")])
def test_where_a_codec_is_missing_it_is_said(codec: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getattr(imagecodecs, codec), "available", False)
    assert (
        refused(KINDS[kind]())
        == f"{kind} pictures are not read by the package imagecodecs as it was built for this machine"
    )
    real = importlib.import_module

    def without(name: str, package: str | None = None) -> ModuleType:
        if name == "imagecodecs":
            raise ModuleNotFoundError(name)
        return real(name, package)

    monkeypatch.setattr(importlib, "import_module", without)
    with pytest.raises(UnreadableImageError, match="pip install imagecodecs"):
        load(KINDS[kind]())


def test_an_avif_is_told_by_its_coding() -> None:
    data = avif(RGB)
    as_still = data[:8] + b"mif1" + data[12:]
    assert sniff(as_still) is Format.AVIF
    assert np.array_equal(load(as_still).pixels, RGB)
    for brand in (b"heic", b"heix", b"mif1"):
        assert sniff(box(b"ftyp", brand, bytes(4), b"mif1heic")) is Format.HEIC


def test_an_avif_without_a_list_of_depths_has_that_of_its_coding() -> None:
    assert np.array_equal(load(avif(RGB, without=[b"pixi"])).pixels, RGB)
    deep = load(avif(RGB16 >> 6, bitspersample=10, without=[b"pixi"]), window=(0.0, 1023.0))
    assert np.array_equal(deep.pixels, np.rint((RGB16 >> 6) * (255 / 1023)))


def test_an_avif_whose_depth_is_not_what_it_says_is_refused() -> None:
    assert "damaged" in refused(
        avif(RGB16 >> 6, (b"pixi", bytes(4) + b"\3\x08\x08\x08"), bitspersample=10, without=[b"pixi"])
    )


def nclx(primaries: int, transfer: int, matrix: int = 0) -> tuple[bytes, bytes]:
    return b"colr", b"nclx" + struct.pack(">HHHB", primaries, transfer, matrix, 0x80)


def test_colours_that_are_shown_as_they_are_are_told() -> None:
    def notes(*told: tuple[bytes, bytes]) -> str:
        image = load(avif(RGB, *told, without=[b"colr"]))
        assert np.array_equal(image.pixels, RGB) or told[0][1][:4] == b"prof"
        return " ".join(image.notes)

    assert notes(nclx(1, 13)) == notes(nclx(2, 2)) == ""
    assert "wider range" in notes(nclx(12, 13))
    assert "wider range" in notes(nclx(9, 16))
    assert "HDR" in notes(nclx(9, 16))
    assert "HDR" in notes(nclx(1, 18))
    assert "even steps of light" in notes(nclx(1, 8))
    assert (
        notes((b"colr", b"prof" + WIDE), nclx(12, 16))
        == "Its colours were converted from its own colour profile to sRGB."
    )
    assert "rim" in notes(nclx(1, 13), (b"clap", struct.pack(">8I", 8, 1, 8, 1, 0, 1, 0, 1)))
    assert "matrix 14" in refused(avif(RGB, nclx(9, 16, 14), without=[b"colr"]))


def test_of_an_animation_the_first_frame_is_taken_and_said() -> None:
    frames = np.stack([RGB, 255 - RGB, RGB[::-1]])
    for data in (imagecodecs.avif_encode(frames, level=100), imagecodecs.jpegxl_encode(frames)):
        image = load(data)
        assert np.array_equal(image.pixels, RGB)
        assert "It is an animation; its first picture was taken." in image.notes
        assert count_pages(data) == 1


def test_colours_of_a_jpeg_2000_are_put_in_their_order() -> None:
    turned = np.ascontiguousarray(RGBA[..., [3, 2, 0, 1]])
    image = load(jp2(j2k(turned), channels((0, 1, 0), (1, 0, 3), (2, 0, 1), (3, 0, 2))))
    assert np.array_equal(image.pixels, (RGB.astype(int) * 128 + 255 * 127 + 127) // 255)
    extra = load(jp2(j2k(RGBA), channels((0, 0, 1), (1, 0, 2), (2, 0, 3), (3, 0xFFFF, 0xFFFF))))
    assert np.array_equal(extra.pixels, RGB)
    assert "Channels beside its colours were left aside." in extra.notes
    assert "It does not say what its last channel is; it was taken as opacity." in load(j2k(RGBA)).notes


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (lambda: jp2(j2k(RGBA), channels((0, 0, 1), (1, 0, 2), (2, 0, 3), (3, 2, 0))), "multiplied by its opacity"),
        (lambda: jp2(j2k(RGB), channels((0, 0, 1), (1, 0, 2), (7, 0, 3))), "it has 3 channels"),
        (lambda: jp2(j2k(RGB16), space=18), "its colours are coded as YCC in 16 bits; 8 are read"),
        (lambda: jp2(j2k(RGB), space=99), "its colours are of kind 99, which is not read"),
        (lambda: j2k(RGB.astype(np.int16) - 9), "its colours are stored as signed numbers"),
        (lambda: _patched(42, 23), "its channels differ in depth"),
        (lambda: _patched(42, 23, every=3), "its samples are of 24 bits"),
        (lambda: _patched(27, 0), "its header is damaged or cut off"),
        (lambda: jp2(j2k(RGB))[:60], "its header is damaged or cut off"),
        (lambda: j2k(RGB)[:-2], "it is cut off"),
    ],
)
def test_a_jpeg_2000_of_another_kind_is_refused_in_words(data: Callable[[], bytes], said: str) -> None:
    assert said in refused(data())


def _patched(at: int, value: int, *, every: int = 0) -> bytes:
    """A codestream with another byte in its header, or three with so many bytes from each to the next."""
    data = bytearray(j2k(RGB))
    for place in range(at, at + 1 + 2 * every, every or 1):
        data[place] = value
    return bytes(data)


def test_a_tile_that_is_not_there_is_missed() -> None:
    data = saved(RGB, "JPEG2000", tile_size=(16, 16), no_jp2=True)
    second = data.index(b"\xff\x90", data.index(b"\xff\x90") + 2)
    third = data.index(b"\xff\x90", second + 2)
    assert np.array_equal(load(data).pixels, RGB)
    assert "cut off" in refused(data[:second] + data[third:])


def test_the_last_tile_may_go_on_to_the_end() -> None:
    data = bytearray(j2k(RGB))
    start = data.index(b"\xff\x90")
    data[start + 6 : start + 10] = bytes(4)
    assert np.array_equal(load(bytes(data)).pixels, RGB)
    assert "cut off" in refused(bytes(data[:-2]))


def test_of_several_codestreams_the_first_is_taken_and_said() -> None:
    image = load(jp2(j2k(RGB)) + box(b"jp2c", j2k(255 - RGB)))
    assert np.array_equal(image.pixels, RGB)
    assert "It holds 2 pictures; the first one was taken." in image.notes


@pytest.mark.parametrize(
    "size_wh", [(8, 8), (16, 8), (12, 10), (64, 48), (30, 20), (160, 90), (5, 4), (7, 9), (700, 1)]
)
def test_the_header_of_a_jpeg_xl_has_its_size(size_wh: tuple[int, int]) -> None:
    width, height = size_wh
    for boxed in (False, True):
        data = imagecodecs.jpegxl_encode(np.zeros((height, width), np.uint8), usecontainer=boxed)
        header = read_header(data)
        assert header.size_wh == size_wh
        assert header.colours.space == 1
        assert load(data).size_wh == size_wh


def test_the_header_of_a_jpeg_xl_has_depth_channels_and_colours() -> None:
    encode = imagecodecs.jpegxl_encode
    assert [read_header(encode(RGB16 >> (16 - bits), bitspersample=bits)).bits for bits in (10, 12, 14, 16)] == [
        10,
        12,
        14,
        16,
    ]
    assert read_header(encode(RGB.astype(np.float32))).floats
    assert read_header(encode(RGBA)).channels == (Channel(0),)
    assert read_header(encode(RGB)).colours == Colours(primaries=1, transfer=13)
    assert read_header(encode(RGB16)).colours == Colours(primaries=1, transfer=8)
    assert read_header(encode(np.stack([RGB, RGB]))).animated
    assert [read_header(encode(RGB, lossless=one)).lossy_colours for one in (True, False)] == [False, True]


def test_a_profile_in_a_jpeg_xl_is_said_to_be_left_aside() -> None:
    data = imagecodecs.jpegxl_encode_jpeg(saved(RGB, "JPEG", quality=95, icc_profile=WIDE))
    assert read_header(data).colours.has_profile
    assert "Its colour profile was left aside: in JPEG XL it cannot be read." in load(data).notes


class Writer:
    """Writes a JPEG XL header bit by bit."""

    def __init__(self) -> None:
        self.bits = ""
        self.put((0, 1), (0, 2), (H - 1, 9), (0, 3), (0, 2), (W - 1, 9))

    def put(self, *numbers: tuple[int, int]) -> Writer:
        self.bits += "".join(f"{value:0{count}b}"[::-1] for value, count in numbers)
        return self

    def data(self) -> bytes:
        body = self.bits + "0" * (-len(self.bits) % 8)
        return b"\xff\x0a" + bytes(int(body[at : at + 8][::-1], 2) for at in range(0, len(body), 8)) + bytes(100)


def with_channel(kind: int) -> bytes:
    """8 bits, one more channel of this kind (which is no opacity), lossless, in sRGB."""
    number = ((2, 2), (kind - 2, 4)) if kind > 1 else ((kind, 2),)
    usual = ((0, 1), (0, 1), (0, 1), (0, 2), (1, 1), (1, 2))
    return Writer().put(*usual, (0, 1), *number, (0, 1), (0, 2), (0, 2), (0, 2), (0, 1), (1, 1)).data()


@pytest.mark.usefixtures("decoders_untouched")
@pytest.mark.parametrize(
    ("kind", "said"), [(4, "inks (CMYK)"), (5, "mosaic of a camera's sensor"), (15, "a channel without which")]
)
def test_a_jpeg_xl_with_a_channel_that_changes_its_colours_is_refused(kind: int, said: str) -> None:
    assert read_header(with_channel(kind)).channels == (Channel(kind),)
    assert said in refused(with_channel(kind))


def test_the_header_of_a_jpeg_xl_has_a_wide_range_of_colours_for_hdr_screens() -> None:
    usual = ((0, 1), (0, 1), (0, 1), (0, 2), (1, 1), (0, 2), (1, 1))
    wide = Writer().put(*usual, (0, 1), (0, 1), (0, 2), (1, 2), (2, 2), (9, 4), (0, 1), (2, 2), (14, 4)).data()
    assert read_header(wide).colours == Colours(primaries=11, transfer=16)
    own = (2, 2), (0, 4), *((0, 2), (0, 19)) * 6, (1, 1), (4_545_455, 24)
    assert read_header(Writer().put(*usual, (0, 1), (0, 1), (0, 2), (1, 2), *own).data()).colours == Colours(
        0, False, 2, 0
    )


@pytest.mark.usefixtures("decoders_untouched")
def test_a_lossy_jpeg_xl_of_a_profile_is_refused() -> None:
    usual = ((0, 1), (0, 1), (0, 1), (0, 2), (1, 1), (0, 2))
    data = Writer().put(*usual, (1, 1), (0, 1), (1, 1), (0, 2)).data()
    header = read_header(data)
    assert (header.lossy_colours, header.colours.has_profile, header.size_wh) == (True, True, (W, H))
    assert "those of a profile that cannot be read" in refused(data)


@pytest.mark.parametrize("data", [b"\xff\x0a", b"\xff\x0a\0\0", b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(20)])
def test_a_jpeg_xl_without_a_header_is_damaged(data: bytes) -> None:
    assert "its header is damaged or cut off" in refused(data)
