"""Containers, files that are damaged or too large, and kinds that are not read."""

from __future__ import annotations

import io
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import imagecodecs
import numpy as np
import tifffile

from segdetect.errors import SegDetectError
from segdetect.pictures.loading import load_image
from segdetect.pictures.sources import list_sources
from tests.support.dicom_files import dicom_file
from tests.support.formats.case import RGB, RGB16, ROUNDED, SMOOTH, WRITTEN, Answer, Array, Case, refusal, saved, shows
from tests.support.formats.common import bmp, heic
from tests.support.picture_files import dicom
from tests.support.still_files import avif, j2k, jp2, netpbm
from tests.support.tiff_files import raw_tiff, written


@dataclass(frozen=True)
class ContainerCase:
    """A file or folder that holds one picture, `RGB`.

    Args:
        kind: what it is.
        build: writes it into a folder and returns its place.
        shown: the picture's name in tables; empty where it is refused.
    """

    kind: str
    build: Callable[[Path], Path]
    shown: str = ""

    def answer(self) -> Answer:
        with tempfile.TemporaryDirectory() as folder:
            try:
                files = list_sources([self.build(Path(folder))]).files
                images = [load_image(file.data(), name=file.name) for file in files]
            except SegDetectError as error:
                if self.shown:
                    raise AssertionError(f"{self.kind} was refused") from error
                answer = refusal(error)
                return Answer(answer.said, answer.beside.replace(f"{folder}/", ""))
        assert [image.name for image in images] == [self.shown]
        assert np.array_equal(images[0].pixels, RGB)
        return Answer("right to the pixel", f"{WRITTEN}; it is called `{self.shown}`")


PNG = saved(RGB, "PNG")


def _zip(path: Path, name: str, data: bytes, method: int = zipfile.ZIP_DEFLATED) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr(name, data)
    return path


def _folder(root: Path, name: str, data: bytes = PNG) -> Path:
    (root / "parts" / name).parent.mkdir(parents=True, exist_ok=True)
    (root / "parts" / name).write_bytes(data)
    return root / "parts"


def _zip_in_zip(root: Path) -> Path:
    inner = _zip(root / "inner.zip", "a.png", PNG)
    return _zip(root / "parts.zip", "inner.zip", inner.read_bytes())


def _encrypted(root: Path) -> Path:
    path = _zip(root / "parts.zip", "a.png", PNG, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    for signature, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.find(signature) + place] |= 1
    path.write_bytes(data)
    return path


def _in_code_page(root: Path) -> Path:
    """A name in the code page of DOS, without a word about it."""
    path = _zip(root / "parts.zip", "Pruefung_a.png", PNG)
    data = path.read_bytes().replace(b"Pruefung_a.png", "Pr\u00fcfung__a.png".encode("cp850"))
    path.write_bytes(data)
    return path


def _link(root: Path) -> Path:
    _folder(root / "elsewhere", "a.png")
    (root / "parts").mkdir()
    (root / "parts" / "linked").symlink_to(root / "elsewhere" / "parts")
    return root / "parts"


def _own_output(root: Path) -> Path:
    folder = _folder(root, "a.png")
    _folder(root, "@eaDir/a.png@SynoEAStream.png")
    _folder(root, "#recycle/b.png")
    return folder


def _containers() -> list[ContainerCase]:
    return [
        ContainerCase("a folder", lambda root: _folder(root, "deep/A.PNG"), "deep/A.PNG"),
        ContainerCase("a linked folder in a folder", _link, "linked/a.png"),
        ContainerCase("a folder with what a network drive leaves behind", _own_output, "a.png"),
        ContainerCase("a ZIP", lambda root: _zip(root / "parts.zip", "in/a.png", PNG), "in/a.png"),
        ContainerCase(
            "a ZIP, not compressed", lambda root: _zip(root / "a.zip", "a.png", PNG, zipfile.ZIP_STORED), "a.png"
        ),
        ContainerCase("a ZIP, BZIP2", lambda root: _zip(root / "a.zip", "a.png", PNG, zipfile.ZIP_BZIP2)),
        ContainerCase("a ZIP, LZMA", lambda root: _zip(root / "a.zip", "a.png", PNG, zipfile.ZIP_LZMA)),
        ContainerCase("a ZIP in a ZIP", _zip_in_zip, "inner.zip/a.png"),
        ContainerCase(
            "a ZIP in a folder",
            lambda root: _zip(root / "parts" / "b.zip", "a.png", PNG).parent,
            "b.zip/a.png",
        ),
        ContainerCase("a ZIP with a name in a code page of DOS", _in_code_page, "Pr\u00fcfung__a.png"),
        ContainerCase("a ZIP with a password", _encrypted),
        ContainerCase("a ZIP, cut off", lambda root: _cut(_zip(root / "parts.zip", "a.png", PNG))),
    ]


