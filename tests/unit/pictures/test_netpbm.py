"""Netpbm files: heads with notes, several pictures, line ends of Windows, and numbers that cannot be."""

from __future__ import annotations

import numpy as np
import pytest

from segdetect.errors import ImageTooLargeError, UnreadableImageError
from segdetect.pictures.formats import Format, sniff
from segdetect.pictures.loading import load_image, load_values
from segdetect.pictures.paging import count_pages
from tests.support.still_files import netpbm, pam, pfm

GREY = np.random.default_rng(3).integers(0, 256, (7, 12), dtype=np.uint8)
RGB = np.random.default_rng(4).integers(0, 256, (5, 9, 3), dtype=np.uint8)
BITS = GREY & 1
DEEP = GREY.astype(np.uint16) * 200


def shown(data: bytes, page: int = 0) -> np.ndarray:
    return load_image(data, name="a.pgm", page=page).pixels


def refused(data: bytes, page: int = 0) -> str:
    with pytest.raises(UnreadableImageError) as caught:
        shown(data, page)
    return caught.value.problem


def test_pictures_that_follow_each_other_are_pages() -> None:
    data = netpbm(GREY, "P5") + b"\n" + netpbm(RGB, "P6") + netpbm(BITS, "P4") + pam(RGB, "RGB")
    assert count_pages(data) == 4
    for page, wanted in enumerate((GREY[..., None], RGB, 255 * (1 - BITS[..., None]), RGB)):
        assert np.array_equal(shown(data, page), np.broadcast_to(wanted, (*wanted.shape[:2], 3)))
    assert "no page 5 in this file" in refused(data, 4)
    cut = data[:-1]
    assert np.array_equal(shown(cut, 1), RGB)
    assert refused(cut, 3).startswith("it is cut off")


def test_plain_ones_are_one_picture() -> None:
    assert count_pages(netpbm(GREY, "P2") * 2) == 1
    assert refused(netpbm(GREY, "P2") * 2).startswith("it is damaged")


def test_notes_stand_anywhere_in_the_head() -> None:
    head = b"P5 # grey\n#\n  12 #wide\n# and\r7\n#white:\n255\n"
    assert np.array_equal(shown(head + GREY.tobytes())[..., 0], GREY)
    plain = b"P2#x\n12 7 255\n" + b"\n".join(b" ".join(b"%d" % one for one in row) + b" # a row" for row in GREY)
    assert np.array_equal(shown(plain)[..., 0], GREY)


def test_a_picture_may_begin_like_a_line_end_or_a_note() -> None:
    """One space, and no more, lies before the first sample."""
    for first in b"\n\r #5":
        values = GREY.copy()
        values[0, 0] = first
        assert np.array_equal(shown(netpbm(values, "P5"))[..., 0], values)


@pytest.mark.parametrize("kind", ["P4", "P5", "P6"])
def test_line_ends_of_windows_shift_nothing(kind: str) -> None:
    values = {"P4": BITS, "P5": GREY, "P6": RGB}[kind]
    data = netpbm(values, kind)
    head = data.split(b"\n", 2 if kind == "P4" else 3)
    assert np.array_equal(shown(b"\r\n".join(head)), shown(data))


def test_deep_values_are_those_of_the_file() -> None:
    for data in (netpbm(DEEP, "P5", top=60000), netpbm(DEEP, "P2", top=60000)):
        values = load_values(data, name="a.pgm")
        assert np.array_equal(values.low + values.step * values.codes, DEEP)


def test_floating_point_without_a_number_is_no_measurement() -> None:
    floats = GREY.astype(np.float32)
    floats[2, 3] = np.nan
    image = load_image(pfm(floats), name="a.pfm")
    assert image.valid is not None
    assert np.argwhere(~image.valid).tolist() == [[2, 3]]


def test_what_lies_behind_is_said() -> None:
    note = "What lies behind its pixels in the file belongs to no picture, and was left out."
    assert note in load_image(netpbm(GREY, "P5") + b"\nmore", name="a.pgm").notes
    for rest in (b"", b"\n", b"\0\0 \r\n"):
        assert note not in load_image(netpbm(GREY, "P5") + rest, name="a.pgm").notes


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"P5 12 7 70000\n" + bytes(168), "its header is damaged"),
        (b"P5 12 7 0\n" + bytes(84), "its header is damaged"),
        (b"P5 12 " + b"1" * 5000 + b" 255\n", "its header is damaged"),
        (b"P5 12", "its header is damaged"),
        (b"P5 0 7 255\n", "the picture has no pixels: its size is 0 x 7"),
        (pam(RGB, "RGB").replace(b"DEPTH 3", b"DEPTH x"), "its header is damaged"),
        (pam(RGB, "GRAYSCALE"), "it has 3 channels, called GRAYSCALE; grey and RGB are read"),
        (b"P2 2 1 255 7 -1", "it is damaged: what follows its header are not all numbers"),
        (b"P2 2 1 255 7 99999999999", "it is damaged: what follows its header are not all numbers"),
        (b"P2 2 1 255 7 999", "it is damaged: it has values up to 999, and says up to 255"),
        (b"P1 2 2 0 1 2 1", "it is damaged: it has values up to 2, and says up to 1"),
        (b"P2 2 2 255 1 2 3", "it is cut off: parts of the picture lie beyond its end"),
        (b"P2 2 2 255 1 2 3 4 5", "it is damaged: it has 5 values, and needs 4"),
    ],
)
def test_what_cannot_be_is_refused_in_words(data: bytes, said: str) -> None:
    assert refused(data).startswith(said)


@pytest.mark.parametrize("kind", ["P1", "P2", "P3", "P4", "P5", "P6"])
def test_too_large_a_picture_is_refused_before_anything_is_allocated(kind: str) -> None:
    with pytest.raises(ImageTooLargeError, match="16384 x 16384 pixels"):
        shown(f"{kind} 16384 16384 255\n".encode())
    with pytest.raises(ImageTooLargeError, match="limit of 240 megabytes"):
        shown(f"{kind} 9000 9000 255\n".encode())


def test_texts_are_no_pictures() -> None:
    for text in (b"P5\n", b"P5 and P6 are kinds\n", b"P7 332\n#END_OF_COMMENTS\n", b"PF is a kind", b"P8 1 1 1\n"):
        assert sniff(text) is None
    assert sniff(b"P1 1 1 0") is Format.NETPBM
