"""How many pages a file has: pages, frames, views or pictures, whatever its kind calls them."""

from __future__ import annotations

from segdetect.errors import UnreadableImageError
from segdetect.pictures.formats import Format, sniff
from segdetect.pictures.frames import count_frames
from segdetect.pictures.isolation import apart
from segdetect.pictures.netpbm import netpbm_pictures
from segdetect.pictures.tiff_directories import tiff_pages


def count_pages(data: bytes, name: str = "") -> int:
    """How many pages a picture file has, read from its headers without decoding any pixels.

    Args:
        data: the file's bytes.
        name: its name; as for `sniff`.

    Returns:
        At least 1; 1 for what is no picture or damaged, which `load_image` tells.
    """
    kind = sniff(data, name)
    if kind is None:
        return 1
    try:
        return max(1, _count(data, kind, name))
    # As decoders, readers of headers raise nearly every type there is when they are fed with damaged bytes.
    except Exception:
        return 1


def _count(data: bytes, kind: Format, name: str) -> int:
    if kind in (Format.DICOM, Format.HEIC):
        return apart(count_by_library, data, name=name, kind=str(kind))
    if kind is Format.NETPBM:
        return netpbm_pictures(data)
    return len(tiff_pages(data)) if kind is Format.TIFF else count_frames(data, kind)


def count_by_library(data: bytes, *, name: str, kind: str) -> int:
    """How many pages a DICOM or HEIC file has; `count_pages` is for callers.

    Raises:
        UnreadableImageError: its header cannot be read.
    """
    # pydicom takes a quarter of a second to import, which most runs do without.
    from segdetect.pictures.dicom import dicom_frames
    from segdetect.pictures.heic import heic_pictures

    try:
        return dicom_frames(data) if kind == Format.DICOM else heic_pictures(data)
    except Exception as error:
        raise UnreadableImageError("its header cannot be read", file=name) from error
