"""Small ONNX graphs, written down as text."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from automed.artifact.session import open_session


class Graphs:
    """Builds and runs graphs from ``image`` to ``logits``."""

    def build(self, body, image="3,8,8", logits="1,16,16", **shapes):
        """`body` in ONNX's textual form; constants of these shapes, or of these values."""
        source = np.random.default_rng(0)
        model = onnx.parser.parse_model(
            '<ir_version: 10, opset_import: ["" : 20]>\n'
            f"g (float[batch,{image}] image) => (float[batch,{logits}] logits) {{ {body} }}"
        )
        for place, node in enumerate(model.graph.node):
            node.name = f"{node.op_type}_{place}"
        for name, shape in shapes.items():
            value = (
                source.standard_normal(shape, dtype=np.float32)
                if isinstance(shape, tuple)
                else np.asarray(shape)
            )
            model.graph.initializer.append(numpy_helper.from_array(value, name))
        onnx.checker.check_model(model, full_check=True)
        return model

    def run(self, model, batch=2):
        """Logits of random images; the graph must be a valid one."""
        onnx.checker.check_model(model, full_check=True)
        shape = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim[1:]]
        images = np.random.default_rng(1).standard_normal((batch, *shape), dtype=np.float32)
        return open_session(model.SerializeToString()).run(None, {"image": images})[0]


@pytest.fixture(scope="session")
def graphs():
    return Graphs()
