"""What follows the last doubling answers the same when it is computed before it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from automed.compression.half_resolution import halve_resolution, in_depth

DOUBLE = """
d = Resize <mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor">
    (image, , scales)
"""
SCALES = np.array([1, 1, 2, 2], np.float32)


def same(inputs, kernel, **words):
    pads = words.pop("pads", [kernel // 2] * 4)
    rest = "".join(f", {key}={value}" for key, value in words.items())
    return f"Conv <kernel_shape=[{kernel},{kernel}], pads={pads}{rest}> ({inputs})"


TAIL = f"""{DOUBLE}
a = {same("d, w1, b1", 3)}
r = Relu(a)
b = {same("r, w2, b2", 3)}
s = Sigmoid(b)
logits = {same("s, w3, b3", 1)}
"""
WEIGHTS = {"w1": (8, 3, 3, 3), "b1": (8,), "w2": (4, 8, 3, 3), "b2": (4,), "w3": (1, 4, 1, 1),
           "b3": (1,), "scales": SCALES}  # fmt: skip


def kinds(model):
    return [node.op_type for node in model.graph.node]


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("image", ["3,8,8", "3,5,7"])
def test_the_tail_of_a_decoder_answers_the_same(graphs, image, batch):
    height, width = (2 * int(n) for n in image.split(",")[1:])
    model = graphs.build(TAIL, image=image, logits=f"1,{height},{width}", **WEIGHTS)
    expected = graphs.run(model, batch)
    assert halve_resolution(model) == 3
    assert kinds(model) == ["Conv", "Relu", "Conv", "Sigmoid", "Conv", "DepthToSpace"]
    np.testing.assert_allclose(graphs.run(model, batch), expected, atol=1e-5)


def test_nothing_of_the_old_weights_is_left(graphs):
    model = graphs.build(TAIL, **WEIGHTS)
    halve_resolution(model)
    used = {name for node in model.graph.node for name in node.input}
    assert {tensor.name for tensor in model.graph.initializer} <= used


@pytest.mark.parametrize(
    ("why", "body", "changes"),
    [
        ("wide", TAIL, {"w1": (17, 3, 3, 3), "b1": (17,), "w2": (4, 17, 3, 3)}),
        ("linear", TAIL.replace('"nearest",', '"linear",'), {}),
        ("read twice", TAIL.replace("s = Sigmoid(b)", "t = Relu(a) u = Concat <axis=1> (t, b) "
                                    "s = Slice(u, from, to, axis)"),
         {"from": [4], "to": [8], "axis": [1]}),
        ("strided", DOUBLE + f"logits = {same('d, w1', 3, strides=[2, 2])}",
         {"w1": (1, 3, 3, 3), "logits": "1,8,8"}),
        ("atrous", DOUBLE + f"logits = {same('d, w1', 3, pads=[2] * 4, dilations=[2, 2])}",
         {"w1": (1, 3, 3, 3)}),
        ("in groups", DOUBLE + f"logits = {same('d, w1', 3, group=3)}",
         {"w1": (3, 1, 3, 3), "logits": "3,16,16"}),
        ("unpadded", DOUBLE + f"logits = {same('d, w1', 3, pads=[0] * 4)}",
         {"w1": (1, 3, 3, 3), "logits": "1,14,14"}),
        ("no convolution", DOUBLE + "logits = Relu(d)", {"logits": "3,16,16"}),
        ("no doubling", f"a = {same('image, w1', 3)} logits = Relu(a)",
         {"w1": (1, 3, 3, 3), "logits": "1,8,8"}),
    ],
)  # fmt: skip
def test_what_is_no_thin_tail_stays(graphs, why, body, changes):
    weights = {k: v for k, v in {**WEIGHTS, **changes}.items() if k in body or k == "logits"}
    if "Resize" in body:
        weights["scales"] = SCALES
    model = graphs.build(body, **weights)
    before = model.SerializeToString(deterministic=True)
    assert halve_resolution(model) == 0, why
    assert model.SerializeToString(deterministic=True) == before


@settings(deadline=None, max_examples=40)
@given(
    kernel=st.sampled_from([1, 3, 5, 7]), inputs=st.integers(1, 4), outputs=st.integers(1, 4),
    doubled=st.booleans(), height=st.integers(1, 6), width=st.integers(1, 6),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_weights_in_depth_are_the_same_convolution(
    kernel, inputs, outputs, doubled, height, width, seed
):
    torch.manual_seed(seed)
    weights = torch.randn(outputs, inputs, kernel, kernel)
    small = torch.randn(2, inputs, height, width)
    pixels = torch.randn(2, inputs, 2 * height, 2 * width)
    if doubled:
        pixels = functional.interpolate(small, scale_factor=2, mode="nearest")
    expected = functional.conv2d(pixels, weights, padding=kernel // 2)
    # ONNX's DCR order: blocks are the slower index; torch's pixel_shuffle has channels there.
    blocks = small if doubled else _by_place(functional.pixel_unshuffle(pixels, 2), inputs)
    moved = torch.from_numpy(in_depth(weights.numpy(), doubled))
    found = functional.conv2d(blocks, moved, padding=moved.shape[-1] // 2)
    found = found.unflatten(1, (4, outputs)).transpose(1, 2).flatten(1, 2)
    torch.testing.assert_close(functional.pixel_shuffle(found, 2), expected, atol=1e-4, rtol=1e-4)


def _by_place(values, channels):
    return values.unflatten(1, (channels, 4)).transpose(1, 2).flatten(1, 2)
