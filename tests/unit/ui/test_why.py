from __future__ import annotations

from dataclasses import replace

import pytest
from PIL import Image

from segdetect.pipeline import Inspector
from segdetect.scoring.look_alikes import tile_facts
from segdetect.settings import EngineName, Settings
from segdetect.ui.inspect import why
from segdetect.ui.inspect.why import sentence
from tests.support.pictures import picture, planted


@pytest.mark.parametrize(
    ("score", "threshold", "says"),
    [
        (0.2264, 0.1126, "Its score of 0.226 is 0.113 above the threshold of 0.113."),
        (0.1124, 0.2262, "Its score of 0.112 is 0.114 below the threshold of 0.226."),
    ],
)
def test_the_distance_to_the_threshold_is_that_of_the_figures_shown(score: float, threshold: float, says: str) -> None:
    inspection = Inspector().inspect(picture(planted(2, 3)), Settings(engine=EngineName.TEXTURE))
    facts = replace(tile_facts(inspection, 3), score=score, threshold=threshold)
    assert sentence(facts).endswith(says)


@pytest.mark.parametrize(
    ("size", "side", "kind", "pixels"),
    [
        ((900, 600), 640, "JPEG", (640, 427)),
        ((900, 600), 148, "PNG", (148, 99)),
        ((900, 900), 148, "JPEG", (148, 148)),
        ((16, 16), 640, "PNG", (16, 16)),
    ],
)
def test_large_parts_are_encoded_quickly_and_small_ones_without_loss(
    size: tuple[int, int], side: int, kind: str, pixels: tuple[int, int]
) -> None:
    small, sent_as = why._reduced(Image.new("RGB", size), side)
    assert (small.size, sent_as) == (pixels, kind)
