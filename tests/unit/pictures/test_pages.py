"""Each page, frame or view of a file is served by itself, right to the pixel, and counted without being decoded."""

from __future__ import annotations

import io
import struct
import time
from collections.abc import Callable

import numpy as np
import pytest
import tifffile
from PIL import Image

from segdetect.errors import UnreadableImageError
from segdetect.pictures.formats import Format, sniff
from segdetect.pictures.loading import LoadedImage, load_image
from segdetect.pictures.paging import count_pages
from segdetect.pictures.tiff_directories import tiff_pages
from tests.support.picture_files import dicom, encoded, heic, pyramid, tagged_tiff
from tests.support.pictures import Pixels, tiff, weave
from tests.support.still_files import netpbm

W, H = 48, 32
PAGES = [weave((W, H), seed=seed) for seed in range(4)]
# Frames that change a part of what is there already: a reader that does not lay them over each other shows holes.
MOVING = [np.where((np.indices((H, W))[1] // 12 == step)[..., None], PAGES[step], PAGES[0]) for step in range(4)]
GREY16 = np.stack([page[..., 0].astype(np.uint16) * 100 for page in PAGES])


def quantized(pages: list[Pixels]) -> list[Pixels]:
    """The pages in 16 colours each, so that GIF keeps them as they are."""
    return [np.asarray(Image.fromarray(page).quantize(16).convert("RGB")) for page in pages]


def load(data: bytes, page: int = 0, name: str = "part.img") -> LoadedImage:
    return load_image(data, name=name, page=page)


# Files of four pages that are kept as they are.
EXACT: dict[str, tuple[Callable[[], bytes], list[Pixels]]] = {
    "tiff": (lambda: tiff(*PAGES), PAGES),
    "tiff, pages of many sizes": (lambda: tiff(*(page[: 8 + at] for at, page in enumerate(PAGES))), PAGES),
    "tiff with smaller copies behind": (lambda: pyramid(PAGES), PAGES),
    "tiff with smaller copies within": (lambda: pyramid(PAGES, within=True), PAGES),
    "gif": (lambda: encoded(quantized(MOVING), "GIF", duration=40), quantized(MOVING)),
    "gif, each on a clear ground": (lambda: encoded(quantized(MOVING), "GIF", disposal=2), quantized(MOVING)),
    "apng": (lambda: encoded(MOVING, "PNG"), MOVING),
    "webp": (lambda: encoded(MOVING, "WEBP", lossless=True), MOVING),
    "heic": (lambda: heic(PAGES), PAGES),
    "netpbm": (lambda: b"".join(netpbm(page, "P6") for page in PAGES), PAGES),
}


@pytest.mark.parametrize("kind", EXACT)
def test_every_page_is_served_as_it_is(kind: str) -> None:
    make, pages = EXACT[kind]
    data = make()
    assert count_pages(data) == len(pages)
    for at, wanted in enumerate(pages):
        image = load(data, at)
        height, width = image.pixels.shape[:2]
        tolerance = 3 if kind == "heic" else 0
        assert np.abs(image.pixels.astype(int) - wanted[:height, :width]).max() <= tolerance
        assert (image.page, image.pages) == (at, len(pages))
        assert f"It is page {at + 1} of {len(pages)} in its file." in image.notes
    with pytest.raises(UnreadableImageError, match=r"no page 5 in this file. Choose a page from 1 to 4"):
        load(data, len(pages))


def test_frames_of_a_dicom_are_pages() -> None:
    data = dicom(GREY16)
    assert count_pages(data) == 4
    for page in range(4):
        image = load_image(data, name="scan", page=page, window=(0, 25500))
        assert np.array_equal(image.pixels[..., 0], np.rint(GREY16[page] / 100))


def test_views_of_a_stereo_camera_are_pages() -> None:
    # Pillow 10.3 overwrites a part of the first picture where there are more than two.
    data = encoded(PAGES[:2], "MPO", quality=95, subsampling=0)
    assert count_pages(data) == 2
    with Image.open(io.BytesIO(data)) as file:
        for page in range(2):
            file.seek(page)
            assert np.array_equal(load(data, page).pixels, np.asarray(file))
    assert not np.array_equal(load(data).pixels, load(data, 1).pixels)


def test_a_gain_map_or_thumbnail_in_a_jpeg_is_no_page_and_said() -> None:
    small = encoded([PAGES[0], np.ascontiguousarray(PAGES[1][::4, ::4])], "MPO")
    marked = encoded(PAGES[:2], "MPO")
    second = marked.index(b"\xff\xd8", 200)
    note = b"http://ns.adobe.com/xap/1.0/\0<x hdrgm:Version='1.0'/>"
    marked = marked[: second + 2] + b"\xff\xe1" + struct.pack(">H", 2 + len(note)) + note + marked[second + 2 :]
    marked = marked.replace(
        struct.pack("<I", len(marked) - second - 4 - len(note)), struct.pack("<I", len(marked) - second)
    )
    for data in (small, marked):
        image = load(data)
        assert (count_pages(data), image.pages) == (1, 1)
        assert any("was left out" in note for note in image.notes)


def test_the_main_picture_of_a_heic_comes_first() -> None:
    data = heic(PAGES[:3], primary=1)
    shown = [load(data, page).pixels.astype(int) for page in range(3)]
    for pixels, page in zip(shown, (PAGES[1], PAGES[0], PAGES[2]), strict=True):
        assert np.abs(pixels - page).max() <= 3


def test_a_picture_alone_has_one_page_and_no_note_of_it() -> None:
    for data in (tiff(PAGES[0]), encoded(PAGES[:1], "PNG"), encoded(PAGES[:1], "JPEG"), dicom(GREY16[:1])):
        assert count_pages(data) == 1
        assert not any("page" in note for note in load(data).notes)


def test_smaller_copies_and_masks_are_left_out_and_said() -> None:
    for within in (False, True):
        assert "2 smaller copies of it in the file were left out." in load(pyramid(PAGES[:2], within=within), 1).notes
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as file:
        file.write(PAGES[0], photometric="rgb")
        file.write(np.full((H, W), True), subfiletype=4, photometric="minisblack")
        file.write(PAGES[1], photometric="rgb")
    assert count_pages(buffer.getvalue()) == 2
    assert "A mask for it in the file was left out." in load(buffer.getvalue()).notes
    assert np.array_equal(load(buffer.getvalue(), 1).pixels, PAGES[1])


def test_a_thumbnail_in_front_stands_for_the_picture_within() -> None:
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as file:
        file.write(np.ascontiguousarray(PAGES[0][::4, ::4]), photometric="rgb", subfiletype=1, subifds=1, metadata=None)
        file.write(PAGES[0], photometric="rgb", metadata=None)
    image = load(buffer.getvalue())
    assert image.pages == 1
    assert np.array_equal(image.pixels, PAGES[0])


def test_where_everything_calls_itself_a_smaller_copy_nothing_is_left_out() -> None:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, PAGES[0], photometric="rgb", subfiletype=1)
    assert np.array_equal(load(buffer.getvalue()).pixels, PAGES[0])


@pytest.mark.parametrize("compression", ["group3", "group4"])
def test_faxes_of_several_pages(compression: str) -> None:
    pages = [page[..., 0] > 110 for page in PAGES]
    data = encoded(pages, "TIFF", compression=compression)
    for at, page in enumerate(pages):
        assert np.array_equal(load(data, at).pixels[..., 0] > 0, page)


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", "<>")
def test_tiffs_of_any_layout_are_counted_alike(order: str, big: bool) -> None:
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer, byteorder=order, bigtiff=big) as file:
        for page in GREY16[:3]:
            file.write(page, metadata=None)
    assert count_pages(buffer.getvalue()) == 3
    own = tagged_tiff({256: 1, 330: 2}, {254: 1}, {254: 1}, {256: 2}, {254: 4}, order=order, big=big)
    assert [(page.smaller, page.masks) for page in tiff_pages(own)] == [(2, 0), (0, 1)]


def test_a_chain_in_a_circle_or_out_of_the_file_ends() -> None:
    data = bytearray(tagged_tiff({256: 1}, {256: 2}))
    end = len(data) - 4
    for following in (8, len(data) + 5, 0xFFFFFFFF):
        data[end:] = struct.pack("<I", following)
        assert len(tiff_pages(bytes(data))) == 2


@pytest.mark.parametrize("kind", ["tiff", "gif", "dicom"])
def test_counting_many_pages_takes_no_time_to_speak_of(kind: str) -> None:
    """A file of 3,000 pages: decoding them would take minutes."""
    small = [np.full((8, 8), at % 251, np.uint8) for at in range(3000)]
    match kind:
        case "tiff":
            data = tagged_tiff(*({256: 1, 257: 1} for _ in small))
        case "gif":
            data = encoded(small, "GIF")
        case _:
            data = dicom(np.stack(small))
    begun = time.perf_counter()
    assert count_pages(data) == 3000
    assert time.perf_counter() - begun < 2


def test_directories_that_lie_over_each_other_take_no_hours() -> None:
    """20,000 directories, of which each names the same 64 of 4,000 tags, in a file of half a megabyte."""
    count, names = 20_000, 64
    places = 8 + count * 18
    shared = places + 4 * names
    chain = [struct.pack("<HHHIII", 1, 330, 4, names, places, 8 + (at + 1) * 18) for at in range(count)]
    within = struct.pack("<H", 4000) + struct.pack("<HHII", 999, 4, 1, 1) * 4000
    data = b"II*\0" + struct.pack("<I", 8) + b"".join(chain)
    data += b"".join(struct.pack("<I", shared + 2 * at) for at in range(names)) + within + bytes(400)
    begun = time.perf_counter()
    assert 1 <= count_pages(data) <= count
    assert time.perf_counter() - begun < 20


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "MPO", "TIFF"])
def test_counting_damaged_files_never_fails(kind: str) -> None:
    dice = np.random.default_rng(3)
    whole = encoded(PAGES, kind)
    for _ in range(150):
        data = bytearray(whole)
        for place in dice.integers(0, min(len(data), int(dice.choice((60, 300, len(data))))), 3):
            data[place] = dice.integers(0, 256)
        assert count_pages(bytes(data[: dice.integers(20, len(data) + 1)])) >= 1


@pytest.mark.parametrize("preamble", [b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"BM", b"\xff\xd8\xff\xe0", b"GIF89a"])
def test_a_dicom_is_one_whatever_stands_in_front_of_it(preamble: bytes) -> None:
    data = dicom(GREY16[:2], preamble=preamble)
    assert sniff(data) is Format.DICOM
    assert load(data).pages == 2
