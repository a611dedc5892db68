"""Dense classical descriptors: how strongly each place answers to Gabor filters. No weights, runs everywhere.

The filters answer to lightness and to colour at several wavelengths and orientations. Local Gabor amplitude is the
texture measure of Jain and Farrokhnia (Pattern Recognition 24(12), 1991).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import ClassVar, Final

import cv2
import numpy as np
import numpy.typing as npt

from segdetect.engines.base import Comparison, Embeddings, EmbedRequest
from segdetect.engines.cells import cell_boxes, unit_rows
from segdetect.pictures.loading import Pixels
from segdetect.progress import Progress, no_progress
from segdetect.settings import EngineName

Plane = npt.NDArray[np.float32]

# A picture is described at the size whose area is SIDE x SIDE and on CELLS x CELLS cells of the same shape, so that
# time does not depend on the picture's size or aspect.
SIDE: Final = 512
CELLS: Final = 48
# In pixels at the working size; shorter ones see resizing and noise.
WAVELENGTHS: Final = (4.0, 6.0, 9.0, 13.0, 18.0, 26.0)
COLOUR_WAVELENGTHS: Final = WAVELENGTHS[2:]  # cameras and JPEG keep colour at half the resolution
LIGHT_ORIENTATIONS: Final = 6
COLOUR_ORIENTATIONS: Final = 4
BANDWIDTH: Final = 0.56  # standard deviation of a filter's window in wavelengths: one octave (Jain and Farrokhnia)
POOLING: Final = 0.18  # standard deviation of the window around a cell's centre, in cells; wider ones blur defects away
COLOUR_MEAN: Final = 0.075  # weight of the plain local colour, the band of endless wavelength
# Outermost cells that are described as their inner neighbours are. There, much of what filters see is padding, which
# breaks the beat of a regular texture. Each cell takes all of its description from one place: wavelengths taken from
# different distances to the border do not occur together anywhere else, and would stand out themselves.
BORDER: Final = 1
FLAT: Final = 0.07  # amplitude, as a share of full contrast, that counts as much as having no texture
COMPARISON: Final = Comparison(
    neighbours=3, exclude=7, exclude_varied=1, uniform=0.75, by_variety=True, top_share=0.02, smoothing=1.3
)


class TextureEngine:
    """Describes pictures with filters alone. Stateless, hence safe to share between threads."""

    name: ClassVar[EngineName] = EngineName.TEXTURE
    dense: ClassVar[bool] = True

    @property
    def version(self) -> str:
        """Version of the descriptor and of the library that filters."""
        return f"texture 2 (OpenCV {cv2.__version__})"

    def check(self) -> None:
        """Needs nothing that the program itself does not need."""

    def embed(self, requests: Sequence[EmbedRequest], progress: Progress = no_progress) -> list[Embeddings]:
        """Describe pictures, each on its own lattice of about 2,300 cells."""
        answers = []
        for done, request in enumerate(requests):
            progress(done / len(requests), f"describing {request.image.name}")
            answers.append(_describe(request.image.filled))
        return answers


def _describe(pixels: Pixels) -> Embeddings:
    size_wh = (pixels.shape[1], pixels.shape[0])
    lattice = _lattice(size_wh)
    light, *colours = _lab_planes(_resize(pixels, _working_size(size_wh)))
    planes = _amplitudes(light, WAVELENGTHS, LIGHT_ORIENTATIONS)
    for colour in colours:
        planes += [*_amplitudes(colour, COLOUR_WAVELENGTHS, COLOUR_ORIENTATIONS), colour * np.float32(COLOUR_MEAN)]
    cells = np.stack([_pool(plane, lattice) for plane in planes], axis=1)[_places(lattice)]
    flat = np.full((len(cells), 1), FLAT, np.float32)
    layer = unit_rows(np.concatenate([cells, flat], axis=1))
    return Embeddings((layer,), lattice, cell_boxes(size_wh, lattice), True, COMPARISON)


def _proportional(size_wh: tuple[int, int], side: int, least: int) -> tuple[int, int]:
    """A size of the area `side * side` and of a picture's shape, as far as no side becomes shorter than `least`."""
    scale = side / (size_wh[0] * size_wh[1]) ** 0.5
    # Where the shorter side is held at the least, the longer one gives way: else long lines of pixels grow without end.
    most = side * side // least
    width, height = (min(most, max(least, round(length * scale))) for length in size_wh)
    return width, height


def _working_size(size_wh: tuple[int, int]) -> tuple[int, int]:
    return _proportional(size_wh, SIDE, 16)


def _lattice(size_wh: tuple[int, int]) -> tuple[int, int]:
    cols, rows = _proportional(size_wh, CELLS, 2)
    return min(rows, size_wh[1]), min(cols, size_wh[0])


