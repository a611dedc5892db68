"""Flagged tiles that touch, taken together: what a person would call one defect."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import ndimage

from segdetect.errors import SettingsError
from segdetect.grid import Boxes, TileLayout
from segdetect.inspection import Inspection
from segdetect.output.tables import writable

SEGMENT_COLUMNS: Final = (
    *("image", "segment", "left", "top", "right", "bottom", "tiles", "area_px", "area_mm2"),
    *("max_score", "strongest_tile", "polygon"),
)
# A scratch that runs slantwise goes through tiles which share no more than a corner, and is one scratch.
_TOUCHING: Final = np.ones((3, 3), np.bool_)

Point = tuple[int, int]
Ring = tuple[Point, ...]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Part:
    """Tiles of a segment that share edges.

    Args:
        outer: its outline's corners in pixels, clockwise as seen, the first not repeated.
        holes: the outlines of what is not flagged within it, counter-clockwise.
        pieces: it as polygons without holes, which meet in edges: `(outer,)` where it has no holes.
    """

    outer: Ring
    holes: tuple[Ring, ...]
    pieces: tuple[Ring, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """Flagged tiles that touch in an edge or a corner.

    Args:
        tiles: in tile order.
        box_ltrb: around them in pixels; right and bottom are exclusive.
        area_px: of its tiles, in pixels.
        max_score: the highest score in it.
        strongest_tile: where that is.
        parts: its outlines.
    """

    tiles: tuple[int, ...]
    box_ltrb: tuple[int, int, int, int]
    area_px: int
    max_score: float
    strongest_tile: int
    parts: tuple[Part, ...]

    @property
    def polygon(self) -> str:
        """Its outline as well-known text, in pixels: a `MULTIPOLYGON`, whose rings run along the edges of tiles."""
        parts = (f"({', '.join(map(_wkt_ring, (part.outer, *part.holes)))})" for part in self.parts)
        return f"MULTIPOLYGON ({', '.join(parts)})"


def segments(inspection: Inspection) -> list[Segment]:
    """The segments of a picture, the one with the highest score first; equal ones in tile order."""
    layout, flags = inspection.scores.layout, inspection.decision.flags
    lattice = flags.reshape(layout.grid.rows, layout.grid.cols)
    labels, count = ndimage.label(lattice, _TOUCHING)
    found = [_segment(inspection, labels == label) for label in range(1, count + 1)]
    return sorted(found, key=lambda segment: -segment.max_score)


def segments_table(inspection: Inspection, *, mm_per_pixel: float | None = None) -> pd.DataFrame:
    """A row per segment with the columns `SEGMENT_COLUMNS`; segments and tiles count from 0.

    Args:
        inspection: the answer.
        mm_per_pixel: how many millimetres a pixel is wide and high; `area_mm2` is empty where it is None.

    Raises:
        SettingsError: a scale that is not finite and above 0.
    """
    check_scale(mm_per_pixel)
    rows = [
        (
            *(writable(inspection.image), number, *found.box_ltrb, len(found.tiles), found.area_px),
            area_mm2(found, mm_per_pixel),
            *(found.max_score, found.strongest_tile, found.polygon),
        )
        for number, found in enumerate(segments(inspection))
    ]
    columns = zip(*rows, strict=True) if rows else ((),) * len(SEGMENT_COLUMNS)
    # A table without a row has the same columns of the same types as others.
    return pd.DataFrame(
        {name: pd.Series(values, dtype=_TYPES[name]) for name, values in zip(SEGMENT_COLUMNS, columns, strict=True)}
    )


def area_mm2(segment: Segment, mm_per_pixel: float | None) -> float:
    """A segment's area in square millimetres; NaN without a scale."""
    return math.nan if mm_per_pixel is None else segment.area_px * mm_per_pixel**2


def check_scale(mm_per_pixel: float | None) -> None:
    """Refuse what is no scale.

    Raises:
        SettingsError: it is neither None nor finite and above 0.
    """
    if mm_per_pixel is not None and not (math.isfinite(mm_per_pixel) and mm_per_pixel > 0):
        raise SettingsError(
            f"a pixel of {mm_per_pixel} mm was given", remedy="Give how many millimetres a pixel is wide, above 0"
        )


