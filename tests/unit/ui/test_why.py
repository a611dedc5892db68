from __future__ import annotations

from dataclasses import replace

import pytest

from segdetect.pipeline import Inspector
from segdetect.scoring.look_alikes import tile_facts
from segdetect.settings import EngineName, Settings
from segdetect.ui.inspect.why import sentence
from tests.support.pictures import picture, planted


@pytest.mark.parametrize(
    ("score", "threshold", "says"),
    [
        (0.2264, 0.1126, "Its score is 0.226, 0.113 above the threshold of 0.113."),
        (0.1124, 0.2262, "Its score is 0.112, 0.114 below the threshold of 0.226."),
    ],
)
def test_the_distance_to_the_threshold_is_that_of_the_figures_shown(score: float, threshold: float, says: str) -> None:
    inspection = Inspector().inspect(picture(planted(2, 3)), Settings(engine=EngineName.TEXTURE))
    facts = replace(tile_facts(inspection, 3), score=score, threshold=threshold)
    assert sentence(facts).endswith(says)
