"""Attention that an export spells out, joined in one operation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from segdetect.engines.dinov2.attention import DOMAIN, join_attention  # noqa: E402
from segdetect.engines.dinov2.sessions import open_session  # noqa: E402

HEADS, DEPTH = 3, 4
WIDTH = HEADS * DEPTH


def _attention(*, masked: bool = False, whole_shape: bool = False, scaled_values: bool = False) -> bytes:
    """Two attentions, the second of what the first returns, as the transformers library's exports have them."""
    helper, random = onnx.helper, np.random.default_rng(0)
    nodes: list[Any] = []
    weights: list[Any] = []

    def constant(values: Any) -> str:
        name = f"w{len(weights)}"
        weights.append(onnx.numpy_helper.from_array(np.asarray(values), name))
        return name

    def add(kind: str, *inputs: str, **attributes: Any) -> str:
        output = f"n{len(nodes)}"
        nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def heads(tokens: str, order: list[int], scale: float | None) -> str:
        linear = add("MatMul", tokens, constant(random.standard_normal((WIDTH, WIDTH)).astype(np.float32)))
        sizes = [0, 0, HEADS, DEPTH]
        if whole_shape:
            shape = constant(np.array(sizes, np.int64))
        else:
            shape = add("Concat", *(constant(np.array([size], np.int64)) for size in sizes), axis=0)
        turned = add("Transpose", add("Reshape", linear, shape), perm=order)
        return turned if scale is None else add("Mul", turned, constant(np.array(scale, np.float32)))

    tokens = "x"
    for _ in range(2):
        query, key = heads(tokens, [0, 2, 1, 3], 0.7), heads(tokens, [0, 2, 3, 1], 0.6)
        value = heads(tokens, [0, 2, 1, 3], 2.0 if scaled_values else None)
        products = add("MatMul", query, key)
        if masked:
            products = add("Add", products, constant(np.array([[0, -9, 0, 0, 0]], np.float32)))
        mixed = add("Transpose", add("MatMul", add("Softmax", products, axis=-1), value), perm=[0, 2, 1, 3])
        tokens = add("Reshape", mixed, constant(np.array([0, 0, WIDTH], np.int64)))
    taken = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["n", 5, WIDTH])
    given = helper.make_tensor_value_info(tokens, onnx.TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "attention", [taken], [given], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    return bytes(model.SerializeToString())


@pytest.mark.parametrize("whole_shape", [False, True])
def test_it_answers_as_before_in_one_operation_each(whole_shape: bool) -> None:
    model = _attention(whole_shape=whole_shape)
    joined = join_attention(model)
    assert joined is not None
    kinds = [(node.domain, node.op_type) for node in onnx.load_from_string(joined).graph.node]
    assert kinds.count((DOMAIN, "MultiHeadAttention")) == 2
    assert not {kind for _, kind in kinds} & {"Softmax", "Transpose", "Concat"}
    tokens = np.random.default_rng(1).standard_normal((2, 5, WIDTH)).astype(np.float32)
    (expected,), (found,) = (open_session(one).run(None, {"x": tokens}) for one in (model, joined))
    assert found == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("form", [{"masked": True}, {"scaled_values": True}])
def test_other_forms_are_left_as_they_are(form: dict[str, bool]) -> None:
    assert join_attention(_attention(**form)) is None
