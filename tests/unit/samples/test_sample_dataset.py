"""The samples as a data set: what an evaluation reads is what was drawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from segdetect.errors import StorageError
from segdetect.evaluation.datasets import read_dataset
from segdetect.samples.catalogue import SAMPLES, defect_boxes
from segdetect.samples.dataset import write_sample_dataset


def test_an_evaluation_can_read_it(tmp_path: Path) -> None:
    dataset = read_dataset(write_sample_dataset(tmp_path / "samples"))
    assert {Path(sample.name).name for sample in dataset.pictures} == {sample.name for sample in SAMPLES}
    for sample in dataset.pictures:
        boxes, mask = defect_boxes(Path(sample.name).stem), sample.mask()
        assert (mask is None) == (len(boxes) == 0)
        if mask is not None:
            assert all(mask[top:bottom, left:right].all() for left, top, right, bottom in boxes.tolist())
            assert 0 < mask.mean() < 0.2


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot be written"):
        write_sample_dataset(tmp_path / "file" / "samples")
