"""The bundled samples are good pictures, and their boxes are where their defects are."""

from __future__ import annotations

import re

import numpy as np
import pytest

from segdetect.errors import InputError
from segdetect.pictures.loading import load_image
from segdetect.samples import catalogue as samples
from segdetect.samples.catalogue import SAMPLES, Sample, defect_boxes, sample_bytes
from segdetect.samples.drawing import Scene
from segdetect.samples.scenes import fabric, wire_mesh

each_sample = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.key)


def test_keys_fit_in_web_addresses_and_are_unique() -> None:
    keys = [sample.key for sample in SAMPLES]
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", key) for key in keys)
    assert len(set(keys)) == len(keys)


@each_sample
def test_a_sample_is_a_whole_picture_that_says_what_it_is(sample: Sample) -> None:
    image = load_image(sample.make(), name=sample.name)
    assert image.name == f"{sample.key}.png"
    assert 800 <= min(image.size_wh) <= max(image.size_wh) <= 1280
    assert image.notes == ()
    assert 5 <= np.percentile(image.pixels, 1) < np.percentile(image.pixels, 99) <= 255
    assert np.mean(image.pixels == 255) < 0.02
    assert sample.title
    assert sample.description.endswith(".")


@each_sample
def test_boxes_lie_in_the_picture_and_only_the_clean_have_none(sample: Sample) -> None:
    boxes = defect_boxes(sample.key)
    width, height = load_image(sample_bytes(sample.key), name=sample.name).size_wh
    assert (len(boxes) == 0) == sample.clean == (sample.defect == "clean")
    assert boxes.shape[1:] == (4,)
    assert np.all(boxes[:, :2] >= 0)
    assert np.all(boxes[:, 2:] <= (width, height))
    assert np.all(boxes[:, 2:] - boxes[:, :2] >= 10)


def test_one_is_not_square_and_several_are_clean() -> None:
    sizes = {load_image(sample_bytes(sample.key), name="").size_wh for sample in SAMPLES}
    assert any(width != height for width, height in sizes)
    assert sum(sample.clean for sample in SAMPLES) >= 2


@pytest.mark.parametrize("key", ["brushed-metal", "gravel"])
def test_a_sample_is_the_same_every_time(key: str) -> None:
    assert samples._draw(key)[0] == sample_bytes(key)


def _changed_rows_and_columns(flawed: Scene, clean: Scene) -> tuple[np.ndarray, np.ndarray]:
    # Seeds being equal, only the defect and the grain drawn after it differ.
    difference = np.abs(flawed.pixels.astype(int) - clean.pixels.astype(int)).max(axis=2)
    return np.nonzero(difference > 60)


@pytest.mark.parametrize("kind", ["wire-mesh", "fabric"])
def test_the_defects_are_inside_their_boxes(kind: str) -> None:
    if kind == "wire-mesh":
        flawed, clean = wire_mesh(seed=3, broken=True), wire_mesh(seed=3, broken=False)
    else:
        flawed, clean = fabric(seed=3, flawed=True), fabric(seed=3, flawed=False)
    ys, xs = _changed_rows_and_columns(flawed, clean)
    within = [
        (xs >= left - 20) & (xs < right + 20) & (ys >= top - 20) & (ys < bottom + 20)
        for left, top, right, bottom in flawed.boxes_ltrb
    ]
    assert all(np.count_nonzero(one) > 100 for one in within)
    assert np.mean(np.any(within, axis=0)) > 0.95


def test_an_unknown_sample_names_those_there_are() -> None:
    with pytest.raises(InputError, match=r"nonsense.*wire-mesh"):
        sample_bytes("nonsense")
    with pytest.raises(InputError):
        defect_boxes("nonsense")
