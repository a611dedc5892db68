"""What becomes of a plan whose engine stops of itself: told in time, and with another engine in its place."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from segdetect.engines.base import Engine
from segdetect.engines.expiry import Expiry
from segdetect.errors import EngineMissingError
from segdetect.runs.successors import ending, hint, successor, switched
from segdetect.settings import EngineName, Rule, RuleName, Settings
from segdetect.storage.plans.plan import Plan
from tests.support.tiny_engine import TinyDenseEngine, TinyTileEngine

DAY = date(2026, 12, 21)


class Ending(TinyTileEngine):
    expiry = Expiry("tiny 1", DAY)


class Missing(TinyDenseEngine):
    def check(self) -> None:
        raise EngineMissingError("it is not installed")


ENGINES: dict[EngineName, Engine] = {
    EngineName.FASTDUP: Ending(),
    EngineName.DINOV2: Missing(),
    EngineName.TEXTURE: TinyDenseEngine(),
}


def plan(engine: EngineName, rule: Rule | None = None) -> Plan:
    return Plan(name="Gasket", settings=Settings(engine=engine, rule=rule or Rule()))


@pytest.mark.parametrize(
    ("engine", "left", "told"),
    [
        (EngineName.FASTDUP, 31, False),
        (EngineName.FASTDUP, 30, True),
        (EngineName.FASTDUP, -100, True),
        (EngineName.AUTO, 30, True),
        (EngineName.TEXTURE, 1, False),
    ],
)
def test_it_is_told_in_time_and_only_of_plans_that_use_the_engine(engine: EngineName, left: int, told: bool) -> None:
    assert (ending(ENGINES, plan(engine), DAY - timedelta(days=left)) is not None) is told


def test_the_hint_says_what_happens_and_that_scores_do_not_carry_over() -> None:
    named = hint(plan(EngineName.FASTDUP), Ending.expiry, DAY - timedelta(days=3))
    assert named.startswith(
        "tiny 1 stops on 2026-12-21, in 3 days. The plan asks for it: from then on nothing can be inspected by it."
    )
    left_open = hint(plan(EngineName.AUTO), Ending.expiry, DAY)
    assert left_open.startswith(
        "tiny 1 expired on 2026-12-21. The plan leaves the choice open: since then answers are by another engine."
    )
    assert "another scale" in named
    assert "another scale" in left_open


def test_the_next_engine_that_runs_takes_its_place() -> None:
    assert successor(ENGINES) is EngineName.TEXTURE
    assert successor(ENGINES | {EngineName.TEXTURE: Missing()}) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Rule(RuleName.THRESHOLD, threshold=0.4), Rule()),
        (Rule(RuleName.STOCK), Rule()),
        (Rule(RuleName.GATE, false_alarms=0.05), Rule(RuleName.GATE, false_alarms=0.05)),
    ],
)
def test_a_rule_on_the_former_scale_becomes_the_automatic_one(before: Rule, after: Rule) -> None:
    changed = switched(plan(EngineName.FASTDUP, before), EngineName.TEXTURE)
    assert (changed.settings.engine, changed.settings.rule) == (EngineName.TEXTURE, after)
