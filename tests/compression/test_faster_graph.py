"""Rewriting for speed leaves the answers as they are."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from automed.artifact.session import open_session
from automed.compression.faster_graph import pool_globally, upsample_by_copies

SIZE = (3, 6, 10)


def model_of(nodes, output, **constants):
    values = [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()]
    graph = helper.make_graph(
        nodes, "g",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", *SIZE])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", *output])], values,
    )  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def run(model, batch=2):
    image = np.random.default_rng(1).standard_normal((batch, *SIZE), dtype=np.float32)
    return open_session(model.SerializeToString()).run(None, {"image": image})[0]


def resize(**words):
    nearest = {
        "mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor",
    }  # fmt: skip
    return helper.make_node("Resize", ["x", "", "scales"], ["y"], **{**nearest, **words})


def quantized_upsampling(scales=(1, 1, 2, 2), **words):
    """Float: image -> Resize -> Relu. And the same with u8 in between."""
    before = [helper.make_node("Identity", ["image"], ["x"])]
    after = [helper.make_node("Relu", ["y"], ["logits"])]
    output = [SIZE[0], int(SIZE[1] * scales[2]), int(SIZE[2] * scales[3])]
    constants = {"scales": np.array(scales, np.float32)}
    floating = model_of([*before, resize(**words), *after], output, **constants)
    how = {"s": np.float32(0.03), "z": np.uint8(120)}
    integers = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["d"]),
    ]
    changed = resize(**words)
    changed.input[0] = "d"
    return model_of([*before, *integers, changed, *after], output, **constants, **how), floating


@pytest.mark.parametrize("batch", [1, 3])
def test_doubling_by_copies_answers_the_same_to_the_bit(batch):
    model, floating = quantized_upsampling()
    expected = run(model, batch)
    assert upsample_by_copies(model, floating) == 1
    onnx.checker.check_model(model)
    assert not [n for n in model.graph.node if n.op_type == "Resize"]
    np.testing.assert_array_equal(run(model, batch), expected)


@pytest.mark.parametrize(
    "words",
    [
        {"mode": "linear"},
        {"scales": (1, 1, 4, 4)},
        {"scales": (1, 1, 2, 4)},
        {"coordinate_transformation_mode": "half_pixel", "nearest_mode": "ceil"},
    ],
)
def test_what_is_no_doubling_stays(words):
    model, floating = quantized_upsampling(**words)
    before = model.SerializeToString(deterministic=True)
    assert upsample_by_copies(model, floating) == 0
    assert model.SerializeToString(deterministic=True) == before


def test_a_resize_of_floats_stays():
    _, floating = quantized_upsampling()
    assert upsample_by_copies(floating, floating) == 0


def test_a_resize_behind_other_functions_stays():
    before = [helper.make_node("Abs", ["image"], ["a"]), helper.make_node("Neg", ["a"], ["x"])]
    nodes = [*before, resize(), helper.make_node("Relu", ["y"], ["logits"])]
    output = [SIZE[0], 2 * SIZE[1], 2 * SIZE[2]]
    floating = model_of(nodes, output, scales=np.array((1, 1, 2, 2), np.float32))
    assert upsample_by_copies(floating, floating) == 0


@pytest.mark.parametrize(
    ("axes", "keepdims", "turned"),
    [([2, 3], 1, 1), ([-2, -1], 1, 1), ([2], 1, 0), ([1, 2], 1, 0), ([2, 3], 0, 0)],
)
def test_means_over_height_and_width_become_poolings(axes, keepdims, turned):
    node = helper.make_node("ReduceMean", ["image", "axes"], ["mean"], keepdims=keepdims)
    shape = [1 if i in (axes if axes[0] > 0 else [2, 3]) else n for i, n in enumerate((0, *SIZE))]
    output = shape[1:] if keepdims else [SIZE[0]]
    relu = helper.make_node("Relu", ["mean"], ["logits"])
    model = model_of([node, relu], output, axes=np.array(axes, np.int64))
    expected = run(model)
    assert pool_globally(model) == turned
    assert [n.op_type for n in model.graph.node].count("GlobalAveragePool") == turned
    np.testing.assert_allclose(run(model), expected, atol=1e-6)