_TYPES: Final[dict[str, str]] = {
    **dict.fromkeys(("image", "polygon"), "str"),
    **dict.fromkeys(("segment", "left", "top", "right", "bottom", "tiles", "area_px", "strongest_tile"), "int64"),
    **dict.fromkeys(("area_mm2", "max_score"), "float64"),
}


def _segment(inspection: Inspection, where: Mask) -> Segment:
    layout, scores = inspection.scores.layout, inspection.scores.scores
    tiles = np.flatnonzero(where)
    boxes = layout.boxes_ltrb[tiles].astype(np.int64)
    strongest = int(tiles[np.argmax(scores[tiles])])
    left, top = boxes[:, :2].min(axis=0).tolist()
    right, bottom = boxes[:, 2:].max(axis=0).tolist()
    return Segment(
        tiles=tuple(tiles.tolist()),
        box_ltrb=(left, top, right, bottom),
        area_px=int(((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])).sum()),
        max_score=float(scores[strongest]),
        strongest_tile=strongest,
        parts=tuple(_parts(layout, where)),
    )


def _parts(layout: TileLayout, where: Mask) -> Iterator[Part]:
    boxes: Boxes = layout.boxes_ltrb.reshape(*where.shape, 4)
    xs = [*boxes[0, :, 0].tolist(), int(boxes[0, -1, 2])]
    ys = [*boxes[:, 0, 1].tolist(), int(boxes[-1, 0, 3])]

    def in_pixels(ring: Ring) -> Ring:
        return tuple((xs[x], ys[y]) for x, y in ring)

    labels, count = ndimage.label(where)
    for label in range(1, count + 1):
        part = labels == label
        # The ring that holds the topmost, leftmost corner is the outer one.
        outer, *holes = map(in_pixels, sorted(_rings(part), key=lambda ring: min((y, x) for x, y in ring)))
        pieces = map(in_pixels, _bands(part)) if holes else (outer,)
        yield Part(outer, tuple(holes), tuple(pieces))


def _rings(part: Mask) -> Iterator[Ring]:
    """The outlines of tiles that share edges, as corners of the grid; what is flagged lies to the right of the way.

    Where two flagged tiles meet in a corner alone, the way keeps to the unflagged tile on its left, so that each hole
    has a ring of its own, which touches others in points at most.
    """
    steps = _edges(part)
    while steps:
        start = min(steps)
        ring: list[Point] = []
        at, heading = start, (1, 0)
        while at in steps:
            ahead = steps[at]
            step = next(turn for turn in _turns(heading) if turn in ahead)
            ahead.remove(step)
            if not ahead:
                del steps[at]
            if step != heading or not ring:
                ring.append(at)
            at, heading = (at[0] + step[0], at[1] + step[1]), step
        yield tuple(ring)


def _edges(part: Mask) -> dict[Point, list[Point]]:
    """For each corner the directions in which an outline leaves it."""
    inside = np.pad(part, 1)
    steps: dict[Point, list[Point]] = {}
    for y, x in np.argwhere(part).tolist():
        for (dy, dx), corner, step in (
            ((-1, 0), (x, y), (1, 0)),
            ((0, 1), (x + 1, y), (0, 1)),
            ((1, 0), (x + 1, y + 1), (-1, 0)),
            ((0, -1), (x, y + 1), (0, -1)),
        ):
            if not inside[y + 1 + dy, x + 1 + dx]:
                steps.setdefault(corner, []).append(step)
    return steps


def _turns(heading: Point) -> tuple[Point, Point, Point]:
    """Left, straight on and right of a heading, as seen in a picture, where y grows downwards."""
    dx, dy = heading
    return (dy, -dx), heading, (-dy, dx)


def _bands(part: Mask) -> Iterator[Ring]:
    """Tiles as one rectangle for each run of them in a row."""
    for y, row in enumerate(part):
        changes = np.flatnonzero(np.diff(np.pad(row, 1).astype(np.int8))).tolist()
        for left, right in zip(changes[::2], changes[1::2], strict=True):
            yield ((left, y), (right, y), (right, y + 1), (left, y + 1))


def _wkt_ring(ring: Ring) -> str:
    return f"({', '.join(f'{x} {y}' for x, y in (*ring, ring[0]))})"
