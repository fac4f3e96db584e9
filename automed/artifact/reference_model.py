"""A fixed small network that every latency is measured against."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from automed.artifact.export import INPUT, OPSET, OUTPUT

SHAPE = (3, 192, 192)
"""Channels, height and width of its input."""

_LAYERS = (
    # name, input channels, output channels, side of the kernel, stride, groups
    ("stem", 3, 32, 3, 2, 1),
    ("dense", 32, 48, 3, 1, 1),
    ("expand", 48, 128, 1, 1, 1),
    ("depthwise", 128, 128, 3, 2, 128),
    ("project", 128, 48, 1, 1, 1),
    ("decode", 48, 48, 3, 1, 1),
    ("head", 48, 1, 1, 1, 1),
)


@lru_cache(maxsize=1)
def reference_model() -> bytes:
    """An ONNX file: dense, pointwise and depthwise convolutions, as the searched models have.

    It never changes, so that ratios to it can be compared: some milliseconds on one thread.
    """
    source = np.random.default_rng(0)
    nodes, weights, value = [], [], INPUT
    for name, inside, outside, side, stride, groups in _LAYERS:
        fan = inside // groups * side * side
        kernel = source.standard_normal((outside, inside // groups, side, side)) / np.sqrt(fan)
        weights.append(numpy_helper.from_array(kernel.astype(np.float32), f"{name}.weight"))
        result = OUTPUT if name == "head" else f"{name}.sum"
        nodes.append(
            helper.make_node(
                "Conv", [value, f"{name}.weight"], [result], name,
                kernel_shape=[side, side], strides=[stride, stride], pads=[side // 2] * 4,
                group=groups,
            )
        )  # fmt: skip
        value = result
        if name != "head":
            value = f"{name}.relu"
            nodes.append(helper.make_node("Relu", [result], [value], value))
    height, width = (side // 4 for side in SHAPE[1:])
    graph = helper.make_graph(
        nodes, "reference",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["batch", *SHAPE])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["batch", 1, height, width])],
        weights,
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))
