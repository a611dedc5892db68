"""Ground-truth masks, and the sizes in files' headers."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from segdetect.errors import DatasetError
from segdetect.pictures.names import as_text

Mask = npt.NDArray[np.bool_]

# Pillow tries every decoder it has on a file unless it is told which; these are the kinds that masks and pictures have.
_FORMATS: Final = ("PNG", "BMP", "TIFF", "GIF", "JPEG", "WEBP")
_EXIF_ORIENTATION: Final = 0x0112


def read_mask(path: Path, *, name: str) -> Mask:
    """Read a mask.

    Args:
        path: the file; pixels above 0 are defects.
        name: the name of the picture it belongs to, for the error.

    Returns:
        `(height, width)` bool.

    Raises:
        DatasetError: it cannot be read.
    """
    try:
        with Image.open(path, formats=_FORMATS) as mask:
            return np.asarray(np.asarray(mask.convert("L")) > 0)
    # Pillow raises SyntaxError and ValueError, too, on damaged files.
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DatasetError(
            f"its mask {as_text(path.name)} cannot be read as a picture", remedy="Save the mask as PNG", file=name
        ) from error


def check_mask_size(mask_size_wh: tuple[int, int], size_wh: tuple[int, int], *, name: str) -> None:
    """Compare a mask's size with its picture's.

    Raises:
        DatasetError: they differ.
    """
    if mask_size_wh != size_wh:
        raise DatasetError(
            f"its mask has {mask_size_wh[0]} x {mask_size_wh[1]} pixels, the picture {size_wh[0]} x {size_wh[1]}",
            remedy="Export the mask at the picture's own size",
            file=name,
        )


def header_size(path: Path) -> tuple[int, int] | None:
    """Width and height as shown, EXIF rotation included; None for files whose header Pillow does not read."""
    try:
        with Image.open(path, formats=_FORMATS) as image:
            width, height = image.size
            turned = image.getexif().get(_EXIF_ORIENTATION, 1) >= 5
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None
    return (height, width) if turned else (width, height)
