"""What the page says of a second engine's answer."""

from __future__ import annotations

from dataclasses import replace

from segdetect.pictures.loading import load_image
from segdetect.pipeline import Inspector
from segdetect.settings import EngineName, Rule, RuleName, Settings
from segdetect.ui.inspect.second_opinion import agreement
from tests.support.pictures import planted, png


def test_a_second_engine_that_cannot_tell_says_why_unless_the_first_said_it() -> None:
    image = load_image(png(planted(2, 3, size_wh=(224, 224))), name="part.png")
    first = Inspector().inspect(image, Settings(engine=EngineName.TEXTURE, rule=Rule(RuleName.STOCK)))
    other = replace(first, decision=replace(first.decision, reason="The picture is blank."))

    assert agreement(first, first) == "cannot tell, for the same reason"
    assert agreement(first, other) == "cannot tell. The picture is blank."
