"""Sizes of an ONNX graph's tensors that do not depend on the batch."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import ModelProto

from automed.compression.graph_edit import add_constant, remove_unused

Size = tuple[int, int, int]
"""Channels, height and width."""


def tensor_sizes(model: ModelProto) -> dict[str, Size]:
    """Channels, height and width of the tensors that have all three, whatever the batch."""
    graph = onnx.shape_inference.infer_shapes(model).graph
    found = {}
    for value in (*graph.input, *graph.value_info, *graph.output):
        shape = tuple(d.dim_value for d in value.type.tensor_type.shape.dim)
        if len(shape) == 4 and all(shape[1:]):
            found[value.name] = shape[1:]
    return found


def fix_scales(model: ModelProto) -> int:
    """Let Resize nodes scale by constants, where they compute a size that is always the same.

    The exporter reads the size of the batch for them at run time. Without it the sizes of all
    tensors can be inferred anew after a change.

    Args:
        model: In float, with the sizes of its tensors noted; is changed.

    Returns:
        How many nodes were turned.
    """
    sizes = tensor_sizes(model)
    turned = 0
    for node in model.graph.node:
        if node.op_type != "Resize" or len(node.input) != 4:
            continue
        before, after = sizes.get(node.input[0]), sizes.get(node.output[0])
        if (
            before is None
            or after is None
            or any(a % b for a, b in zip(after, before, strict=True))
        ):
            continue
        scales = np.array([1.0, *(a / b for a, b in zip(after, before, strict=True))], np.float32)
        name = f"{node.output[0]}_scales"
        add_constant(model, name, scales)
        node.input[2] = name
        del node.input[3]
        turned += 1
    remove_unused(model.graph)
    return turned
