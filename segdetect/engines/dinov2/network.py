"""The network that the engine dinov2 runs: pictures in, patch tokens out."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from segdetect.engines.dinov2.graph import EXPECTED, HOW_TO_GET, Cut, cut
from segdetect.engines.dinov2.int8 import open_int8
from segdetect.engines.dinov2.sessions import chosen, open_accelerated, open_session, run
from segdetect.errors import EngineUnavailableError, WeightsError

if TYPE_CHECKING:
    import onnxruntime

PRECISION_VARIABLE: Final = "SEGDETECT_DINOV2_PRECISION"
FLOAT32, FLOAT16, INT8 = "float32", "float16", "int8"
# Shares of the blocks, 5 and 7 of 12 counted from 0; the last ones describe things, not surfaces, and find less.
DEPTHS: Final = (1 / 2, 2 / 3)
TRIAL_PATCHES: Final = 8  # a side, of the picture of noise that answers are compared on
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
        provider: the accelerator that it runs on, as `sessions` names it; an empty string for the processor.
        turn: held while it runs, where only one picture at a time may.
    """

    session: onnxruntime.InferenceSession
    patch: int
    precision: str
    provider: str = ""
    turn: AbstractContextManager[object] = field(default_factory=nullcontext)

    @property
    def name(self) -> str:
        """Its precision, and what it runs on if that is not the processor."""
        return f"{self.precision} on {self.provider}" if self.provider else self.precision

    def tokens(self, views: npt.NDArray[np.uint8], *, lighter: float = 0.0) -> list[Tokens]:
        """Each block's patch tokens `(n, rows, cols, d)` of `(n, height, width, 3)` views with whole patches.

        Together they take a fifth less time than one by one: the network scales its table of positions once a call.

        Args:
            views: what it sees.
            lighter: grey levels of 255 by which it sees them lighter, or darker if negative; nothing is cut off at
                black or white.
        """
        rows, cols = views.shape[1] // self.patch, views.shape[2] // self.patch
        blob = (((views.astype(np.float32) + np.float32(lighter)) / 255 - MEAN) / STD).transpose(0, 3, 1, 2)
        outputs = self._run(blob)
        # Class and register tokens come first.
        return [output[:, -rows * cols :].reshape(len(views), rows, cols, -1) for output in outputs]

    def _run(self, blob: Tokens) -> list[Tokens]:
        with self.turn:
            return run(self.session, blob)

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
        EngineUnavailableError: a variable of the environment chooses what there is not.
    """
    part = cut(path, DEPTHS)
    try:
        network = _fastest(part, digest)
        for rows, cols in ((2, 3), (4, 2)):
            network.try_out(rows, cols)
    except EngineUnavailableError:
        raise
    except Exception as error:  # ONNX Runtime has no common error class
        raise WeightsError(
            f"the weights file does not work as DINOv2 ({first_line(error)}); expected is {EXPECTED}",
            remedy=HOW_TO_GET,
            file=str(path),
        ) from error
    return network


def _fastest(part: Cut, digest: str) -> Network:
    """On an accelerator if there is one, else with 8-bit products if they can be had, else as it is."""
    wanted = chosen(PRECISION_VARIABLE, (FLOAT32, INT8))
    side = TRIAL_PATCHES * part.patch
    precision = FLOAT16 if part.half else FLOAT32
    if accelerated := open_accelerated(part.model, side):
        name, session = accelerated
        # DirectML allows no two runs of a session at once.
        turn = Lock() if name == "directml" else nullcontext()
        return Network(session, part.patch, precision, name, turn)
    if wanted != FLOAT32 and not part.half:
        blocks = "-".join(map(str, part.blocks))
        small = open_int8(part.model, f"{digest[:16]}-{blocks}", open_session, side)
        if small is not None:
            return Network(small, part.patch, INT8)
    return Network(open_session(part.model), part.patch, precision)


def first_line(error: Exception) -> str:
    """What an error says, in a line."""
    return (str(error).splitlines() or [type(error).__name__])[0]
