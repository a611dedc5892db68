"""What is said of an answer to everyone, before any reason."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from segdetect.inspection import Inspection, Verdict
from segdetect.output.sentences import headline, lead
from segdetect.settings import GridSize, RuleName, Scope
from tests.support.pictures import answer, picture, weave

SCORES = [0.1, 0.2, 0.3, 0.4, 0.9, 0.6]
UNREACHED = math.nextafter(0.9, math.inf)
FIRST = "if something is wrong, look at row 2, column 2 first"


def told(verdict: Verdict, *flagged: int, scores: list[float] = SCORES, threshold: float = 0.95, **of: Any) -> str:
    """What is said of an answer with these scores in two rows; `of` changes the scores' other fields."""
    return headline(_answer(verdict, *flagged, scores=scores, threshold=threshold, **of))


def _answer(verdict: Verdict, *flagged: int, scores: list[float], threshold: float, **of: Any) -> Inspection:
    grid = GridSize(2, len(scores) // 2)
    found = answer(picture(weave()), scores, grid=grid, flagged=flagged, threshold=threshold, verdict=verdict)
    return replace(found, scores=replace(found.scores, **of))


def test_what_stands_out_is_counted_and_the_first_place_to_look_is_named() -> None:
    assert told(Verdict.ANOMALOUS, 4, 5) == "2 of 6 tiles stand out, most of all row 2, column 2"
    assert told(Verdict.ANOMALOUS, 4) == "1 of 6 tiles stands out: row 2, column 2"
    assert told(Verdict.SUSPICIOUS, 4) == "1 of 6 tiles stands out, but only just: look at row 2, column 2"
    some = [math.nan, 0.2, 0.3, 0.4, 0.9, 0.6]
    assert told(Verdict.ANOMALOUS, 4, scores=some).startswith("1 of 5 tiles")


def test_nothing_is_said_of_a_normal_picture_but_that() -> None:
    assert told(Verdict.NORMAL, threshold=2.0) == "Nothing stands out"


@pytest.mark.parametrize(
    ("said", "changes"),
    [
        (f"from this picture alone: {FIRST}", {"varied": True, "threshold": UNREACHED}),
        ("for sure: row 2, column 2 nearly stands out", {}),
        ("for sure: row 2, column 2 nearly stands out", {"doubtful": True}),
        (f"from this picture alone: nothing stands out, but {FIRST}", {"doubtful": True, "threshold": 2.0}),
        ("from so few tiles", {"scores": [0.1, 0.9], "threshold": UNREACHED}),
        ("as all tiles are alike", {"scores": [0.0] * 4, "threshold": math.nextafter(0, 1)}),
        (f"with nothing to learn from: {FIRST}", {"threshold": UNREACHED}),
    ],
)
def test_where_nothing_can_be_said_there_is_a_reason_and_a_place_to_look(said: str, changes: dict[str, Any]) -> None:
    assert told(Verdict.CANNOT_TELL, **changes) == f"Cannot tell {said}"


def test_pictures_that_do_not_show_the_same_thing_are_no_batch() -> None:
    found = replace(_answer(Verdict.CANNOT_TELL, scores=SCORES, threshold=UNREACHED), scope=Scope.BATCH)
    assert headline(found) == "Cannot tell since these pictures do not show the same thing"


def test_the_stock_rule_says_that_it_marks_something_everywhere() -> None:
    found = _answer(Verdict.CANNOT_TELL, 4, scores=SCORES, threshold=0.9)
    found = replace(found, decision=replace(found.decision, rule=RuleName.STOCK))
    assert lead(found) == "by this rule, which marks the least similar tiles of every picture"
