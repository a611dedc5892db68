"""Attention as one operation, where an export spells it out: ONNX Runtime's own never holds all products at once.

Exports write softmax(Q Kᵀ) V as a dozen nodes; written and read again for each pair of tokens, they take half of the
time. Where they stand as in exports of the transformers library they are replaced; other exports run as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from segdetect.engines.dinov2.graph import keep_needed

if TYPE_CHECKING:
    import onnx

DOMAIN: Final = "com.microsoft"
HEADS_FIRST: Final = (0, 2, 1, 3)  # (batch, tokens, heads, d) to (batch, heads, tokens, d), and back
KEYS: Final = (0, 2, 3, 1)  # to (batch, heads, d, tokens)


class _Side(NamedTuple):
    """One of queries, keys and values: the tensor `(batch, tokens, heads * d)` it is taken from."""

    source: str
    heads: int
    scale: float


def join_attention(model: bytes) -> bytes | None:
    """The model with every attention as one operation; None where there is none of the known form.

    Args:
        model: an ONNX model in float32, as `cut` returns it.
    """
    import onnx

    whole = onnx.load_from_string(model)
    graph = _Graph(whole.graph)
    joined = {id(end): node for softmax in graph.of("Softmax") for end, node in graph.attention(softmax)}
    if not joined:
        return None
    nodes = [joined.get(id(node), node) for node in whole.graph.node]
    del whole.graph.node[:]
    whole.graph.node.extend(nodes)
    keep_needed(whole.graph, [output.name for output in whole.graph.output])
    whole.opset_import.append(onnx.helper.make_opsetid(DOMAIN, 1))
    return bytes(whole.SerializeToString())


class _Graph:
    """Who makes and who takes each tensor, and the constants among them."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        from onnx import numpy_helper

        self._nodes = list(graph.node)
        self._maker = {name: node for node in graph.node for name in node.output}
        self._takers: dict[str, list[onnx.NodeProto]] = {}
        for node in graph.node:
            for name in node.input:
                self._takers.setdefault(name, []).append(node)
        self._constants = {weight.name: weight for weight in graph.initializer}
        self._constants |= {node.output[0]: node.attribute[0].t for node in self.of("Constant") if node.attribute}
        self._array = numpy_helper.to_array

    def of(self, kind: str) -> list[onnx.NodeProto]:
        """Nodes of one kind, in their order."""
        return [node for node in self._nodes if node.op_type == kind]

    def attention(self, softmax: onnx.NodeProto) -> list[tuple[onnx.NodeProto, onnx.NodeProto]]:
        """The last node of the attention about a softmax, and what may stand for it; empty for any other form."""
        import onnx

        products = self._makes(softmax.input[0], "MatMul")
        mixed = self._only_taker(softmax.output[0], "MatMul")
        turned = mixed and self._only_taker(mixed.output[0], "Transpose")
        end = turned and next((n for n in self._takers[turned.output[0]] if n.op_type == "Reshape"), None)
        if not (products and mixed and turned and end and _order(turned) == HEADS_FIRST):
            return []
        query = self._side(products.input[0], HEADS_FIRST)
        key = self._side(products.input[1], KEYS)
        value = self._side(mixed.input[1], HEADS_FIRST)
        if not (query and key and value and query.heads == key.heads == value.heads):
            return []
        node = onnx.helper.make_node(
            "MultiHeadAttention",
            [query.source, key.source, value.source],
            [end.output[0]],
            domain=DOMAIN,
            num_heads=query.heads,
            scale=query.scale * key.scale,
        )
        return [(end, node)] if value.scale == 1 else []

    def _side(self, name: str, order: tuple[int, ...]) -> _Side | None:
        """What a tensor of one matrix a head is made from, when that is by scaling, turning and splitting alone."""
        scale, node = 1.0, self._maker.get(name)
        while node is not None and node.op_type == "Mul":
            numbers = [(i, self._number(one)) for i, one in enumerate(node.input)]
            known = [(i, number) for i, number in numbers if number is not None]
            if len(known) != 1:
                return None
            at, number = known[0]
            scale, node = scale * number, self._maker.get(node.input[1 - at])
        split = self._makes(node.input[0], "Reshape") if node is not None and _order(node) == order else None
        heads = self._heads(split.input[1]) if split else 0
        return _Side(split.input[0], heads, scale) if split and heads else None

    def _heads(self, shape: str) -> int:
        """The third of four numbers of a shape, where it is constant; else 0."""
        joined = self._makes(shape, "Concat")
        if joined and len(joined.input) == 4:
            return int(self._number(joined.input[2]) or 0)
        constant = self._constant(shape)
        return int(constant[2]) if constant is not None and constant.shape == (4,) else 0

    def _number(self, name: str) -> float | None:
        constant = self._constant(name)
        return float(constant.item()) if constant is not None and constant.size == 1 else None

    def _constant(self, name: str) -> npt.NDArray[np.generic] | None:
        return self._array(self._constants[name]) if name in self._constants else None

    def _makes(self, name: str, kind: str) -> onnx.NodeProto | None:
        node = self._maker.get(name)
        return node if node is not None and node.op_type == kind else None

    def _only_taker(self, name: str, kind: str) -> onnx.NodeProto | None:
        takers = self._takers.get(name, [])
        return takers[0] if len(takers) == 1 and takers[0].op_type == kind else None


def _order(node: onnx.NodeProto) -> tuple[int, ...]:
    """How a node reorders axes; empty when it does not."""
    return next((tuple(one.ints) for one in node.attribute if one.name == "perm"), ())
