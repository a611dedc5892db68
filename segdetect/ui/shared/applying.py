"""Settings of whatever origin put into the controls of the Inspect page."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import streamlit as st

from segdetect.deciding.calibrations import FALSE_ALARMS
from segdetect.settings import RuleName, Settings
from segdetect.ui.shared.controls import defective_choice

PLAN_IN_USE: Final = "plan-in-use"


def as_shown(settings: Settings) -> Settings:
    """Settings of whatever origin, as near as the controls can say them."""
    rule = settings.rule
    # The rules that `auto` chooses between are shown as `auto`.
    name = RuleName.AUTO if rule.name in (RuleName.GATE, RuleName.CALIBRATED) else rule.name
    alarms = min(FALSE_ALARMS, key=lambda share: abs(share - rule.false_alarms))
    return replace(settings, rule=replace(rule, name=name, false_alarms=alarms))


def apply_settings(settings: Settings, *, prefix: str = "") -> None:
    """Callback: set every control to these settings, as `as_shown` has them, and work by their plan, or by none.

    Args:
        settings: the settings.
        prefix: tells apart the controls of several pages.
    """
    grid, rule = settings.grid, settings.rule
    values = {
        **{"apart": grid.rows != grid.cols, "grid": grid.rows, "rows": grid.rows, "cols": grid.cols},
        **{"engine": settings.engine, "scope": settings.scope, "rule": rule.name, "alarms": rule.false_alarms},
        "defective": defective_choice(rule.expected_defective),
        PLAN_IN_USE: settings.plan,
    }
    if rule.threshold is not None:
        values["threshold"] = rule.threshold
    for name, value in values.items():
        st.session_state[f"{prefix}{name}"] = value


def say_the_same(controls: Settings, settings: Settings) -> bool:
    """Whether the controls say what these settings do, as far as they can, whichever plan either belongs to."""
    wanted = as_shown(settings)
    mine, theirs = controls.rule, wanted.rule
    numbers_agree = (
        # A control that is not drawn says nothing: its number plays no part.
        (mine.name is not RuleName.AUTO or mine.false_alarms == theirs.false_alarms)
        # The address keeps six digits of a threshold.
        and math.isclose(mine.threshold or 0.0, theirs.threshold or 0.0, rel_tol=1e-4)
    )
    where = (controls.grid, controls.engine, controls.scope, mine.name, controls.ignore)
    return numbers_agree and where == (wanted.grid, wanted.engine, wanted.scope, theirs.name, wanted.ignore)