def _places(lattice: tuple[int, int]) -> npt.NDArray[np.intp]:
    """`(rows * cols,)` the cell that describes each cell: itself, or the nearest one off the picture's border."""
    row, col = (np.clip(np.arange(n), min(BORDER, n // 4), n - 1 - min(BORDER, n // 4)) for n in lattice)
    return np.asarray(row[:, None] * lattice[1] + col, np.intp).ravel()


def _resize(pixels: Pixels, size_wh: tuple[int, int]) -> Pixels:
    shrinks = size_wh[0] * size_wh[1] < pixels.shape[0] * pixels.shape[1]
    resized = cv2.resize(pixels, size_wh, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return resized.astype(np.uint8, copy=False)


def _lab_planes(pixels: Pixels) -> list[Plane]:
    """CIE L*a*b* with L* / 100, a* / 50 and b* / 50, since colours vary less than lightness does."""
    lab = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return [np.ascontiguousarray(lab[:, :, i] / whole, dtype=np.float32) for i, whole in enumerate((100, 50, 50))]


def _amplitudes(plane: Plane, wavelengths: Sequence[float], orientations: int) -> list[Plane]:
    """Gabor amplitudes by wavelength and orientation; long waves are filtered on halved copies, which is faster."""
    planes, scale = [], 1
    for wavelength in wavelengths:
        while wavelength / scale >= 8 and min(plane.shape) >= 8:
            plane, scale = cv2.pyrDown(plane).astype(np.float32, copy=False), 2 * scale
        # Contrast of natural pictures grows with wavelength (Field, JOSA A 4(12), 1987): this evens the bands out.
        gain = 3 / wavelength
        for turn in range(orientations // 2 + 1):
            planes += _gabor_pair(plane, wavelength / scale, np.pi * turn / orientations, gain)
    return planes


def _gabor_pair(plane: Plane, wavelength: float, angle: float, gain: float) -> list[Plane]:
    """Amplitudes for waves along `angle` and its mirror image `-angle`; one when both are the same wave.

    The window is round, so that a filter is a sum of products of one-dimensional ones, which both directions share.
    """
    (cos_x, sin_x), (cos_y, sin_y), window, offset, weight = _gabor_parts(wavelength, angle)
    scale = gain / weight

    def product(along_x: Plane, along_y: Plane) -> Plane:
        answer = cv2.sepFilter2D(plane, cv2.CV_32F, along_x, along_y, borderType=cv2.BORDER_REFLECT_101)
        return answer.astype(np.float32, copy=False) * scale

    even, odd = product(cos_x, cos_y) - offset * product(window, window), product(sin_x, cos_y)
    if not sin_y.any():
        return [_magnitude(even, odd)]
    even_too, odd_too = product(sin_x, sin_y), product(cos_x, sin_y)
    if angle == np.pi / 2:
        return [_magnitude(even, odd_too)]
    pairs = ((even - even_too, odd + odd_too), (even + even_too, odd - odd_too))
    return [_magnitude(*pair) for pair in pairs]


def _magnitude(even: Plane, odd: Plane) -> Plane:
    """By NumPy, since OpenCV's rounds the last bit by where the arrays happen to lie in memory."""
    square = even * even
    square += odd * odd
    np.sqrt(square, out=square)
    return square


@lru_cache(maxsize=64)
def _gabor_parts(
    wavelength: float, angle: float
) -> tuple[tuple[Plane, Plane], tuple[Plane, Plane], Plane, float, float]:
    """Windowed waves along x and y, their window, and the two-dimensional even filter's mean and absolute weight."""
    sigma = BANDWIDTH * wavelength
    reach = int(np.ceil(2.5 * sigma))
    at = np.arange(-reach, reach + 1)
    window = np.exp(-(at**2) / (2 * sigma**2))
    waves = []
    for part in (np.cos(angle), np.sin(angle)):
        phase = 2 * np.pi / wavelength * part * at
        waves.append((window * np.cos(phase), window * np.sin(phase)))
    (cos_x, sin_x), (cos_y, sin_y) = waves
    even = np.outer(cos_y, cos_x) - np.outer(sin_y, sin_x)
    both = np.outer(window, window)
    offset = even.sum() / both.sum()
    weight = np.abs(even - offset * both).sum()
    kernels = [kernel.astype(np.float32) for kernel in (cos_x, sin_x, cos_y, sin_y, window)]
    return (kernels[0], kernels[1]), (kernels[2], kernels[3]), kernels[4], float(offset), float(weight)


def _pool(plane: Plane, lattice: tuple[int, int]) -> Plane:
    """Weighted means around the cells' centres, `(rows * cols,)`."""
    rows, cols = lattice
    sigma = POOLING * max(plane.shape[0] / rows, plane.shape[1] / cols)
    smooth = cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
    return cv2.resize(smooth, (cols, rows), interpolation=cv2.INTER_AREA).reshape(-1).astype(np.float32, copy=False)
