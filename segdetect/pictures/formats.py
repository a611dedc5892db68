"""What kind of file some bytes are, told by the bytes alone."""

from __future__ import annotations

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
    DICOM = "DICOM"


SUPPORTED: Final = "PNG, JPEG, TIFF, BMP, WebP, GIF, HEIC or DICOM"
SUFFIXES: Final = frozenset(
    (
        *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".gif", ".bmp", ".dib", ".webp"),
        *(".tif", ".tiff", ".heic", ".heif", ".hif", ".dcm", ".dicom"),
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
)
_HEIC_BRANDS: Final = frozenset(
    (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"msf1")
)
_UNSUPPORTED: Final = (
    (b"8BPS", "a Photoshop file (PSD)"),
    (b"SIMPLE  =", "a FITS file"),
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL picture"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\x76\x2f\x31\x01", "an OpenEXR picture"),
    (b"#?RADIANCE", "a Radiance HDR picture"),
    (b"\0\0\1\0", "an icon"),
    (b"qoif", "a QOI picture"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x1aE\xdf\xa3", "a video"),
    (b"\0\0\1\xba", "a video"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy array"),
)


def sniff(data: bytes, name: str = "") -> Format | None:
    """The format of a file, or None for one that is not opened.

    Args:
        data: the file's bytes.
        name: its name; its suffix decides only for DICOM files that lack the preamble.
    """
    for signature, kind in _SIGNATURES:
        if data.startswith(signature):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return Format.WEBP
    if data[4:8] == b"ftyp" and _brands(data) & _HEIC_BRANDS and data[8:12] not in (b"avif", b"avis"):
        return Format.HEIC
    if data[128:132] == b"DICM" or _bare_dicom(data, name):
        return Format.DICOM
    return None


def _brands(data: bytes) -> set[bytes]:
    end = min(int.from_bytes(data[:4], "big"), 256, len(data))
    return {data[8:12]} | {data[i : i + 4] for i in range(16, end, 4)}


def _bare_dicom(data: bytes, name: str) -> bool:
    # A data set starts with an element of group 2 (file meta) or 8 (identification), then comes its VR or its length.
    group = int.from_bytes(data[:2], "little")
    if group not in (2, 8) or len(data) < 16:
        return False
    explicit = data[4:6] in (b"UL", b"CS", b"UI", b"OB", b"DA", b"TM", b"LO", b"SH")
    return explicit or name.lower().endswith((".dcm", ".dicom"))


def describe_unsupported(data: bytes) -> str:
    """What a file that is not opened seems to be, as a noun phrase; empty when nobody knows."""
    for signature, what in _UNSUPPORTED:
        if data.startswith(signature):
            return what
    if data[4:8] == b"ftyp":
        return "an AVIF picture" if _brands(data) & {b"avif", b"avis"} else "a video"
    if data[:4] == b"RIFF":
        return "a video" if data[8:12] == b"AVI " else "a sound or an unknown RIFF file"
    return _describe_text(data[:1024])


def _describe_text(head: bytes) -> str:
    if b"\0" in head or not head.strip():
        return ""
    text = head.decode("utf-8", "ignore").lower().lstrip("\ufeff \t\r\n")
    if "%pdf" in text:
        return "a PDF document"
    if "<svg" in text:
        return "an SVG drawing"
    if text.startswith(("<!doctype html", "<html")) or "<html" in text:
        return "a web page (HTML)"
    printable = sum(character.isprintable() or character in "\t\r\n" for character in text)
    return "text" if text and printable >= 0.95 * len(head.decode("utf-8", "replace").strip()) else ""
