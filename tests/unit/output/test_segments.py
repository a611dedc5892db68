"""Flagged tiles that touch: which belong together, and their outlines, checked against pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from segdetect.errors import SettingsError
from segdetect.inspection import Inspection
from segdetect.output.segments import SEGMENT_COLUMNS, Ring, Segment, segments, segments_table
from segdetect.output.tables import csv_bytes
from segdetect.settings import GridSize
from tests.support.pictures import answer, picture, weave

IMAGE = picture(weave((73, 67)), "a.png")
Lattice = npt.NDArray[np.bool_]


def _inspection(lattice: Lattice) -> Inspection:
    scores = np.linspace(0.1, 0.9, lattice.size)
    return answer(IMAGE, scores.tolist(), grid=GridSize(*lattice.shape), flagged=np.flatnonzero(lattice).tolist())


def _drawn(*rings: Ring) -> Lattice:
    """Pixels whose middle lies within an odd number of rings, by the rule of crossings."""
    y, x = (axis + 0.5 for axis in np.indices(IMAGE.size_wh[::-1]))
    inside = np.zeros(x.shape, bool)
    for ring in rings:
        for (x0, y0), (_, y1) in zip(ring, (*ring[1:], ring[0]), strict=True):
            inside ^= (min(y0, y1) <= y) & (y < max(y0, y1)) & (x < x0)
    return inside


def _marked(found: Segment, inspection: Inspection) -> Lattice:
    pixels = np.zeros(IMAGE.size_wh[::-1], bool)
    for left, top, right, bottom in inspection.scores.layout.boxes_ltrb[list(found.tiles)].tolist():
        pixels[top:bottom, left:right] = True
    return pixels


@settings(deadline=None, max_examples=60)
@given(arrays(np.bool_, st.tuples(st.integers(2, 6), st.integers(2, 7))))
def test_outlines_hold_the_pixels_of_the_tiles_and_no_others(lattice: Lattice) -> None:
    inspection = _inspection(lattice)
    found = segments(inspection)
    assert sorted(tile for segment in found for tile in segment.tiles) == np.flatnonzero(lattice).tolist()
    for segment in found:
        wanted = _marked(segment, inspection)
        left, top, right, bottom = segment.box_ltrb
        assert wanted.sum() == segment.area_px == wanted[top:bottom, left:right].sum()
        outlines = np.array([_drawn(part.outer, *part.holes) for part in segment.parts])
        pieces = np.array([_drawn(piece) for part in segment.parts for piece in part.pieces])
        for drawn in (outlines, pieces):
            assert (drawn.sum(axis=0) == wanted).all()
        for ring in (ring for part in segment.parts for ring in (part.outer, *part.holes)):
            assert len(set(ring)) == len(ring) >= 4
            assert all((a[0] == b[0]) != (a[1] == b[1]) for a, b in zip(ring, (*ring[1:], ring[0]), strict=True))


@settings(deadline=None, max_examples=60)
@given(arrays(np.bool_, st.tuples(st.integers(2, 6), st.integers(2, 7))))
def test_tiles_belong_together_when_a_chain_of_touching_ones_joins_them(lattice: Lattice) -> None:
    cols = lattice.shape[1]
    wanted = {tile: {tile} for tile in np.flatnonzero(lattice).tolist()}
    for one in wanted:
        for other in wanted:
            near = max(abs(one // cols - other // cols), abs(one % cols - other % cols)) == 1
            if near and wanted[one] is not wanted[other]:
                wanted[one] |= wanted[other]
                wanted.update(dict.fromkeys(wanted[one], wanted[one]))
    assert {s.tiles for s in segments(_inspection(lattice))} == {tuple(sorted(group)) for group in wanted.values()}


@pytest.mark.parametrize(
    ("rows", "polygon"),
    [
        (["##", ".."], "MULTIPOLYGON (((0 0, 73 0, 73 33, 0 33, 0 0)))"),
        (["#.", ".#"], "MULTIPOLYGON (((0 0, 36 0, 36 33, 0 33, 0 0)), ((36 33, 73 33, 73 67, 36 67, 36 33)))"),
        (
            ["###", "#.#", "###"],
            "MULTIPOLYGON (((0 0, 73 0, 73 67, 0 67, 0 0), (24 22, 24 44, 48 44, 48 22, 24 22)))",
        ),
    ],
    ids=["one row", "a slant", "a hole"],
)
def test_outlines_as_well_known_text(rows: list[str], polygon: str) -> None:
    lattice = np.array([[sign == "#" for sign in row] for row in rows])
    (found,) = segments(_inspection(lattice))
    assert found.polygon == polygon


def test_the_table_as_a_file() -> None:
    scores = [0.5, 0.0, 0.0, 0.0, 0.0, 0.75, 0.0, 1.0]
    inspection = answer(picture(weave((48, 20)), "a.png"), scores, grid=GridSize(2, 4), flagged=[0, 5, 7])
    assert csv_bytes(segments_table(inspection, mm_per_pixel=0.5)).decode().splitlines() == [
        ",".join(SEGMENT_COLUMNS),
        'a.png,0,36,10,48,20,1,120,30.0,1.0,7,"MULTIPOLYGON (((36 10, 48 10, 48 20, 36 20, 36 10)))"',
        "a.png,1,0,0,24,20,2,240,60.0,0.75,5,"
        '"MULTIPOLYGON (((0 0, 12 0, 12 10, 0 10, 0 0)), ((12 10, 24 10, 24 20, 12 20, 12 10)))"',
    ]
    assert ",240,,0.75,5," in csv_bytes(segments_table(inspection)).decode()


def test_where_nothing_is_flagged_the_columns_and_their_types_are_still_there() -> None:
    none, some = (segments_table(_inspection(lattice)) for lattice in (np.zeros((2, 2), bool), np.ones((2, 2), bool)))
    assert len(none) == 0
    assert dict(none.dtypes) == dict(some.dtypes)


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf")])
def test_a_scale_that_is_none_is_refused(scale: float) -> None:
    with pytest.raises(SettingsError, match="Give how many millimetres"):
        segments_table(_inspection(np.ones((2, 2), bool)), mm_per_pixel=scale)
