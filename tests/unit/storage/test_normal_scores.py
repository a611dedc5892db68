"""Scores of normal pictures by one version of a plan, in the order of time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from segdetect.inspection import Verdict
from segdetect.settings import PlanVersion
from segdetect.storage.history.history import History
from tests.support.findings import NOON, failure, finding, inspection, run

PLAN = PlanVersion("Gasket", 2)


@pytest.fixture
def filled(history: History) -> History:
    kept = [
        *(finding(f"{n}.png", seed=n, minutes=n, plan=PLAN, verdict=Verdict.NORMAL) for n in (3, 1, 2, 5, 4)),
        finding("odd.png", seed=6, minutes=6, plan=PLAN),
        finding("old.png", seed=7, minutes=7, plan=PlanVersion("Gasket", 1), verdict=Verdict.NORMAL),
        finding("other.png", seed=8, minutes=8, plan=PlanVersion("Bolt", 2), verdict=Verdict.NORMAL),
        failure(minutes=9),
    ]
    history.add(run(), kept)
    return history


def test_the_first_ones_are_told_from_the_last_ones(filled: History) -> None:
    scores = {n: float(inspection(seed=n).scores.highest) for n in range(1, 6)}
    found = filled.normal_scores("Gasket", 2, first=2, last=2)
    assert found.first == (scores[1], scores[2])
    assert found.later == (scores[4], scores[5])
    assert found.times == (NOON + timedelta(minutes=4), NOON + timedelta(minutes=5))
    assert filled.normal_scores("Gasket", 2, first=2, last=100).later == tuple(scores[n] for n in (3, 4, 5))


def test_too_few_and_those_of_others_are_none(filled: History) -> None:
    assert len(filled.normal_scores("Gasket", 2, first=6, last=9).first) == 5
    assert filled.normal_scores("Gasket", 2, first=5, last=9).later == ()
    assert filled.normal_scores("Gasket", 2, account="anna", first=1, last=9).first == ()
