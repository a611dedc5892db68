"""The bundled samples as a data set with masks, to try an evaluation on."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from segdetect.files import storage_errors, write_atomic
from segdetect.pictures.loading import load_image
from segdetect.samples.catalogue import SAMPLES, Sample, defect_boxes


def write_sample_dataset(folder: Path) -> Path:
    """Write a data set in MVTec AD's layout: the samples, with the boxes around their defects as masks.

    Args:
        folder: made where it does not exist; what it holds under the same names is replaced.

    Returns:
        The folder.

    Raises:
        StorageError: it cannot be written.
    """
    with storage_errors(folder):
        for sample in SAMPLES:
            category = folder / sample.key.removeprefix("clean-")
            kind = "good" if sample.clean else "flawed"
            write_atomic(category / "test" / kind / sample.name, sample.make())
            if not sample.clean:
                write_atomic(category / "ground_truth" / kind / f"{sample.key}_mask.png", _mask(sample))
    return folder


def _mask(sample: Sample) -> bytes:
    width, height = load_image(sample.make(), name=sample.name).size_wh
    mask = np.zeros((height, width), np.uint8)
    for left, top, right, bottom in defect_boxes(sample.key).tolist():
        mask[top:bottom, left:right] = 255
    buffer = io.BytesIO()
    Image.fromarray(mask).save(buffer, "PNG")
    return buffer.getvalue()
