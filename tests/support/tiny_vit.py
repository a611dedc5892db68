"""Small vision transformers with random weights, as ONNX files in the shapes that exports have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

WIDTH = 24
_NAMES = {
    "transformers": "/encoder/layer.{}/Add{}_output_0",
    "hub": "/blocks.{}/Add{}_output_0",
    "timm": "/blocks/blocks.{}/Add{}_output_0",
    "unnamed": "t{}x{}",
}


class _Graph:
    """Nodes and weights in the making."""

    def __init__(self, half: bool) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self.random = np.random.default_rng(0)
        self.kind = np.float16 if half else np.float32

    def weight(self, values: Any) -> str:
        from onnx import numpy_helper

        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def noise(self, *shape: int) -> str:
        return self.weight((self.random.standard_normal(shape) / np.sqrt(shape[0])).astype(self.kind))

    def add(self, op: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        from onnx import helper

        output = output or f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [output], **attributes))
        return output

    def layer(self, tokens: str) -> str:
        """A normalised linear map of the tokens."""
        mean = self.add("ReduceMean", tokens, axes=[-1])
        square = self.add("Mul", centred := self.add("Sub", tokens, mean), centred)
        spread = self.add("Add", self.add("ReduceMean", square, axes=[-1]), self.weight(np.array(1e-3, self.kind)))
        scaled = self.add("Div", centred, self.add("Sqrt", spread))
        return self.add("Add", self.add("MatMul", scaled, self.noise(WIDTH, WIDTH)), self.noise(WIDTH))


def save_vit(path: Path, *, names: str, blocks: int, patch: int, registers: int = 0, half: bool = False) -> None:
    """Write one with a class token and so many registers; patches mix only within themselves."""
    import onnx
    from onnx import TensorProto, helper

    graph = _Graph(half)
    patches = graph.add("Conv", "x", graph.noise(WIDTH, 3, patch, patch), strides=[patch] * 2, kernel_shape=[patch] * 2)
    flat = graph.add("Reshape", patches, graph.weight(np.array([0, WIDTH, -1], np.int64)))
    tokens = graph.add("Transpose", flat, perm=[0, 2, 1])
    count = graph.add("Slice", graph.add("Shape", "x"), *(graph.weight(np.array([n], np.int64)) for n in (0, 1)))
    shape = graph.add("Concat", count, graph.weight(np.array([1 + registers, WIDTH], np.int64)), axis=0)
    tokens = graph.add("Concat", graph.add("Expand", graph.noise(1, 1 + registers, WIDTH), shape), tokens, axis=1)
    # Positions are computed of the tokens' shape, and no part of a block.
    like = graph.add("Expand", graph.noise(1, 1, WIDTH), graph.add("Shape", tokens))
    tokens = graph.add("Add", tokens, like)
    for block in range(blocks):
        for part in ("", "_1"):
            name = _NAMES[names].format(block, part)
            tokens = graph.add("Add", graph.layer(tokens), tokens, output=name)
    kind = TensorProto.FLOAT16 if half else TensorProto.FLOAT
    taken = helper.make_tensor_value_info("x", kind, ["n", 3, 8 * patch, 8 * patch])
    given = helper.make_tensor_value_info(tokens, kind, None)
    made = helper.make_graph(graph.nodes, "vit", [taken], [given], graph.weights)
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 14)], ir_version=8), str(path))
