"""Masks of data sets: what they mark."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segdetect.errors import DatasetError
from segdetect.evaluation.datasets import LabelledPicture
from tests.support.formats.case import Answer, refusal
from tests.support.mask_files import FAULTY, KINDS, TRUTH, grey, saved


@dataclass(frozen=True)
class MaskCase:
    """A mask of a picture of the size of `TRUTH`.

    Args:
        kind: what it is.
        data: the file.
        times: the picture is so many times as large as the mask.
    """

    kind: str
    data: bytes
    times: int = 1
    refused: bool = False

    def answer(self) -> Answer:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "mask.png"
            path.write_bytes(self.data)
            picture = LabelledPicture("picture", path, (path,), "parts")
            height, width = TRUTH.shape
            try:
                truth = picture.truth((width * self.times, height * self.times))
            except DatasetError as error:
                if not self.refused:
                    raise AssertionError(f"{self.kind} was refused") from error
                return refusal(error)
        assert not self.refused, f"{self.kind} was read"
        assert truth is not None
        wanted = TRUTH.repeat(self.times, 0).repeat(self.times, 1)
        assert np.array_equal(truth.pixels, wanted), self.kind
        return Answer("right to the pixel", "; ".join(("the pixels that were marked", *truth.notes)))


def rows() -> dict[str, list[MaskCase]]:
    """Masks of all kinds, and those that are refused or asked about."""
    inverted = saved(grey(0, np.uint8, 255))
    return {
        "Masks": [
            *(MaskCase(kind, write()) for kind, (write, _) in KINDS.items()),
            MaskCase("half the picture's size", saved(grey(255, np.uint8)), times=2),
            MaskCase("inverted", inverted, refused=True),
            MaskCase("another size", saved(grey(255, np.uint8)[:-1]), refused=True),
            *(MaskCase(kind, data, refused=True) for kind, (data, _) in FAULTY.items()),
        ]
    }
