"""What the page says of a second engine's answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from segdetect.inspection import Inspection, Verdict
from segdetect.pictures.loading import load_image
from segdetect.pipeline import Inspector
from segdetect.settings import EngineName, GridSize, Rule, RuleName, Settings
from segdetect.ui.inspect.second_opinion import agreement, contradicting
from tests.support.pictures import answer, picture, planted, png, weave


def test_a_second_engine_that_cannot_tell_says_why_unless_the_first_said_it() -> None:
    image = load_image(png(planted(2, 3, size_wh=(224, 224))), name="part.png")
    first = Inspector().inspect(image, Settings(engine=EngineName.TEXTURE, rule=Rule(RuleName.STOCK)))
    other = replace(first, decision=replace(first.decision, reason="The picture is blank."))

    assert agreement(first, first) == "cannot tell, for the same reason"
    assert agreement(first, other) == "cannot tell. The picture is blank."


def _by(engine: EngineName, verdict: Verdict) -> Inspection:
    image = picture(weave())
    return replace(answer(image, [0.1, 0.2], grid=GridSize(1, 2), verdict=verdict), engine=engine)


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (Verdict.ANOMALOUS, Verdict.NORMAL, "dinov2 disagrees: normal"),
        (Verdict.NORMAL, Verdict.SUSPICIOUS, "dinov2 disagrees: suspicious"),
        (Verdict.CANNOT_TELL, Verdict.ANOMALOUS, "dinov2 can tell: anomalous"),
        (Verdict.SUSPICIOUS, Verdict.ANOMALOUS, ""),
        (Verdict.NORMAL, Verdict.CANNOT_TELL, ""),
        (Verdict.CANNOT_TELL, Verdict.CANNOT_TELL, ""),
    ],
)
def test_what_contradicts_a_verdict_is_said_in_a_few_words(first: Verdict, second: Verdict, said: str) -> None:
    assert contradicting(_by(EngineName.FASTDUP, first), _by(EngineName.DINOV2, second)) == said
