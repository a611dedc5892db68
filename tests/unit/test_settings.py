"""What a user may choose; what no picture could satisfy is refused with a remedy."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from segdetect.errors import SettingsError
from segdetect.settings import MAX_GRID, EngineName, GridSize, PlanVersion, Rule, RuleName, Scope, Settings


def test_the_defaults_are_those_of_the_blog_with_everything_left_to_us() -> None:
    settings = Settings()
    assert (settings.grid, settings.scope) == (GridSize(7, 7), Scope.SELF)
    assert (settings.engine, settings.rule.name) == (EngineName.AUTO, RuleName.AUTO)


@pytest.mark.parametrize(("rows", "cols"), [(0, 5), (5, 0), (-1, 3), (MAX_GRID + 1, 3), (3, MAX_GRID + 1)])
def test_a_side_out_of_range_is_refused_with_the_range(rows: int, cols: int) -> None:
    with pytest.raises(SettingsError, match=f"Choose 1 to {MAX_GRID}"):
        GridSize(rows, cols)


def test_a_single_tile_is_refused_and_a_strip_is_not() -> None:
    with pytest.raises(SettingsError, match="nothing to compare"):
        GridSize(1, 1)
    assert GridSize(1, 2).tiles == 2
    assert str(GridSize(1, MAX_GRID)) == f"1 x {MAX_GRID}"


def test_true_is_no_number() -> None:
    with pytest.raises(SettingsError, match="the grid has True rows"):
        GridSize(True, 5)
    with pytest.raises(SettingsError, match="finite number"):
        Rule(RuleName.THRESHOLD, threshold=True)
    with pytest.raises(SettingsError, match=r"0 to 0\.5"):
        Rule(expected_defective=False)
    with pytest.raises(SettingsError, match="no version True"):
        PlanVersion("gasket", True)
    assert GridSize(np.int64(3), 5).tiles == 15  # type: ignore[arg-type]


@pytest.mark.parametrize("threshold", [None, math.nan, math.inf])
def test_a_threshold_rule_needs_a_finite_number(threshold: float | None) -> None:
    with pytest.raises(SettingsError, match="finite number"):
        Rule(RuleName.THRESHOLD, threshold=threshold)
    assert Rule(RuleName.THRESHOLD, threshold=0.0).threshold == 0.0


@pytest.mark.parametrize("share", [0.0, -0.1, 0.51, math.nan])
def test_a_false_alarm_budget_out_of_range_is_refused(share: float) -> None:
    with pytest.raises(SettingsError, match=r"at most 0\.5"):
        Rule(false_alarms=share)
    assert Rule(false_alarms=0.5).false_alarms == 0.5


@pytest.mark.parametrize("share", [-0.1, 0.51, math.nan])
def test_more_than_half_of_a_batch_cannot_be_expected_to_be_defective(share: float) -> None:
    with pytest.raises(SettingsError, match=r"0 to 0\.5"):
        Rule(expected_defective=share)
    assert [Rule(expected_defective=share).expected_defective for share in (0.0, 0.5)] == [0.0, 0.5]


def test_settings_are_values() -> None:
    assert Settings(grid=GridSize(3, 4)) == Settings(grid=GridSize(3, 4))
    assert len({Settings(), Settings(), Settings(scope=Scope.BATCH)}) == 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().grid = GridSize(2, 2)  # type: ignore[misc]


def test_names_are_those_that_the_command_line_and_the_files_use() -> None:
    assert [*EngineName] == ["auto", "fastdup", "dinov2", "texture"]
    assert [*Scope] == ["self", "references", "batch"]
    assert [*RuleName] == ["auto", "gate", "calibrated", "fence", "stock", "threshold"]


def test_bare_names_are_taken_for_the_choices_they_name() -> None:
    settings = Settings(engine="texture", scope="batch", rule=Rule("fence"))  # type: ignore[arg-type]
    assert settings.engine is EngineName.TEXTURE
    assert settings.scope is Scope.BATCH
    assert settings.rule.name is RuleName.FENCE
    with pytest.raises(SettingsError, match=r"no scope 'all'\. Choose one of self, references, batch"):
        Settings(scope="all")  # type: ignore[arg-type]
