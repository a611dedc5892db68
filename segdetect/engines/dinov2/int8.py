"""DINOv2 with matrix products in 8-bit integers and attention in one operation, about twice as fast; made at first use.

It is made on this machine, and kept.
Scores change less between the two precisions than between two pictures of one surface (docs/method.md has the
figures). A model whose answers do not agree with the full one's on this machine is not used.
"""

from __future__ import annotations

import io
import logging
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from segdetect.engines.dinov2.attention import join_attention
from segdetect.engines.dinov2.sessions import AGREEMENT, Answers, Open, agreement, answers
from segdetect.files import home, write_atomic

if TYPE_CHECKING:
    import onnxruntime

_LOG = logging.getLogger(__name__)


def open_int8(model: bytes, digest: str, open_session: Open, side: int) -> onnxruntime.InferenceSession | None:
    """A session on the model with 8-bit matrix products; None where its answers would not be those of the model.

    Args:
        model: the model in float32, as `cut` returns it.
        digest: of the weights it was cut from and of the cut; what was made of the same before is taken from the
            user's data folder.
        open_session: makes a session of a model.
        side: of the trial picture, in pixels; a multiple of the patches'.
    """
    import onnxruntime

    path = home() / "engines" / f"dinov2-{digest}-joined-{onnxruntime.__version__}.npz"
    kept = _read(path)
    try:
        small, expected = kept or _make(model, open_session, side)
        session = open_session(small)
        agrees = agreement(answers(session, side), expected) >= AGREEMENT
    # The libraries have no common error class; whatever fails here, the full model does the work.
    except Exception:
        _LOG.info("The 8-bit model of dinov2 could not be made or opened; float32 is used", exc_info=True)
        return None
    if kept is None:
        _keep(path, small, expected)
    return session if agrees else None


def _make(model: bytes, open_session: Open, side: int) -> tuple[bytes, Answers]:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.quant_utils import add_pre_process_metadata

    full = onnx.load_from_string(join_attention(model) or model)
    # Otherwise a warning recommends a preparation that does nothing for matrix products.
    add_pre_process_metadata(full)
    with tempfile.TemporaryDirectory(prefix="segdetect-") as folder:
        path = Path(folder) / "model.onnx"
        # A scale for each column of the weights: one for all of them costs three times the accuracy. What a joined
        # attention returns has to be told: the library knows ONNX's own operations only.
        quantize_dynamic(
            full,
            path,
            weight_type=QuantType.QInt8,
            per_channel=True,
            op_types_to_quantize=["MatMul"],
            extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
        )
        return path.read_bytes(), answers(open_session(model), side)


def _read(path: Path) -> tuple[bytes, Answers] | None:
    """What was kept; None where nothing was, or where it is damaged, which its checksums tell."""
    broken = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)
    with suppress(*broken), path.open("rb") as opened, np.load(opened) as file:
        count = len(file.files) - 1
        return file["model"].tobytes(), [file[f"answer_{number}"] for number in range(count)]
    return None


def _keep(path: Path, model: bytes, expected: Answers) -> None:
    data = io.BytesIO()
    named = {f"answer_{number}": answer for number, answer in enumerate(expected)}
    np.savez(data, model=np.frombuffer(model, np.uint8), **named)
    # Where nothing can be kept, it is made anew at each start.
    with suppress(OSError):
        write_atomic(path, data.getvalue())
