"""The network that the engine dinov2 runs: pictures in, patch tokens out."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from segdetect.engines.dinov2.graph import EXPECTED, HOW_TO_GET, cut
from segdetect.engines.dinov2.int8 import open_int8
from segdetect.errors import WeightsError

if TYPE_CHECKING:
    import onnxruntime

PRECISION_VARIABLE: Final = "SEGDETECT_DINOV2_PRECISION"
FLOAT32, FLOAT16, INT8 = "float32", "float16", "int8"
# Shares of the blocks; 3, 5 and 7 of 12, counted from 0. The last ones describe things, not surfaces, and find less.
DEPTHS: Final = (1 / 3, 1 / 2, 2 / 3)
MAX_REGISTERS: Final = 8  # exports with registers have 4
MEAN: Final = np.array([0.485, 0.456, 0.406], np.float32)  # ImageNet's, as in the training of DINOv2 and DINOv3
STD: Final = np.array([0.229, 0.224, 0.225], np.float32)

Tokens = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A network that is ready to run. May be shared between threads.

    Args:
        session: what runs it.
        patch: side of a patch, in pixels.
        precision: `float32`, `float16` or `int8`.
        half: it takes and gives float16.
    """

    session: onnxruntime.InferenceSession
    patch: int
    precision: str
    half: bool = False

    def tokens(self, views: npt.NDArray[np.uint8]) -> list[Tokens]:
        """Each block's patch tokens `(n, rows, cols, d)` of `(n, height, width, 3)` views with whole patches.

        Together they take a fifth less time than one by one: the network scales its table of positions once a call.
        """
        rows, cols = views.shape[1] // self.patch, views.shape[2] // self.patch
        blob = ((views.astype(np.float32) / 255 - MEAN) / STD).transpose(0, 3, 1, 2)
        outputs = self._run(blob)
        # Class and register tokens come first.
        return [output[:, -rows * cols :].reshape(len(views), rows, cols, -1) for output in outputs]

    def _run(self, blob: Tokens) -> list[Tokens]:
        given = blob.astype(np.float16) if self.half else blob
        outputs = self.session.run(None, {self.session.get_inputs()[0].name: given})
        return [np.asarray(output, np.float32) for output in outputs]

    def try_out(self, rows: int, cols: int) -> None:
        """Describe a black picture; ValueError when that is not a class token, some registers and a token a patch."""
        for output in self._run(np.zeros((1, 3, rows * self.patch, cols * self.patch), np.float32)):
            if output.ndim != 3 or not 1 <= output.shape[1] - rows * cols <= MAX_REGISTERS + 1:
                raise ValueError(f"a picture of {rows} x {cols} patches came out in the shape {output.shape}")


def open_network(path: Path, digest: str) -> Network:
    """The part of the network in a file that is used, tried on two small pictures.

    Raises:
        EngineMissingError: the package `onnx` is not installed.
        WeightsError: it is not such a network.
    """
    part = cut(path, DEPTHS)
    blocks = "-".join(map(str, part.blocks))
    wanted = os.environ.get(PRECISION_VARIABLE, INT8)
    small = None
    if wanted != FLOAT32 and not part.half:
        small = open_int8(part.model, f"{digest[:16]}-{blocks}", _session, 8 * part.patch)
    try:
        precision = INT8 if small else FLOAT16 if part.half else FLOAT32
        network = Network(small or _session(part.model), part.patch, precision, part.half)
        for rows, cols in ((2, 3), (4, 2)):
            network.try_out(rows, cols)
    except Exception as error:  # ONNX Runtime has no common error class
        raise WeightsError(
            f"the weights file does not work as DINOv2 ({first_line(error)}); expected is {EXPECTED}",
            remedy=HOW_TO_GET,
            file=str(path),
        ) from error
    return network


def _session(model: bytes) -> onnxruntime.InferenceSession:
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = _cores()
    # Idle threads that spin would take the cores from the other sessions and workers of this machine.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def first_line(error: Exception) -> str:
    """What an error says, in a line."""
    return (str(error).splitlines() or [type(error).__name__])[0]
