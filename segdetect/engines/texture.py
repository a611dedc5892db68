"""Dense classical descriptors: how strongly each place answers to Gabor filters. No weights, runs everywhere.

Local Gabor amplitude is the texture measure of Jain and Farrokhnia (Pattern Recognition 24(12), 1991).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import ClassVar, Final

import cv2
import numpy as np
import numpy.typing as npt

from segdetect.engines.base import Comparison, Embeddings, EmbedRequest, Progress, Vectors, no_progress
from segdetect.grid import Boxes
from segdetect.images import Pixels
from segdetect.settings import EngineName

Plane = npt.NDArray[np.float32]

# A picture is described at the size whose area is SIDE x SIDE and on CELLS x CELLS cells of the same shape, so that
# time does not depend on the picture's size or aspect.
SIDE: Final = 512
CELLS: Final = 48
WAVELENGTHS: Final = (3.0, 4.5, 7.0, 10.0, 14.0, 20.0, 28.0)  # pixels at the working size
ORIENTATIONS: Final = 6
POOLING: Final = 0.3  # standard deviation of the pooling window, in cells
FLAT: Final = 0.05  # amplitude, as a share of full contrast, that counts as much as having no texture
COMPARISON: Final = Comparison(neighbours=5, exclude=3, far_share=0.25, top_share=0.05)


class TextureEngine:
    """Describes pictures with filters alone. Stateless, hence safe to share between threads."""

    name: ClassVar[EngineName] = EngineName.TEXTURE
    dense: ClassVar[bool] = True

    @property
    def version(self) -> str:
        """Version of the descriptor and of the library that filters."""
        return f"texture 1 (OpenCV {cv2.__version__})"

    def check(self) -> None:
        """Needs nothing that the program itself does not need."""

    def embed(self, requests: Sequence[EmbedRequest], progress: Progress = no_progress) -> list[Embeddings]:
        """Describe pictures, each on its own lattice of about 2,300 cells."""
        answers = []
        for done, request in enumerate(requests):
            progress(done / len(requests), f"Describing {request.image.name}")
            answers.append(_describe(request.image.pixels))
        return answers


def _describe(pixels: Pixels) -> Embeddings:
    size_wh = (pixels.shape[1], pixels.shape[0])
    lattice = _lattice(size_wh)
    lightness = _lightness(_resize(pixels, _working_size(size_wh)))
    amplitudes = np.stack([_pool(plane, lattice) for plane in _gabor_amplitudes(lightness)], axis=1)
    layer = _unit_rows(np.concatenate([amplitudes, np.full((len(amplitudes), 1), FLAT, np.float32)], axis=1))
    return Embeddings((layer,), lattice, _cell_boxes(size_wh, lattice), True, COMPARISON)


def _proportional(size_wh: tuple[int, int], side: int, least: int) -> tuple[int, int]:
    scale = side / (size_wh[0] * size_wh[1]) ** 0.5
    return max(least, round(size_wh[0] * scale)), max(least, round(size_wh[1] * scale))


def _working_size(size_wh: tuple[int, int]) -> tuple[int, int]:
    return _proportional(size_wh, SIDE, 16)


def _lattice(size_wh: tuple[int, int]) -> tuple[int, int]:
    cols, rows = _proportional(size_wh, CELLS, 2)
    return min(rows, size_wh[1]), min(cols, size_wh[0])


def _cell_boxes(size_wh: tuple[int, int], lattice: tuple[int, int]) -> Boxes:
    rows, cols = lattice
    xs, ys = np.arange(cols + 1) * size_wh[0] // cols, np.arange(rows + 1) * size_wh[1] // rows
    top, left = np.meshgrid(ys[:-1], xs[:-1], indexing="ij")
    bottom, right = np.meshgrid(ys[1:], xs[1:], indexing="ij")
    boxes: Boxes = np.stack([left, top, right, bottom], axis=-1).reshape(-1, 4).astype(np.int32)
    boxes.flags.writeable = False
    return boxes


def _resize(pixels: Pixels, size_wh: tuple[int, int]) -> Pixels:
    shrinks = size_wh[0] * size_wh[1] < pixels.shape[0] * pixels.shape[1]
    resized = cv2.resize(pixels, size_wh, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return resized.astype(np.uint8, copy=False)


def _lightness(pixels: Pixels) -> Plane:
    lab = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return np.ascontiguousarray(lab[:, :, 0] / 100, dtype=np.float32)


@lru_cache(maxsize=64)
def _gabor_pair(wavelength: float, angle: float) -> tuple[Plane, Plane]:
    """Even and odd Gabor filters, one octave wide, blind to constant light, absolute even weights adding up to 1."""
    sigma = 0.56 * wavelength
    reach = int(np.ceil(2.5 * sigma))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float64)
    window = np.exp(-(x * x + y * y) / (2 * sigma**2))
    phase = 2 * np.pi / wavelength * (x * np.cos(angle) + y * np.sin(angle))
    even, odd = window * np.cos(phase), window * np.sin(phase)
    even -= window * (even.sum() / window.sum())
    weight = np.abs(even).sum()
    return (even / weight).astype(np.float32), (odd / weight).astype(np.float32)


def _gabor_amplitudes(plane: Plane) -> list[Plane]:
    """Amplitudes by wavelength and orientation; long waves are filtered on halved copies, which is faster."""
    amplitudes, scale = [], 1
    for wavelength in WAVELENGTHS:
        while wavelength / scale >= 8 and min(plane.shape) >= 8:
            plane, scale = cv2.pyrDown(plane).astype(np.float32, copy=False), 2 * scale
        for turn in range(ORIENTATIONS):
            even, odd = _gabor_pair(wavelength / scale, np.pi * turn / ORIENTATIONS)
            answers = [cv2.filter2D(plane, -1, kernel, borderType=cv2.BORDER_REFLECT_101) for kernel in (even, odd)]
            amplitudes.append(cv2.magnitude(*answers).astype(np.float32, copy=False))
    return amplitudes


def _pool(plane: Plane, lattice: tuple[int, int]) -> Plane:
    """Weighted means around the cells' centres, `(rows * cols,)`."""
    rows, cols = lattice
    sigma = POOLING * max(plane.shape[0] / rows, plane.shape[1] / cols)
    smooth = cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
    return cv2.resize(smooth, (cols, rows), interpolation=cv2.INTER_AREA).reshape(-1).astype(np.float32, copy=False)


def _unit_rows(rows: Vectors) -> Vectors:
    unit: Vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    unit.flags.writeable = False
    return unit
