"""Whether what a folder or an archive holds is a picture, by its suffix and its first bytes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final

from segdetect.errors import SegDetectError
from segdetect.pictures.archives import ZIP_ERRORS, ZIP_MAGIC, ZIP_SUFFIX
from segdetect.pictures.formats import SUFFIXES, sniff
from segdetect.pictures.left_out import NO_PICTURE
from segdetect.pictures.refusals import dicom_without_picture, refusal

# Pictures that are not opened: in a folder they are listed, so that they fail with a reason instead of being left out.
_OTHER_PICTURES: Final = frozenset(
    (
        *(".psd", ".exr", ".hdr", ".fits", ".fit", ".qoi", ".tga"),
        *(".cr2", ".cr3", ".nef", ".arw", ".dng", ".raf", ".orf", ".rw2"),
    )
)
# The head of a DICOM file says within these what kind it is.
HEAD_BYTES: Final = 1024
_DICOM_SUFFIXES: Final = (".dcm", ".dicom")


def is_no_picture(path: Path) -> bool:
    """Whether a file that lies in a folder is none of its pictures, by its suffix and its first bytes."""
    return bool(no_picture(path.name, partial(head, path)))


def no_picture(name: str, read: Callable[[], bytes]) -> str:
    """Why a file in a folder or archive is no picture by its suffix and its first bytes; empty where it is one."""
    suffix = PurePosixPath(name).suffix.lower()
    # An archive that comes so far could not be searched, which it fails with.
    named = suffix in SUFFIXES or suffix in _OTHER_PICTURES or suffix == ZIP_SUFFIX
    if named and suffix not in _DICOM_SUFFIXES:
        return ""
    try:
        first = read()
    except (*ZIP_ERRORS, SegDetectError):
        return "" if named else "nothing says that it is a picture, and it cannot be read"
    what = dicom_without_picture(first)
    return f"it is {what}" if what else "" if named else _not_told(name, first)


def _not_told(name: str, first: bytes) -> str:
    """As `no_picture`, where the suffix says nothing."""
    if sniff(first, name) is not None:
        return ""
    refused = refusal(first)
    if refused is None:
        return NO_PICTURE
    return "" if refused.is_picture else f"it is {refused.what}"


def is_zip(path: Path) -> bool:
    """Whether a file is an archive; where it cannot be read, by its suffix."""
    try:
        return path.is_file() and (head(path).startswith(ZIP_MAGIC) or path.suffix.lower() == ZIP_SUFFIX)
    except OSError:
        return path.suffix.lower() == ZIP_SUFFIX


def head(path: Path) -> bytes:
    """The first bytes of a file, which say what it is; raises `OSError`."""
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)
