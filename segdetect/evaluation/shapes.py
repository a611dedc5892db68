"""Defects drawn as polygons, run lengths or boxes, as COCO's annotations have them, to pixels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from segdetect.errors import DatasetError
from segdetect.pictures.limits import MAX_PIXELS
from segdetect.pictures.masks import Marked, Mask

# COCO's own text form of run lengths: five bits a character from "0" on, a sixth says that more follow.
_FIRST, _BITS, _MORE, _SIGN = 48, 0x1F, 0x20, 0x10
_MOST_BITS: Final = 60
Polygon = tuple[float, ...]
Runs = tuple[int, ...] | str


@dataclass(frozen=True, slots=True)
class Shapes:
    """All that marks the defects of one picture.

    Args:
        size_wh: of the picture that they were drawn on.
        polygons: x and y in turn, in pixels; the first pixel's middle is at (0.5, 0.5).
        runs: lengths of background and defect in turn, down one column after the other, or COCO's text of them.
    """

    size_wh: tuple[int, int]
    polygons: tuple[Polygon, ...] = ()
    runs: tuple[Runs, ...] = ()

    def marked(self, *, name: str) -> Marked:
        """The pixels whose middle any of them covers.

        Raises:
            DatasetError: a size that no picture has, or run lengths that do not fit it.
        """
        width, height = self.size_wh
        if width < 1 or height < 1 or width * height > MAX_PIXELS:
            raise DatasetError(f"its annotations are for a picture of {width} x {height} pixels", file=name)
        pixels = np.zeros((height, width), bool)
        for polygon in self.polygons:
            _fill(pixels, polygon)
        for runs in self.runs:
            pixels |= self._from_runs(runs, name)
        return Marked(pixels)

    def _from_runs(self, runs: Runs, name: str) -> Mask:
        width, height = self.size_wh
        try:
            lengths = np.array(run_lengths(runs) if isinstance(runs, str) else runs, np.int64)
            if (lengths < 0).any() or (lengths > width * height).any() or lengths.sum() != width * height:
                raise ValueError("they do not fit the picture")
        except (ValueError, OverflowError) as error:
            raise DatasetError(
                "the run lengths of an annotation are damaged, or belong to a picture of another size",
                remedy="Export the annotations again",
                file=name,
            ) from error
        values = np.arange(len(lengths)) % 2 == 1
        return np.asarray(values.repeat(lengths).reshape(width, height).T)


def run_lengths(text: str) -> list[int]:
    """COCO's text of run lengths: from the fourth length on, each is told by how much it differs from the last but one.

    Raises:
        ValueError: the text is cut off or has other characters.

    >>> run_lengths("52203")
    [5, 2, 2, 2, 5]
    """
    lengths: list[int] = []
    for number in _numbers(text):
        lengths.append(number + (lengths[-2] if len(lengths) > 2 else 0))
    return lengths


def _numbers(text: str) -> Iterator[int]:
    number, shift = 0, 0
    for character in text:
        bits = ord(character) - _FIRST
        if not 0 <= bits < 2 * _MORE or shift > _MOST_BITS:
            raise ValueError("it is no text of run lengths")
        number |= (bits & _BITS) << shift
        shift += 5
        if not bits & _MORE:
            yield number - (1 << shift) if bits & _SIGN else number
            number, shift = 0, 0
    if shift:
        raise ValueError("it is cut off")


def _fill(pixels: Mask, polygon: Polygon) -> None:
    """Mark the pixels whose middle lies within, row by row; where the outline crosses itself, by the even-odd rule."""
    height, width = pixels.shape
    x, y = np.array(polygon[::2]), np.array(polygon[1::2])
    next_x, next_y = np.roll(x, -1), np.roll(y, -1)
    first, last = int(max(0, np.floor(y.min()))), int(min(height, np.ceil(y.max())))
    for row in range(first, last):
        middle = row + 0.5
        crossed = (y <= middle) != (next_y <= middle)
        at = x[crossed] + (middle - y[crossed]) * (next_x - x)[crossed] / (next_y - y)[crossed]
        edges = np.clip(np.ceil(np.sort(at) - 0.5), 0, width).astype(np.intp)
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            pixels[row, start:end] = True


def box(left: float, top: float, width: float, height: float) -> Polygon:
    """A rectangle as a polygon."""
    right, bottom = left + width, top + height
    return (left, top, right, top, right, bottom, left, bottom)


def union(parts: Sequence[Marked]) -> Marked:
    """All of them in one; they are of one size."""
    pixels = parts[0].pixels.copy()
    for part in parts[1:]:
        pixels |= part.pixels
    return Marked(pixels, tuple(dict.fromkeys(note for part in parts for note in part.notes)))
