"""Sizes that are the same for every batch."""

from __future__ import annotations

import numpy as np
import pytest

from automed.compression.static_sizes import fix_scales, tensor_sizes

BODY = """
n = Shape <end=2> (image) size = Concat <axis=0> (n, to)
u = Resize <mode="linear", coordinate_transformation_mode="half_pixel"> (image, , , size)
logits = Relu(u)
"""


@pytest.mark.parametrize(("height", "width", "turned"), [(16, 24, 1), (16, 8, 1), (12, 16, 0)])
def test_a_computed_size_becomes_scales_where_they_are_whole(graphs, height, width, turned):
    model = graphs.build(BODY, logits=f"3,{height},{width}", to=np.array([height, width]))
    model.graph.value_info.add().CopyFrom(model.graph.output[0])
    model.graph.value_info[0].name = "u"
    before = graphs.run(model)
    assert fix_scales(model) == turned
    assert [n.op_type for n in model.graph.node].count("Shape") == 1 - turned
    np.testing.assert_allclose(graphs.run(model), before, atol=1e-6)
    if turned:
        del model.graph.value_info[:]
        assert tensor_sizes(model)["u"] == (3, height, width)
