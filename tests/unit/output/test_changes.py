"""What changed between two answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from segdetect.inspection import Inspection, Verdict
from segdetect.output.changes import Change, are_tile_by_tile, changes, tile_changes
from segdetect.settings import EngineName, GridSize, Settings
from tests.support.pictures import answer, picture, weave

IMAGE = picture(weave((64, 48)))
GRID = GridSize(2, 3)


def _answer(scores: list[float], flagged: list[int], **values: object) -> Inspection:
    return answer(IMAGE, scores, grid=GRID, flagged=flagged, **values)  # type: ignore[arg-type]


BEFORE = _answer([0.1, 0.2, 0.3, 0.9, 0.4, float("nan")], [3])


def test_an_answer_has_not_changed_from_itself() -> None:
    again = _answer([0.1, 0.2, 0.3, 0.9, 0.4, float("nan")], [3])
    assert changes(BEFORE, again) == []
    assert are_tile_by_tile(BEFORE, again)
    assert tile_changes(BEFORE, again).empty


def test_settings_and_figures_that_differ_are_named() -> None:
    after = _answer([0.1, 0.2, 0.3, 0.8, 0.4, 0.5], [], threshold=float("inf"), verdict=Verdict.NORMAL)
    after = replace(after, settings=Settings(grid=GRID, engine=EngineName.AUTO))
    assert changes(BEFORE, after) == [
        Change("engine asked for", "texture", "auto"),
        Change("verdict", "anomalous", "normal"),
        Change("threshold", 0.5, None),
        Change("strongest score", 0.9, 0.8),
        Change("flagged tiles", "1", "0"),
    ]


def test_tiles_that_turned_come_first_then_those_that_moved_furthest() -> None:
    after = _answer([0.1, 0.2 + 1e-9, 0.7, 0.9, 0.1, 0.5], [2])
    table = tile_changes(BEFORE, after)
    # Tile 5 had no score and has one.
    assert table.tile.tolist() == [2, 3, 5, 4]
    assert table.was_flagged.tolist() == [False, True, False, False]
    assert table.is_flagged.tolist() == [True, False, False, False]
    assert np.isnan(table.before[2])
    assert table.after.tolist() == [0.7, 0.9, 0.5, 0.1]


def test_other_tiles_are_not_compared_one_by_one() -> None:
    finer = answer(IMAGE, [0.1] * 6, grid=GridSize(3, 2))
    other = answer(picture(weave((64, 48), seed=1)), [0.1] * 6, grid=GRID)
    assert not are_tile_by_tile(BEFORE, finer)
    assert not are_tile_by_tile(BEFORE, other)
    assert next(change.what for change in changes(BEFORE, other)) == "SHA-256"
