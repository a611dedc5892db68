"""What stays flagged however the picture is cut."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from segdetect.errors import CancelledError
from segdetect.pipeline import Inspector
from segdetect.runs.stability import MAP_SIDE, neighbouring_grids, stability
from segdetect.settings import EngineName, GridSize, Rule, RuleName, Settings
from tests.support.pictures import picture, planted, weave
from tests.support.tiny_engine import TinyDenseEngine, TinyTileEngine

SETTINGS = Settings(engine=EngineName.FASTDUP)


@pytest.fixture
def inspector() -> Inspector:
    return Inspector({EngineName.TEXTURE: TinyDenseEngine(), EngineName.FASTDUP: TinyTileEngine()})


@pytest.mark.parametrize(
    ("grid", "wanted"),
    [
        (GridSize(7, 7), [(5, 5), (6, 6), (7, 7), (8, 8), (9, 9)]),
        (GridSize(2, 2), [(2, 2), (3, 3), (4, 4)]),
        (GridSize(1, 6), [(1, 4), (1, 5), (1, 6), (1, 7), (1, 8)]),
        (GridSize(3, 8), [(1, 6), (2, 7), (3, 8), (4, 9), (5, 10)]),
        (GridSize(10, 10), [(8, 8), (9, 9), (10, 10)]),
    ],
    ids=str,
)
def test_neighbouring_grids_fit_the_picture(grid: GridSize, wanted: list[tuple[int, int]]) -> None:
    found = neighbouring_grids((109, 109), grid)
    assert [(one.rows, one.cols) for one in found] == wanted


def test_the_largest_grid_has_no_larger_neighbours() -> None:
    assert [grid.rows for grid in neighbouring_grids((2000, 2000), GridSize(32, 32))] == [30, 31, 32]


def test_a_defect_stays_flagged_and_the_rest_does_not(inspector: Inspector) -> None:
    answer = stability(inspector, picture(planted(2, 3)), SETTINGS)
    assert answer.share.shape == (MAP_SIDE, MAP_SIDE)
    assert answer.cuts == 10
    assert answer.flagged_cuts >= 7
    scale = MAP_SIDE / 112
    inside = answer.share[round(36 * scale) : round(44 * scale), round(52 * scale) : round(60 * scale)]
    assert inside.min() >= 0.7
    far = answer.share[round(80 * scale) :]
    assert far.max() == 0.0
    assert not answer.share.flags.writeable


def test_a_clean_picture_is_clean_in_every_cut(inspector: Inspector) -> None:
    answer = stability(inspector, picture(weave()), SETTINGS)
    assert answer.share.max() == 0.0
    assert answer.flagged_cuts == 0


def test_the_map_has_the_pictures_shape(inspector: Inspector) -> None:
    rule = Rule(RuleName.THRESHOLD, threshold=0.0)
    answer = stability(inspector, picture(weave((224, 112))), replace(SETTINGS, rule=rule))
    assert answer.share.shape == (MAP_SIDE // 2, MAP_SIDE)
    np.testing.assert_array_equal(answer.share, 1.0)


def test_all_cuts_are_described_in_one_run(inspector: Inspector) -> None:
    engine = inspector.engines[EngineName.FASTDUP]
    calls: list[int] = []
    embed = engine.embed
    engine.embed = lambda requests, progress: calls.append(len(requests)) or embed(requests, progress)  # type: ignore
    stability(inspector, picture(planted(2, 3)), SETTINGS)
    assert calls == [10]


def test_a_dense_engine_looks_once(inspector: Inspector) -> None:
    engine = inspector.engines[EngineName.TEXTURE]
    assert isinstance(engine, TinyDenseEngine)
    stability(inspector, picture(planted(2, 3)), replace(SETTINGS, engine=EngineName.TEXTURE))
    assert len(engine.described) == 1


def test_a_picture_with_room_for_one_grid_only(inspector: Inspector) -> None:
    answer = stability(inspector, picture(weave((20, 20))), replace(SETTINGS, grid=GridSize(1, 2)))
    assert answer.cuts >= 1


def test_it_can_be_stopped(inspector: Inspector) -> None:
    def stop(share: float, doing: str) -> None:
        raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        stability(inspector, picture(planted(2, 3)), SETTINGS, progress=stop)
