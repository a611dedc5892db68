"""The small pictures of the samples lie in files: each shows its sample, and there is one of each."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from scripts.previews import SIDE, preview
from segdetect.samples.catalogue import PREVIEWS, SAMPLES, Sample


def test_there_is_one_of_each_and_no_other() -> None:
    assert {file.stem for file in PREVIEWS.iterdir()} == {sample.key for sample in SAMPLES}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.key)
def test_it_shows_its_sample(sample: Sample) -> None:
    kept = Image.open(io.BytesIO(sample.preview()))
    assert kept.size == (SIDE, SIDE)
    # JPEG changes a pixel a little; of another sample, or of this one drawn otherwise, most are far off.
    apart = np.abs(np.asarray(kept.convert("RGB"), int) - np.asarray(preview(sample), int))
    assert apart.mean() < 8
