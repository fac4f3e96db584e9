"""Channels that are added to fill vectors change no answer."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from automed.compression.graph_edit import constants_of
from automed.compression.whole_vectors import VECTOR, fill_vectors


def conv(inputs, group=1, kernel=1):
    pads = [kernel // 2] * 4
    return f"Conv <kernel_shape=[{kernel},{kernel}], pads={pads}, group={group}> ({inputs})"


def outputs_of(model):
    constants = constants_of(model)
    return {
        n.output[0]: constants[n.input[1]].shape[0] for n in model.graph.node if n.op_type == "Conv"
    }


CASES = {
    "a residual of depthwise layers with squeeze and excitation": (
        f"""a = {conv("image, w1, b1")} h = HardSigmoid(a) x = Mul(a, h)
        d = {conv("x, w2, b2", group=24, kernel=3)} p = GlobalAveragePool(d)
        q = {conv("p, w3, b3")} r = Relu(q) s = {conv("r, w4, b4")} t = HardSigmoid(s)
        e = Mul(d, t) f = Add(e, a) logits = {conv("f, w5")}""",
        {"w1": (24, 3, 1, 1), "b1": (24,), "w2": (24, 1, 3, 3), "b2": (24,), "w3": (12, 24, 1, 1),
         "b3": (12,), "w4": (24, 12, 1, 1), "b4": (24,), "w5": (16, 24, 1, 1)},
        {"a": 32, "d": 32, "q": 12, "s": 32, "logits": 16},
    ),
    "skips side by side": (
        f"""a = {conv("image, w1")} b = {conv("a, w2", kernel=3)} c = Concat <axis=1> (b, image, a)
        d = {conv("c, w3")} logits = {conv("d, w4")}""",
        {"w1": (10, 3, 1, 1), "w2": (20, 10, 3, 3), "w3": (9, 33, 1, 1), "w4": (16, 9, 1, 1)},
        {"a": 16, "b": 32, "d": 16, "logits": 16},
    ),
    "transposed": (
        f"""a = {conv("image, w1")}
        t = ConvTranspose <kernel_shape=[2,2], strides=[2,2]> (a, w2, b2)
        logits = {conv("t, w3")}""",
        {"w1": (12, 3, 1, 1), "w2": (12, 10, 2, 2), "b2": (10,), "w3": (16, 10, 1, 1)},
        {"a": 16, "logits": 16},
    ),
    "groups of several channels are left alone": (
        f"a = {conv('image, w1')} b = {conv('a, w2', group=2)} logits = {conv('b, w3')}",
        {"w1": (12, 3, 1, 1), "w2": (12, 6, 1, 1), "w3": (16, 12, 1, 1)},
        {"a": 12, "b": 12, "logits": 16},
    ),
    "what looks at channels is left alone": (
        f"""a = {conv("image, w1")} m = ReduceMean(a, axis) b = Add(a, m)
        logits = {conv("b, w2")}""",
        {"w1": (12, 3, 1, 1), "w2": (16, 12, 1, 1), "axis": np.array([1])},
        {"a": 12, "logits": 16},
    ),
    "attention of one channel": (
        f"""a = {conv("image, w1")} s = {conv("a, w2")} t = Sigmoid(s) b = Mul(a, t)
        logits = {conv("b, w3")}""",
        {"w1": (12, 3, 1, 1), "w2": (1, 12, 1, 1), "w3": (16, 12, 1, 1)},
        {"a": 12, "s_filled": 16, "logits": 16},
    ),
    "a sum of unequal origins": (
        f"""a = {conv("image, w1")} b = {conv("image, w2")} c = Concat <axis=1> (a, b)
        d = {conv("image, w3")} e = Add(c, d) logits = {conv("e, w4")}""",
        {"w1": (10, 3, 1, 1), "w2": (10, 3, 1, 1), "w3": (20, 3, 1, 1), "w4": (16, 20, 1, 1)},
        {"a": 10, "b": 10, "d": 20, "logits": 16},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_answers_stay(graphs, case):
    body, weights, expected = CASES[case]
    side = 16 if "Transpose" in body else 8
    model = graphs.build(body, logits=f"16,{side},{side}", **weights)
    before = graphs.run(model)
    fill_vectors(model)
    assert outputs_of(model) == expected
    np.testing.assert_allclose(graphs.run(model), before, rtol=1e-4, atol=1e-4)
    used = {name for node in model.graph.node for name in node.input}
    assert {tensor.name for tensor in model.graph.initializer} <= used


@pytest.mark.parametrize("outputs", [1, 4, 7])
def test_a_narrow_head_is_filled_and_cut_again(graphs, outputs):
    model = graphs.build(
        f"logits = {conv('image, w, b', kernel=3)}", logits=f"{outputs},8,8",
        w=(outputs, 3, 3, 3), b=(outputs,),
    )  # fmt: skip
    before = graphs.run(model)
    assert fill_vectors(model) == 1
    assert outputs_of(model) == {"logits_filled": VECTOR}
    assert [n.op_type for n in model.graph.node] == ["Pad", "Conv", "Slice"]
    np.testing.assert_allclose(graphs.run(model), before, atol=1e-5)


def test_an_output_of_the_graph_keeps_its_channels(graphs):
    model = graphs.build(f"logits = {conv('image, w')}", logits="12,8,8", w=(12, 3, 1, 1))
    fill_vectors(model)
    assert outputs_of(model) == {"logits": 12}


def test_an_image_that_others_read_keeps_its_channels(graphs):
    model = graphs.build(
        f"a = {conv('image, w')} logits = Add(a, image)", logits="3,8,8", w=(3, 3, 1, 1)
    )
    before = graphs.run(model)
    fill_vectors(model)
    assert "Pad" not in [n.op_type for n in model.graph.node]
    np.testing.assert_allclose(graphs.run(model), before, atol=1e-5)


def test_weights_that_two_convolutions_share(graphs):
    model = graphs.build(
        f"a = {conv('image, w1')} b = {conv('a, w2')} c = {conv('b, w2')} logits = {conv('c, w3')}",
        logits="16,8,8", w1=(12, 3, 1, 1), w2=(12, 12, 1, 1), w3=(16, 12, 1, 1),
    )  # fmt: skip
    before = graphs.run(model)
    assert fill_vectors(model) == 4
    onnx.checker.check_model(model, full_check=True)
    np.testing.assert_allclose(graphs.run(model), before, rtol=1e-4, atol=1e-4)
