"""Running a model with ONNX Runtime: on the processor, or on an accelerator whose answers agree with it."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from segdetect.errors import EngineUnavailableError

if TYPE_CHECKING:
    import onnxruntime

PROVIDER_VARIABLE: Final = "SEGDETECT_DINOV2_PROVIDER"
CPU: Final = "CPUExecutionProvider"
PROCESSOR: Final = "cpu"
# In the order in which they are tried, by the names that `engines` and the environment use. A build of ONNX Runtime has
# at most one or two of them.
ACCELERATORS: Final = {
    "cuda": "CUDAExecutionProvider",
    "directml": "DmlExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
}
# Mean cosine similarity of two models' tokens on a picture of noise: 0.996 and more where the processor multiplies
# 8-bit integers exactly. Older ones saturate, and their answers are of no use.
AGREEMENT: Final = 0.985

Answers = list[npt.NDArray[np.float32]]
Open = Callable[[bytes], "onnxruntime.InferenceSession"]

_LOG = logging.getLogger(__name__)
# Before it is imported: else its telemetry leaves a file with a number of its own in the temporary folder.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"


def open_session(model: bytes, provider: str = CPU) -> onnxruntime.InferenceSession:
    """A session on a model; what an accelerator cannot compute is left to the processor."""
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = _cores()
    # Idle threads that spin would take the cores from the other sessions and workers of this machine.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if provider == ACCELERATORS["directml"]:
        options.enable_mem_pattern = False  # DirectML has none, and refuses to start otherwise
    return onnxruntime.InferenceSession(model, options, providers=list(dict.fromkeys((provider, CPU))))


def open_accelerated(model: bytes, side: int) -> tuple[str, onnxruntime.InferenceSession] | None:
    """The name of an accelerator of this machine that answers as its processor does, and a session on it.

    None where there is none. `SEGDETECT_DINOV2_PROVIDER` names the only one to try; `cpu` tries none.

    Args:
        model: as `cut` returns it.
        side: of the trial picture, in pixels; a multiple of the patches'.

    Raises:
        EngineUnavailableError: the variable names none of those that there may be.
    """
    import onnxruntime

    wanted = chosen(PROVIDER_VARIABLE, (PROCESSOR, *ACCELERATORS))
    here = set(onnxruntime.get_available_providers())
    found = {name: one for name, one in ACCELERATORS.items() if one in here and wanted in ("", name)}
    expected = answers(open_session(model), side) if found else []
    for name, provider in found.items():
        # A driver that is missing, old or out of memory fails in its own way; the processor does the work then.
        try:
            session = open_session(model, provider)
            if session.get_providers()[0] == provider and agreement(answers(session, side), expected) >= AGREEMENT:
                return name, session
        except Exception:
            _LOG.info("dinov2 cannot run on %s", name, exc_info=True)
    return None


def chosen(variable: str, names: Sequence[str]) -> str:
    """What a variable of the environment chooses, in small letters; an empty string where it leaves that open.

    Raises:
        EngineUnavailableError: it is none of the names. Another choice than was meant would go unnoticed.
    """
    name = os.environ.get(variable, "").strip().lower()
    if name not in ("", *names):
        raise EngineUnavailableError(
            f"{variable} is {name[:40]!r}", remedy=f"Set it to one of {', '.join(names)}, or unset it"
        )
    return name


def run(session: onnxruntime.InferenceSession, views: npt.NDArray[np.float32]) -> Answers:
    """Each output, in float32, of float32 pictures `(n, 3, height, width)`, whatever the model's own precision."""
    given = session.get_inputs()[0]
    outputs = session.run(None, {given.name: views.astype(np.float16) if is_half(session) else views})
    return [np.asarray(output, np.float32) for output in outputs]


def is_half(session: onnxruntime.InferenceSession) -> bool:
    """Whether a model takes pictures as float16."""
    return bool(session.get_inputs()[0].type == "tensor(float16)")


def answers(session: onnxruntime.InferenceSession, side: int) -> Answers:
    """What a model says of a picture of noise, `(1, tokens, d)` of each block."""
    return run(session, np.random.default_rng(0).standard_normal((1, 3, side, side)).astype(np.float32))


def agreement(found: Sequence[npt.NDArray[np.float32]], expected: Sequence[npt.NDArray[np.float32]]) -> float:
    """The least similar block's mean cosine similarity of tokens."""
    similarities = []
    for one, other in zip(found, expected, strict=True):
        lengths = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
        similarities.append(float(((one * other).sum(axis=-1) / lengths).mean()))
    return min(similarities)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
