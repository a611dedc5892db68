"""Tiny deterministic engines that replace mocks: mean colour and gradient energy of each cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from segdetect.engines.base import Comparison, Embeddings, EmbedRequest
from segdetect.errors import EngineFailedError
from segdetect.grid import Boxes
from segdetect.progress import Progress, no_progress
from segdetect.settings import EngineName

CELLS = 16


class TinyDenseEngine:
    """Describes a picture on 16 x 16 cells; counts what it described."""

    name: ClassVar[EngineName] = EngineName.TEXTURE
    dense: ClassVar[bool] = True
    version = "tiny 1"

    def __init__(self) -> None:
        self.described: list[str] = []

    def check(self) -> None:
        """Always fine."""

    def embed(self, requests: Sequence[EmbedRequest], progress: Progress = no_progress) -> list[Embeddings]:
        """Describe pictures; one whose name holds `broken` fails the whole call, as in a real engine."""
        answers = []
        for number, request in enumerate(requests):
            progress(number / len(requests), "describing")
            if "broken" in request.image.name:
                raise EngineFailedError("it was told to fail", file=request.image.name)
            self.described.append(request.image.name)
            answers.append(self._describe(request))
        return answers

    def _describe(self, request: EmbedRequest) -> Embeddings:
        width, height = request.image.size_wh
        rows, cols = min(CELLS, height), min(CELLS, width)
        top, left = (v.ravel() for v in np.indices((rows, cols)))
        boxes = np.stack([left * width // cols, top * height // rows], axis=1)
        boxes = np.hstack([boxes, np.stack([(left + 1) * width // cols, (top + 1) * height // rows], axis=1)])
        boxes = boxes.astype(np.int32)
        comparison = Comparison(neighbours=2, exclude=1, top_share=0.5)
        return Embeddings((_vectors(request.image.filled, boxes),), (rows, cols), boxes, True, comparison)


class TinyTileEngine(TinyDenseEngine):
    """Describes each tile of the grid, as fastdup does."""

    name = EngineName.FASTDUP
    dense = False

    def _describe(self, request: EmbedRequest) -> Embeddings:
        grid, boxes = request.layout.grid, request.layout.boxes_ltrb
        vectors = _vectors(request.image.filled, boxes)
        comparison = Comparison(neighbours=2, kth_only=True, uniform=0.65)
        return Embeddings((vectors,), (grid.rows, grid.cols), boxes, False, comparison)


def _vectors(pixels: npt.NDArray[np.uint8], boxes_ltrb: Boxes) -> npt.NDArray[np.float32]:
    rows = []
    for left, top, right, bottom in boxes_ltrb.tolist():
        part = pixels[top:bottom, left:right].astype(np.float32) / 255
        energy = [np.abs(np.diff(part, axis=axis)).mean() for axis in (0, 1)]
        rows.append([*part.mean(axis=(0, 1)), *(4 * value for value in energy), 1.0])
    vectors = np.array(rows, np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
