"""Decoders that are not meant to be reached are not, whatever a file is called: Pillow has some with known holes."""

from __future__ import annotations

import ast
import io
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from segdetect.errors import InputError, SegDetectError
from segdetect.evaluation.masks import header_size
from segdetect.pictures.formats import SUFFIXES
from segdetect.pictures.loading import load_image
from segdetect.pictures.paging import count_pages
from segdetect.pictures.region_masks import read_regions
from segdetect.pictures.uploads import list_uploads

Image.init()
OPENED = {"PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF"}
OTHERS = sorted(set(Image.OPEN) - OPENED)
# Read, but not by Pillow.
READ_WITHOUT_PILLOW = {"JPEG2000", "PPM"}
PROGRAM = Path(__file__).parents[3] / "segdetect"
SIDE = 32
PIXELS = bytes(range(256)) * (SIDE * SIDE * 3 // 256)


def cards(*lines: str) -> bytes:
    """A block of a FITS file."""
    return "".join(line.ljust(80) for line in lines).encode().ljust(2880)


# What Pillow writes itself is not among them. The first five are whole pictures, the others the beginnings of such.
WHOLE = {
    "PSD": b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, SIDE, SIDE, 8, 3) + bytes(12) + struct.pack(">H", 0) + PIXELS,
    "FITS": cards("SIMPLE  =  T", "BITPIX  =  8", "NAXIS   =  2", f"NAXIS1  =  {SIDE}", f"NAXIS2  =  {SIDE}", "END")
    + PIXELS,
    "WMF": b"\xd7\xcd\xc6\x9a\0\0" + struct.pack("<4hH4xH", 0, 0, 960, 960, 960, 0) + b"\x01\0\t\0\0\3" + bytes(64),
    "MCIDAS": struct.pack(">64i", 0, 4, *[0] * 6, SIDE, SIDE, 1, 0, 0, 1, *[0] * 19, 256, *[0] * 30) + PIXELS,
    "QOI": b"qoif" + struct.pack(">IIBB", SIDE, SIDE, 3, 0) + b"\xfe\1\2\3" + b"\xfd" * 40,
}
BEGUN = {
    "AVIF": b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + bytes(60),
    "BUFR": b"BUFR" + bytes(60),
    "CUR": b"\0\0\2\0\1\0" + bytes(60),
    "DCX": struct.pack("<III", 0x3ADE68B1, 12, 0) + b"\x0a\5\1\1" + bytes(200),
    "FLI": struct.pack("<IHHHHHH", 200, 0xAF12, 1, SIDE, SIDE, 8, 3) + bytes(200),
    "FTEX": b"FTEX" + struct.pack("<6i", 0, SIDE, SIDE, 1, 1, 1) + bytes(60),
    "GBR": struct.pack(">5I", 28, 2, SIDE, SIDE, 1) + b"GIMP" + bytes(60),
    "GRIB": b"GRIB\0\0\0\1" + bytes(60),
    "HDF5": b"\x89HDF\r\n\x1a\n" + bytes(60),
    "IMT": b"width 32\nheight 32\n\x0c" + PIXELS,
    "IPTC": b"\x1c\2\x78\0\3abc" + bytes(60),
    "MPEG": b"\0\0\1\xb3\2\0\x20" + bytes(60),
    "PCD": bytes(2048) + b"PCD_" + bytes(2000),
    "PIXAR": b"\x80\xe8\0\0" + bytes(600),
    "SUN": struct.pack(">8I", 0x59A66A95, SIDE, SIDE, 8, SIDE * SIDE, 1, 0, 0) + PIXELS,
    "XPM": b'/* XPM */\nstatic char *a[] = {\n"1 1 1 1",\n"a c #ffffff",\n"a"};\n',
    "XVTHUMB": b"P7 332\n#END_OF_COMMENTS\n32 32 255\n" + PIXELS,
}


def file_of(kind: str) -> bytes:
    """A file that Pillow would open with this decoder, or try to."""
    if kind in WHOLE or kind in BEGUN:
        return {**WHOLE, **BEGUN}[kind]
    for mode in ("RGB", "L", "P", "1", "F"):
        buffer = io.BytesIO()
        try:
            Image.new(mode, (SIDE, SIDE)).save(buffer, kind)
        except (OSError, ValueError, KeyError):
            continue
        return buffer.getvalue()
    raise AssertionError(f"nobody wrote a file for {kind}: add one above")


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The decoders that were begun, of those that must not be."""
    begun: list[str] = []

    def refusing(kind: str) -> Any:
        def begin(self: Any) -> None:
            begun.append(kind)
            raise SyntaxError("reached")

        return begin

    for kind in OTHERS:
        monkeypatch.setattr(Image.OPEN[kind][0], "_open", refusing(kind))
    return begun


def test_every_call_says_which_formats_it_opens() -> None:
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in PROGRAM.rglob("*.py")]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    opened = [call for call in calls if ast.unparse(call.func).endswith("Image.open")]
    assert opened
    assert [ast.unparse(call) for call in opened if "formats" not in [keyword.arg for keyword in call.keywords]] == []


@pytest.mark.parametrize("kind", WHOLE)
def test_pillow_would_open_it(kind: str) -> None:
    assert Image.open(io.BytesIO(WHOLE[kind])).format == kind


@pytest.mark.parametrize("kind", OTHERS)
def test_pillow_left_alone_would_reach_it(kind: str, reached: list[str]) -> None:
    with pytest.raises(OSError, match="cannot identify"):
        Image.open(io.BytesIO(file_of(kind)))
    assert kind in reached


@pytest.mark.parametrize("kind", OTHERS)
def test_it_is_not_reached_under_any_suffix(kind: str, reached: list[str], tmp_path: Path) -> None:
    data = file_of(kind)
    for name in (f"picture{suffix}" for suffix in sorted(SUFFIXES | {f".{kind.lower()}", ".zip", ""})):
        assert count_pages(data, name) == 1
        if kind in READ_WITHOUT_PILLOW:
            assert load_image(data, name=name).size_wh == (SIDE, SIDE)
        else:
            assert all(refused.file and refused.remedy for refused in refusals(data, name))
        (tmp_path / name).write_bytes(data)
        assert header_size(tmp_path / name) is None
    assert reached == []


def refusals(data: bytes, name: str) -> Iterator[SegDetectError]:
    """What is said of a file as a picture, as a mask, and in an archive."""
    with pytest.raises(InputError) as caught:
        load_image(data, name=name)
    yield caught.value
    with pytest.raises(InputError) as caught:
        read_regions(data, name=name)
    yield caught.value
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, data)
    for source in list_uploads([("archive.zip", buffer.getvalue())]).files:
        with pytest.raises(InputError) as caught:
            load_image(source.data(), name=source.name)
        yield caught.value
