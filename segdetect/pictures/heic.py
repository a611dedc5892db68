"""HEIC to values, by libheif."""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import Any, Final

from segdetect.pictures.decoders import raster_from_pillow
from segdetect.pictures.raster import Encoded, Raster

# The decoder holds the picture twice.
_PIXEL_BYTES: Final = 6


def decode_heic(encoded: Encoded) -> Raster:
    """Decode one picture of a HEIC file, its main one first; libheif itself turns it upright.

    Raises:
        UnreadableImageError: the package `pillow-heif` is not installed.
    """
    try:
        pillow_heif = importlib.import_module("pillow_heif")
    except ImportError as error:
        raise encoded.unreadable(
            "HEIC pictures need the package pillow-heif, which is not installed here",
            "Install it with: pip install pillow-heif; or save the picture as PNG or JPEG",
        ) from error
    pictures = _main_first(pillow_heif.open_heif(encoded.data, convert_hdr_to_8bit=True))
    encoded.check_page(len(pictures))
    chosen = pictures[encoded.page]
    width, height = chosen.size
    encoded.check_size(width, height, _PIXEL_BYTES)
    raster = raster_from_pillow(chosen.to_pillow())
    deep = chosen.info.get("bit_depth", 8) > 8
    notes = (*raster.notes, "Its colours were reduced from 10 or 12 to 8 bits.") if deep else raster.notes
    return replace(raster, orientation=1, pages=len(pictures), notes=notes)


def heic_pictures(data: bytes) -> int:
    """How many pictures a HEIC file holds; raises whatever its reader raises."""
    return len(importlib.import_module("pillow_heif").open_heif(data))


def _main_first(file: Any) -> list[Any]:
    main = file.primary_index
    return [file[main], *(file[at] for at in range(len(file)) if at != main)]
