"""What good pictures teach: false alarms with their interval, outliers, copies, and those that cover nothing new."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from segdetect.engines.texture import TextureEngine
from segdetect.pictures.loading import LoadedImage
from segdetect.pipeline import Inspector
from segdetect.runs.lessons import confidence_interval, learn, lessons_of
from segdetect.settings import EngineName, GridSize, Scope, Settings
from tests.support.pictures import answer, picture, planted, weave

SETTINGS = Settings(grid=GridSize(7, 7), engine=EngineName.TEXTURE, scope=Scope.REFERENCES)
SIZE = (224, 224)


@pytest.fixture(scope="module")
def inspector() -> Inspector:
    return Inspector({EngineName.TEXTURE: TextureEngine()})


def clean(count: int) -> list[LoadedImage]:
    return [picture(weave(SIZE, seed=seed), f"{seed}.png") for seed in range(count)]


def test_clean_pictures_pass_and_none_is_pointed_out(inspector: Inspector) -> None:
    lessons = learn(inspector, clean(5), SETTINGS)
    assert (lessons.alarms, len(lessons.each)) == (0, 5)
    assert lessons.threshold is not None
    assert lessons.threshold > max(lesson.inspection.scores.highest for lesson in lessons.each)
    assert not any(lesson.outlier or lesson.nothing_new or lesson.twin is not None for lesson in lessons.each)


def test_each_is_compared_with_the_others_alone(inspector: Inspector) -> None:
    lessons = learn(inspector, clean(3), SETTINGS)
    compared = [[source.name for source in lesson.inspection.scores.sources][-2:] for lesson in lessons.each]
    assert compared == [["1.png", "2.png"], ["0.png", "2.png"], ["0.png", "1.png"]]


def test_a_defective_one_is_pointed_out(inspector: Inspector) -> None:
    odd = picture(planted(2, 3, size_wh=SIZE, seed=9), "odd.png")
    lessons = learn(inspector, [*clean(4), odd], SETTINGS)
    assert [lesson.outlier for lesson in lessons.each] == [False, False, False, False, True]


def test_a_copy_is_known_by_what_it_repeats(inspector: Inspector) -> None:
    pixels = weave(SIZE, seed=1).copy()
    pixels[0, 0] = 0
    lessons = learn(inspector, [*clean(4), picture(pixels, "copy.png")], SETTINGS)
    assert [lesson.twin for lesson in lessons.each] == [None, None, None, None, 1]
    assert not any(lesson.nothing_new for lesson in lessons.each)


def test_what_scores_far_less_than_the_others_covers_nothing_new() -> None:
    image = picture(weave((64, 64)))
    strongest = [1.0, 1.1, 0.9, 1.0, 0.3, 6.0]
    lessons = lessons_of([answer(image, [high / 2] * 3 + [high], grid=GridSize(2, 2)) for high in strongest])
    assert [lesson.nothing_new for lesson in lessons.each] == [False, False, False, False, True, False]
    assert [lesson.outlier for lesson in lessons.each] == [False, False, False, False, False, True]


def test_what_it_takes_is_the_median_of_all_also_of_those_that_would_be_false_alarms() -> None:
    image = picture(weave((64, 64)))
    made = [
        answer(image, [1.0, 1.0, 1.0, 4.0], grid=GridSize(2, 2), flagged=[3] if flagged else [], threshold=threshold)
        for flagged, threshold in ((False, 5.0), (True, 2.8), (True, 2.8))
    ]
    each = [
        replace(one, decision=replace(one.decision, needed=at)) for one, at in zip(made, (5.0, 3.0, 3.5), strict=True)
    ]
    assert lessons_of(each).threshold == 3.5


@pytest.mark.parametrize(
    ("count", "total", "low", "high"), [(0, 10, 0.0, 0.3085), (2, 14, 0.0178, 0.4281), (3, 3, 0.2924, 1.0)]
)
def test_the_interval_is_the_exact_one(count: int, total: int, low: float, high: float) -> None:
    assert np.allclose(confidence_interval(count, total), (low, high), atol=1e-4)
