"""What is said of a file that is not opened: a camera raw, a picture of another kind, or no picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from segdetect.pictures.camera_raws import camera_raw
from segdetect.pictures.formats import SUPPORTED

CHOOSE_ANOTHER: Final = f"Load a {SUPPORTED} file; the content counts, not the name"
_NO_DICOM_PICTURE: Final = "Load a DICOM file with an image, such as CT, MR, CR or DX"
SAVE_AS_PNG: Final = "Save it as PNG or TIFF with the program that made it, and load that"

_PICTURES: Final = (
    (b"8BPS", "a Photoshop file (PSD)"),
    (b"SIMPLE  =", "a FITS picture"),
    (b"\x76\x2f\x31\x01", "an OpenEXR picture"),
    (b"#?RADIANCE", "a Radiance HDR picture"),
    (b"qoif", "a QOI picture"),
    (b"gimp xcf", "a GIMP file (XCF)"),
    (b"DDS ", "a DirectDraw surface (DDS)"),
    (b"AT&TFORM", "a DjVu document"),
    (b"BPG\xfb", "a BPG picture"),
)
_ICONS: Final = (
    (b"\0\0\1\0", "an icon (ICO)"),
    (b"\0\0\2\0", "a mouse pointer (CUR)"),
    (b"icns", "an icon (ICNS)"),
)
_NO_PICTURES: Final = (
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x1aE\xdf\xa3", "a video"),
    (b"\0\0\1\xba", "a video"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x93NUMPY", "a file of numbers (NPY)"),
)
# SOP classes of DICOM (PS3.4 B.5, I.4) that have no pixels: the whole number, or its beginning up to a point.
_STORAGE: Final = "1.2.840.10008.5.1.4.1.1"
_DICOM_CLASSES: Final = {
    "1.2.840.10008.1.3.10": "a DICOM directory (DICOMDIR)",
    f"{_STORAGE}.11.": "a DICOM presentation state (PR)",
    f"{_STORAGE}.88.": "a DICOM report (SR)",
    f"{_STORAGE}.9.": "a DICOM waveform",
    f"{_STORAGE}.104.": "a document within DICOM",
    **dict.fromkeys((f"{_STORAGE}.481.{kind}" for kind in (3, 4, 5, 6, 7, 8, 9, 10)), "a DICOM radiotherapy plan"),
    f"{_STORAGE}.66": "DICOM raw data",
    **dict.fromkeys((f"{_STORAGE}.66.{kind}" for kind in (1, 2, 3, 6)), "a DICOM registration or track"),
    f"{_STORAGE}.67": "a DICOM table of values",
    **dict.fromkeys((f"{_STORAGE}.{kind}." for kind in (68, 78, 79, 80, 81)), "a DICOM measurement"),
    "1.2.840.10008.5.1.4.38.1": "a DICOM hanging protocol",
    "1.2.840.10008.5.1.4.39.1": "a DICOM colour palette",
}
_META_CLASS: Final = b"\x02\x00\x02\x00UI"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a file is not opened.

    Args:
        what: what it is, as a noun phrase: "a PDF document".
        problem: the clause of an error.
        remedy: what to do.
        is_picture: whether somebody who looks for pictures means it.
    """

    what: str
    problem: str
    remedy: str
    is_picture: bool


def refusal(data: bytes) -> Refusal | None:
    """What is to be said of a file that is no picture of a kind that is read; None where nobody knows what it is.

    Args:
        data: its bytes, or the first thousand of them.
    """
    raw = camera_raw(data)
    if raw is not None:
        what = f"a camera raw picture ({raw})" if raw else "a camera raw picture"
        problem = f"it is {what}: what the sensor measured, before it was made a picture"
        return Refusal(what, problem, "Develop it in a photo program, export it as TIFF or PNG, and load that", True)
    no_picture = dicom_without_picture(data)
    if no_picture:
        return Refusal(no_picture, f"it is {no_picture}, which holds no picture", _NO_DICOM_PICTURE, False)
    for signature, what in _ICONS:
        if data.startswith(signature):
            problem = f"it is {what}, which holds the same drawing in several sizes and is not read"
            return Refusal(what, problem, "Save the size you mean as PNG, and load that", False)
    what = next((what for signature, what in _PICTURES if data.startswith(signature)), "")
    if what:
        return Refusal(what, f"it is {what}, a kind of picture that is not read", SAVE_AS_PNG, True)
    what = _no_picture(data)
    return Refusal(what, f"it is {what}, not a picture", CHOOSE_ANOTHER, False) if what else None


def _no_picture(data: bytes) -> str:
    for signature, what in _NO_PICTURES:
        if data.startswith(signature):
            return what
    if data[4:8] == b"ftyp":
        return "a video"
    if data[:4] == b"RIFF":
        return "a video" if data[8:12] == b"AVI " else "a sound or an unknown RIFF file"
    return _text(data[:1024])


def _text(head: bytes) -> str:
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


def dicom_without_picture(data: bytes) -> str:
    """What a DICOM file is whose kind (SOP class) has no pixels, told by its first bytes; empty for any other file."""
    if data[128:132] != b"DICM":
        return ""
    at = data.find(_META_CLASS, 132, 512)
    if at < 0:
        return ""
    length = int.from_bytes(data[at + 6 : at + 8], "little")
    number = data[at + 8 : at + 8 + length].rstrip(b"\0 ").decode("ascii", "replace")
    groups = (number[: end + 1] for end, letter in enumerate(number) if letter == ".")
    return next((_DICOM_CLASSES[known] for known in (number, *groups) if known in _DICOM_CLASSES), "")
