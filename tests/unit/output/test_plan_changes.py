"""What differs between two versions of a plan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from segdetect.output.changes import Change
from segdetect.output.plan_changes import plan_changes
from segdetect.output.plan_charts import strip_of_strengths
from segdetect.regions import regions_of
from segdetect.settings import GridSize, Rule, RuleName, Settings
from segdetect.storage.plans.plan import GoodPicture, Plan

ONE, TWO = GoodPicture("one.png", "1" * 64), GoodPicture("two.png", "2" * 64)
PLAN = Plan(name="Gasket", good=(ONE,), labels=("dent",), version=1)


def test_the_same_again_differs_in_nothing() -> None:
    assert plan_changes(PLAN, replace(PLAN, version=2)) == []


def test_what_differs_is_said_in_words() -> None:
    regions = regions_of(np.eye(4, dtype=bool))
    assert regions is not None
    settings = Settings(grid=GridSize(3, 4), rule=Rule(RuleName.THRESHOLD, threshold=0.5), ignore=regions)
    after = replace(PLAN, settings=settings, good=(TWO,), labels=(), version=2)
    assert plan_changes(PLAN, after) == [
        Change("grid", "7 x 7", "3 x 4"),
        Change("rule", "auto", "threshold"),
        Change("threshold", None, 0.5),
        Change("regions to ignore", "none", f"25.0% of the picture (mask {regions.sha256[:8]}...)"),
        Change("labels", "dent", "none"),
        Change("known-good pictures", "1", "1: without one.png, with two.png"),
    ]


def test_the_strip_keeps_points_apart_where_one_is_far_off() -> None:
    near = strip_of_strengths(["a", "b"], [1.0, 1.2], [False, False], 2.0)
    far = strip_of_strengths(["a", "b", "copy"], [1.0, 90.0, 0.0], [False, True, False], 10.0)
    assert (near.layout.xaxis.type, far.layout.xaxis.type) == (None, "log")
    assert far.layout.annotations[0].x == 1.0
    assert far.layout.shapes[0].x0 == 10.0
    assert min(far.data[0].x) > 0
    assert list(far.data[0].customdata) == [1.0, 0.0]
    assert [trace.marker.symbol for trace in far.data] == ["circle", "diamond"]
