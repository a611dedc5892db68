"""What kind of file some bytes are, told by the bytes alone."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final


class Format(StrEnum):
    """The formats that are opened; a member's value is its name on screen."""

    PNG = "PNG"
    JPEG = "JPEG"
    GIF = "GIF"
    BMP = "BMP"
    WEBP = "WebP"
    TIFF = "TIFF"
    HEIC = "HEIC"
    AVIF = "AVIF"
    JPEG_2000 = "JPEG 2000"
    JPEG_XL = "JPEG XL"
    NETPBM = "Netpbm"
    DICOM = "DICOM"


SUPPORTED: Final = "PNG, JPEG, TIFF, BMP, WebP, GIF, HEIC, AVIF, JPEG 2000, JPEG XL, Netpbm or DICOM"
SUFFIXES: Final = frozenset(
    (
        *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".gif", ".bmp", ".dib", ".webp"),
        *(".tif", ".tiff", ".heic", ".heif", ".hif", ".avif", ".dcm", ".dicom", ".jxl"),
        *(".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx", ".jph", ".pbm", ".pgm", ".ppm", ".pnm", ".pam", ".pfm"),
    )
)

_SIGNATURES: Final = (
    (b"\x89PNG\r\n\x1a\n", Format.PNG),
    (b"\xff\xd8\xff", Format.JPEG),
    (b"GIF87a", Format.GIF),
    (b"GIF89a", Format.GIF),
    (b"BM", Format.BMP),
    (b"II*\0", Format.TIFF),
    (b"MM\0*", Format.TIFF),
    (b"II+\0", Format.TIFF),
    (b"MM\0+", Format.TIFF),
    (b"\0\0\0\x0cjP  ", Format.JPEG_2000),
    (b"\xff\x4f\xff\x51", Format.JPEG_2000),
    (b"\0\0\0\x0cJXL ", Format.JPEG_XL),
    (b"\xff\x0a", Format.JPEG_XL),
)
# Two letters alone may begin a text.
_NETPBM: Final = re.compile(rb"P(?:[1-6](?:\s|#[^\r\n]*[\r\n])+\d|7\n(?:#|[A-Z]+ )|[Ff]\s+\d)")
_META_GROUP: Final = b"\2\0"
_HEIC_BRANDS: Final = frozenset((b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs"))
_AVIF_BRANDS: Final = frozenset((b"avif", b"avis"))
# Of any coding.
_STILL_BRANDS: Final = frozenset((b"mif1", b"msf1"))


def sniff(data: bytes, name: str = "") -> Format | None:
    """The format of a file, or None for one that is not opened.

    Args:
        data: the file's bytes.
        name: its name; its suffix decides only for DICOM files that lack the preamble.
    """
    # Slides may be DICOM behind the head of a TIFF, so that viewers of either open them.
    if data[128:132] == b"DICM" and data[132:134] == _META_GROUP:
        return Format.DICOM
    for signature, kind in _SIGNATURES:
        if data.startswith(signature):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return Format.WEBP
    if data[4:8] == b"ftyp" and (still := _coded_still(data)) is not None:
        return still
    if _NETPBM.match(data[:1024]):
        return Format.NETPBM
    if data[128:132] == b"DICM" or _bare_dicom(data, name):
        return Format.DICOM
    return None


def _coded_still(data: bytes) -> Format | None:
    named = brands(data)
    if data[8:12] in _AVIF_BRANDS or (named & _AVIF_BRANDS and not named & _HEIC_BRANDS):
        return Format.AVIF
    return Format.HEIC if named & (_HEIC_BRANDS | _STILL_BRANDS) else None


def brands(data: bytes) -> set[bytes]:
    """The kinds of content that a file of the family of MPEG-4 names at its beginning."""
    end = min(int.from_bytes(data[:4], "big"), 256, len(data))
    return {data[8:12]} | {data[i : i + 4] for i in range(16, end, 4)}


def _bare_dicom(data: bytes, name: str) -> bool:
    # A data set starts with an element of group 2 (file meta) or 8 (identification), then comes its VR or its length.
    group = int.from_bytes(data[:2], "little")
    if group not in (2, 8) or len(data) < 16:
        return False
    explicit = data[4:6] in (b"UL", b"CS", b"UI", b"OB", b"DA", b"TM", b"LO", b"SH")
    return explicit or name.lower().endswith((".dcm", ".dicom"))