def _cut(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[:-30])
    return path


def _damaged() -> list[Case]:
    files: dict[str, bytes] = {
        "PNG": PNG,
        "JPEG": saved(SMOOTH, "JPEG"),
        "GIF": saved(RGB, "GIF"),
        "BMP": bmp(bytes(160 * 37), 24),
        "WebP": saved(RGB, "WEBP", lossless=True),
        "TIFF": written(RGB, photometric="rgb"),
        "TIFF, LZW": written(RGB, photometric="rgb", compression="lzw"),
        "HEIC": heic(RGB),
        "AVIF": avif(RGB),
        "JPEG 2000": jp2(j2k(RGB)),
        "JPEG XL": imagecodecs.jpegxl_encode(RGB),
        "PPM": netpbm(RGB, "P6"),
        "DICOM": dicom_file(RGB[..., 0]),
    }
    broken = bytearray(PNG)
    broken[len(broken) // 2] ^= 255
    lzw = bytearray(written(RGB, photometric="rgb", compression="lzw", rowsperstrip=37))
    with tifffile.TiffFile(io.BytesIO(lzw)) as file:
        start = file.pages.first.dataoffsets[0]
    lzw[start : start + 40] = bytes([255]) * 40
    return [
        Case("an empty file", lambda: b"", name="part.png"),
        *(Case(f"{kind}, cut off half-way", lambda d=data: d[: len(d) // 2]) for kind, data in files.items()),
        Case("PNG with a changed byte", lambda: bytes(broken)),
        Case("PNG that says it has no pixels", lambda: _png_of(0, 7)),
        Case("TIFF, LZW with changed bytes", lambda: bytes(lzw)),
        Case("TIFF with strips beyond its end", lambda: raw_tiff(RGB, 8, tags=[(273, 1_000_000)])),
        Case("a page that is not there", lambda: PNG, page=3),
    ]


def _png_of(width: int, height: int, *, bits: int = 1) -> bytes:
    """A PNG of nothing but zeros, which takes little room."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(9))) + chunk(b"IEND", b"")


def _too_large() -> list[Case]:
    wide = dicom_file(RGB16[..., 0], Rows=60_000, Columns=60_000)
    large = [(256, 9_000), (257, 9_000)]
    return [
        Case("PNG of 20,000 x 20,000 pixels", lambda: _png_of(20_000, 20_000)),
        Case("a small PNG of 10,000 x 10,000 pixels", lambda: _png_of(10_000, 10_000)),
        Case("BMP of 30,000 x 30,000 pixels", lambda: _bmp_head(30_000)),
        Case("TIFF of 2,000 samples a pixel", lambda: raw_tiff(RGB, 8, tags=[(277, 2_000), *large])),
        Case("DICOM of 60,000 x 60,000 pixels", lambda: wide),
        Case("WebP of 16,384 x 16,384 pixels", lambda: _webp_head(16_384)),
        Case(
            "AVIF of 16,384 x 16,384 pixels",
            lambda: avif(RGB, (b"ispe", bytes(4) + _square(16_384)), without=[b"ispe"]),
        ),
        Case("JPEG 2000 of 16,384 x 16,384 pixels", lambda: j2k(RGB)[:8] + _square(16_384) + j2k(RGB)[16:]),
        Case("JPEG XL of 16,384 x 16,384 pixels", lambda: _jpeg_xl_head(16_384)),
        Case("PPM of 16,384 x 16,384 pixels", lambda: b"P6 16384 16384 255\n"),
    ]


def _square(side: int) -> bytes:
    return struct.pack(">II", side, side)


def _jpeg_xl_head(side: int) -> bytes:
    """The height in 18 bits, the width as the same, and all else as usual."""
    return b"\xff\x0a" + (2 << 1 | (side - 1) << 3 | 1 << 21 | 1 << 24).to_bytes(4, "little")


def _bmp_head(side: int) -> bytes:
    data = bytearray(bmp(b"", 24))
    data[18:26] = struct.pack("<ii", side, side)
    return bytes(data)


def _webp_head(side: int) -> bytes:
    size = (side - 1).to_bytes(3, "little")
    body = (
        b"WEBPVP8X"
        + struct.pack("<I", 10)
        + b"\x10\0\0\0"
        + size
        + size
        + b"VP8L"
        + struct.pack("<I", 6)
        + b"/"
        + bytes(5)
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _not_read() -> list[Case]:
    heads: dict[str, bytes] = {
        "Photoshop (PSD)": b"8BPS\0\1",
        "FITS": b"SIMPLE  =                    T",
        "OpenEXR": b"\x76\x2f\x31\x01\2\0\0\0",
        "Radiance HDR": b"#?RADIANCE\n",
        "QOI": b"qoif\0\0\0\1",
        "an icon (ICO)": b"\0\0\1\0\1\0\x10\x10",
        "SVG": b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>",
        "PDF": b"%PDF-1.7\n",
        "PostScript": b"%!PS-Adobe-3.0\n",
        "an office document": b"PK\3\4\x14\0\6\0",
        "gzip": b"\x1f\x8b\x08\0",
        "7-Zip": b"7z\xbc\xaf\x27\x1c",
        "RAR": b"Rar!\x1a\7\1\0",
        "video (MP4)": b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41",
        "video (Matroska)": b"\x1aE\xdf\xa3\1\0\0\0",
        "video (AVI)": b"RIFF\0\0\0\0AVI LIST",
        "sound (WAV)": b"RIFF\0\0\0\0WAVEfmt ",
        "HDF5": b"\x89HDF\r\n\x1a\n",
        "NumPy": b"\x93NUMPY\1\0",
        "a web page": b"<!DOCTYPE html><html></html>",
        "text": b"These are notes about the parts.\n",
        "bytes of no known kind": bytes(range(1, 200)),
    }
    return [
        Case(kind, lambda d=head: d.ljust(200, b"\0") if d[:1] < b" " else d, name="part.png")
        for kind, head in heads.items()
    ]


def _pages() -> list[Case]:
    from tests.unit.pictures.test_pages import EXACT

    # libheif turns colours around once more.
    within = {"heic": 3.0}
    return [
        Case(
            f"{kind}, page {at + 1} of {len(pages)}",
            make,
            shows(_cut_like(pages, at, kind)),
            page=at,
            within=within.get(kind, ROUNDED),
        )
        for kind, (make, pages) in EXACT.items()
        for at in (0, len(pages) - 1)
    ]


def _cut_like(pages: list[Array], at: int, kind: str) -> Array:
    """Pages of many sizes are cut, each a row more than the one before."""
    return pages[at][: 8 + at] if "sizes" in kind else pages[at]


def _without_pictures() -> list[Case]:
    from tests.unit.pictures.test_refusals import RAWS, WITHOUT_PIXELS

    raws = [Case(f"camera raw: {kind}", lambda d=data: d) for kind, (data, _) in RAWS.items()]
    kinds = {what: uid for uid, what in WITHOUT_PIXELS.items()}
    return [*raws, *(Case(what, lambda u=uid: dicom(np.zeros((0, 1, 1)), kind=u)) for what, uid in kinds.items())]


def rows() -> dict[str, list[Case] | list[ContainerCase]]:
    """The rows of each part."""
    return {
        "Several pictures in one file": _pages(),
        "Folders and archives": _containers(),
        "Damaged files": _damaged(),
        "Too large": _too_large(),
        "Kinds that are not read": _not_read(),
        "Camera raws, and DICOM without pixels": _without_pictures(),
    }
