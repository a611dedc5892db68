"""What the page says of a second engine's answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from segdetect.inspection import Inspection, Verdict
from segdetect.pictures.loading import load_image
from segdetect.pipeline import Inspector
from segdetect.settings import EngineName, GridSize, Rule, RuleName, Settings
from segdetect.ui.inspect.second_opinion import agreement, disputed, more_telling
from tests.support.pictures import answer, picture, planted, png, weave


def test_a_second_engine_that_cannot_tell_says_why_unless_the_first_said_it() -> None:
    image = load_image(png(planted(2, 3, size_wh=(224, 224))), name="part.png")
    first = Inspector().inspect(image, Settings(engine=EngineName.TEXTURE, rule=Rule(RuleName.STOCK)))
    other = replace(first, decision=replace(first.decision, reason="The picture is blank."))

    assert agreement(first, first) == "cannot tell, for the same reason"
    assert agreement(first, other) == "cannot tell. The picture is blank."


def _by(engine: EngineName, verdict: Verdict, *flagged: int) -> Inspection:
    scores = [0.1, 0.8, 0.2, 0.9, 0.3, 0.4]
    inspection = answer(picture(weave()), scores, grid=GridSize(2, 3), flagged=flagged, verdict=verdict)
    return replace(inspection, engine=engine)


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (Verdict.CANNOT_TELL, Verdict.ANOMALOUS, "dinov2 can tell: anomalous"),
        (Verdict.CANNOT_TELL, Verdict.NORMAL, "dinov2 can tell: normal"),
        (Verdict.SUSPICIOUS, Verdict.ANOMALOUS, ""),
        (Verdict.NORMAL, Verdict.CANNOT_TELL, ""),
        (Verdict.CANNOT_TELL, Verdict.CANNOT_TELL, ""),
    ],
)
def test_one_that_can_tell_where_the_first_cannot_is_named(first: Verdict, second: Verdict, said: str) -> None:
    assert more_telling(_by(EngineName.FASTDUP, first), _by(EngineName.DINOV2, second)) == said


def test_of_two_that_disagree_the_one_that_flags_says_where_to_look() -> None:
    nothing, something = _by(EngineName.DINOV2, Verdict.NORMAL), _by(EngineName.TEXTURE, Verdict.SUSPICIOUS, 1, 3)
    told = "look at row 2, column 1 and 1 more: flagged by texture alone"
    for both in ((nothing, something), (something, nothing)):
        dispute = disputed(*both)
        assert dispute is not None
        assert (dispute.engine, dispute.tiles, dispute.told) == (EngineName.TEXTURE, (3, 1), told)
    one = disputed(nothing, _by(EngineName.TEXTURE, Verdict.ANOMALOUS, 5))
    assert one is not None
    assert one.told == "look at row 2, column 3: flagged by texture alone"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Verdict.SUSPICIOUS, Verdict.ANOMALOUS),
        (Verdict.NORMAL, Verdict.NORMAL),
        (Verdict.NORMAL, Verdict.CANNOT_TELL),
        (Verdict.CANNOT_TELL, Verdict.ANOMALOUS),
    ],
)
def test_who_cannot_tell_or_says_the_same_disputes_nothing(first: Verdict, second: Verdict) -> None:
    assert disputed(_by(EngineName.FASTDUP, first, 3), _by(EngineName.DINOV2, second, 1)) is None
