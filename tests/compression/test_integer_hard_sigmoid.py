"""A hard sigmoid as an addition of integers."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from automed.artifact.session import open_session
from automed.compression.integer_hard_sigmoid import add_hard_sigmoids

BODY = """
q = QuantizeLinear(image, s, z) d = DequantizeLinear(q, s, z)
h = HardSigmoid {words} (d)
r = QuantizeLinear(h, t, y) logits = DequantizeLinear(r, t, y)
"""
SIXTH = f"<alpha={1 / 6:.9f}, beta=0.5>"


def graph(graphs, scale=0.05, zero=90, step=1 / 255, lowest=0, words=SIXTH, body=BODY):
    return graphs.build(
        body.format(words=words), image="1,16,16", logits="1,16,16", s=np.float32(scale),
        z=np.uint8(zero), t=np.float32(step), y=np.uint8(lowest),
    )  # fmt: skip


def every_integer(model, scale, zero):
    """What comes out for each of the 256 values that can come in."""
    values = (np.arange(256, dtype=np.float32) - zero) * np.float32(scale)
    session = open_session(model.SerializeToString())
    return session.run(None, {"image": values.reshape(1, 1, 16, 16)})[0].ravel()


@pytest.mark.parametrize("words", [SIXTH, "", "<alpha=0.3, beta=0.25>"])
@pytest.mark.parametrize("scale", [0.003, 0.0471, 0.8])
@pytest.mark.parametrize("zero", [0, 17, 200, 255])
@pytest.mark.parametrize("step", [1 / 255, 0.6 / 255])
def test_all_integers_give_the_same_but_for_a_step_of_rounding(graphs, words, scale, zero, step):
    model = graph(graphs, scale, zero, step, words=words)
    before = every_integer(model, scale, zero)
    assert add_hard_sigmoids(model) == 1
    onnx.checker.check_model(model, full_check=True)
    assert "HardSigmoid" not in [n.op_type for n in model.graph.node]
    after = every_integer(model, scale, zero)
    assert np.ptp(before) > 0 or scale == 0.003
    assert np.abs(after - before).max() <= 1.001 * step
    assert (after != before).mean() < 0.02


@pytest.mark.parametrize(
    "changes",
    [
        {"step": 1.2 / 255},  # u8 would reach above 1
        {"lowest": 3},  # and below 0
        {"body": "a = Relu(image) h = HardSigmoid {words} (a) b = QuantizeLinear(h, t, y) "
                 "c = DequantizeLinear(b, t, y) e = QuantizeLinear(c, s, z) "
                 "logits = DequantizeLinear(e, s, z)"},
        {"body": BODY.replace("logits = Deq", "x = Deq") + " logits = Add(x, h)"},
    ],
)  # fmt: skip
def test_others_stay(graphs, changes):
    model = graph(graphs, **changes)
    before = model.SerializeToString(deterministic=True)
    assert add_hard_sigmoids(model) == 0
    assert model.SerializeToString(deterministic=True) == before
