"""Parts of a concatenation in the range of the whole; logits that are not rounded again."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import numpy_helper

from automed.compression.shared_ranges import leave_logits, share_ranges

PART = """
a{n} = {maker}(image) q{n} = QuantizeLinear(a{n}, s{n}, z) d{n} = DequantizeLinear(q{n}, s{n}, z)
"""
WHOLE = """
c = Concat <axis=1> ({parts}) q = QuantizeLinear(c, s, z) logits = DequantizeLinear(q, s, z)
"""
SCALES = {"s": np.float32(0.05), "s1": np.float32(0.02), "s2": np.float32(0.03),
          "z": np.uint8(120)}  # fmt: skip
RESIZE = """
r = Resize <mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor">
    (d1, , scales)
q3 = QuantizeLinear(r, s1, z) d3 = DequantizeLinear(q3, s1, z)
"""


def two_parts(graphs, extra="", parts="d1, d2", channels=6):
    body = PART.format(n=1, maker="Sin") + PART.format(n=2, maker="Tanh") + extra
    return graphs.build(
        body + WHOLE.format(parts=parts), logits=f"{channels},8,8", **SCALES
    )  # fmt: skip


def scales_of(model):
    return {n.output[0]: n.input[1] for n in model.graph.node if n.op_type.endswith("tizeLinear")}


def test_parts_take_the_range_of_the_whole_and_are_rounded_once(graphs):
    model = two_parts(graphs)
    image = np.random.default_rng(1).standard_normal((2, 3, 8, 8), dtype=np.float32)
    exact = np.concatenate([np.sin(image), np.tanh(image)], axis=1)
    before = np.abs(graphs.run(model) - exact)
    assert share_ranges(model, model) == 2
    assert set(scales_of(model).values()) == {"s"}
    after = np.abs(graphs.run(model) - exact)
    assert after.max() <= 0.05 / 2 + 1e-6
    assert after.mean() <= before.mean()


def test_a_part_behind_a_resize_takes_it_on_both_sides(graphs):
    model = graphs.build(
        PART.format(n=1, maker="Sin") + RESIZE + WHOLE.format(parts="d3, d3b").replace(
            "c = ", "e = Resize <mode=\"nearest\", coordinate_transformation_mode=\"asymmetric\", "
            "nearest_mode=\"floor\"> (image, , scales) q3b = QuantizeLinear(e, s2, z) "
            "d3b = DequantizeLinear(q3b, s2, z) c = "
        ),
        logits="6,16,16", scales=np.array([1, 1, 2, 2], np.float32),
        **{k: v for k, v in SCALES.items()},
    )  # fmt: skip
    before = graphs.run(model)
    assert share_ranges(model, model) == 1  # the other's Resize reads floats
    found = scales_of(model)
    assert {found[name] for name in ("q1", "d1", "q3", "d3")} == {"s"}
    assert found["q3b"] == "s2"
    assert np.abs(graphs.run(model) - before).max() <= 0.05 + 1e-6


@pytest.mark.parametrize(
    ("extra", "parts", "shared"),
    [
        ("x = Relu(d1) y = Add(x, d2) ", "d1, y", 0),  # d1 is read elsewhere, y is in float
        ("d1b = DequantizeLinear(q1, s1, z) x = Relu(d1b) ", "d1, d2, x", 1),
        ("b = Relu(a1) ", "d1, d2, b", 1),  # a1 is read in float too
    ],
)
def test_what_others_read_keeps_its_range(graphs, extra, parts, shared):
    model = two_parts(graphs, extra, parts, channels=3 * (parts.count(",") + 1))
    before = scales_of(model)
    assert share_ranges(model, model) == shared
    after = scales_of(model)
    assert (after["q1"], after["d1"]) == (before["q1"], before["d1"])


@pytest.mark.parametrize(
    ("function", "lowest", "shared"),
    [("Relu", 0, 2), ("Relu", 120, 1), ("Clip", 0, 1), ("Sin", 120, 2)],
)
def test_a_range_that_does_a_relu_or_a_clip_goes_on_doing_it(graphs, function, lowest, shared):
    model = two_parts(graphs)
    zero = next(t for t in model.graph.initializer if t.name == "z")
    zero.CopyFrom(numpy_helper.from_array(np.uint8(lowest), "z"))
    floating = two_parts(graphs)
    floating.graph.node[0].op_type = function  # whose output the first range stands for
    assert share_ranges(model, floating) == shared


@pytest.mark.parametrize(("mode", "freed"), [("linear", 1), ("nearest", 1)])
def test_resized_logits_are_not_rounded_again(graphs, mode, freed):
    body = f"""q1 = QuantizeLinear(image, s, z) d1 = DequantizeLinear(q1, s, z)
    r = Resize <mode="{mode}"> (d1, , scales)
    q = QuantizeLinear(r, s, z) logits = DequantizeLinear(q, s, z)"""
    model = graphs.build(
        body, logits="3,16,16", scales=np.array([1, 1, 2, 2], np.float32),
        s=SCALES["s"], z=SCALES["z"],
    )  # fmt: skip
    before = graphs.run(model)
    assert leave_logits(model) == freed
    assert [n.op_type for n in model.graph.node][-1] == "Resize"
    assert np.abs(graphs.run(model) - before).max() <= 0.05 / 2 + 1e-6


def test_logits_of_a_convolution_stay_integers(graphs):
    model = two_parts(graphs)
    assert leave_logits(model) == 0
