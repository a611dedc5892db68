"""Ground-truth masks as files: which of them cannot be read, and how they fit their pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from segdetect.errors import DatasetError, InputError
from segdetect.message import Message
from segdetect.pictures.isolation import apart
from segdetect.pictures.limits import MAX_FILE_BYTES
from segdetect.pictures.masks import SUPPORTED, Marked, decode_mask, shown_size
from segdetect.pictures.names import as_text


def read_mask(path: Path, *, name: str) -> Marked:
    """Read a mask by the rules of `segdetect.pictures.masks`.

    Args:
        path: the file.
        name: the name of the picture it belongs to, for the error.

    Raises:
        DatasetError: it cannot be read, or is too faint a JPEG to tell what it marks.
    """
    mask = as_text(path.name)
    try:
        return apart(decode_mask, _bytes_of(path, mask), name=mask)
    except InputError as error:
        problem = Message("its mask {mask} cannot be used: {problem}", mask=mask, problem=error.problem)
        raise DatasetError(problem, remedy=SUPPORTED, file=name) from error
    except OSError as error:
        why = f"its mask {mask} cannot be opened ({error.strerror or error})"
        raise DatasetError(why, remedy="Check that it is there, and its rights", file=name) from error


def _bytes_of(path: Path, mask: str) -> bytes:
    if path.stat().st_size > MAX_FILE_BYTES:
        raise InputError("the file is too large", file=mask)
    return path.read_bytes()


def scale_between(mask_size_wh: tuple[int, int], size_wh: tuple[int, int], *, name: str) -> tuple[int, int]:
    """By which whole factor a mask is smaller than its picture, and by which it is larger; one of both is 1.

    Raises:
        DatasetError: their sizes differ by no whole factor.
    """
    (width, height), (wide, high) = mask_size_wh, size_wh
    smaller, larger = max(1, wide // max(1, width)), max(1, width // max(1, wide))
    if (width * smaller, height * smaller) == (wide * larger, high * larger):
        return smaller, larger
    raise DatasetError(
        f"its mask has {width} x {height} pixels, the picture {wide} x {high}",
        remedy="Export the mask at the picture's own size, or at a size that differs by a whole factor",
        file=name,
    )


def fitted(marked: Marked, size_wh: tuple[int, int], *, name: str) -> Marked:
    """A mask at its picture's size, scaled by the nearest pixel where they differ by a whole factor.

    Raises:
        DatasetError: as `scale_between`.
    """
    smaller, larger = scale_between(marked.size_wh, size_wh, name=name)
    if smaller == larger:
        return marked
    if smaller > 1:
        scaled = marked.pixels.repeat(smaller, axis=0).repeat(smaller, axis=1)
    else:
        scaled = np.ascontiguousarray(marked.pixels[larger // 2 :: larger, larger // 2 :: larger])
    how = f"{smaller} times enlarged" if smaller > 1 else f"{larger} times reduced"
    note = f"its size is {marked.size_wh[0]} x {marked.size_wh[1]}; it was {how}"
    return Marked(scaled, (*marked.notes, note))


def header_size(path: Path) -> tuple[int, int] | None:
    """Width and height as shown, EXIF rotation included; None for files whose header cannot be read."""
    name = as_text(path.name)
    try:
        return apart(shown_size, _bytes_of(path, name), name=name)
    except (OSError, InputError):
        return None
