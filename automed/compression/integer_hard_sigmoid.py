"""Hard sigmoids as additions, for which there is an integer kernel."""

from __future__ import annotations

import numpy as np
from onnx import ModelProto, NodeProto, helper

from automed.compression.graph_edit import (
    Constants,
    add_constant,
    constants_of,
    makers_of,
    remove_unused,
    users_of,
)

_DEFAULTS = {"alpha": 0.2, "beta": 0.5}
"""Of ONNX's HardSigmoid."""
_TOP = 255
_SLACK = 1e-4


def add_hard_sigmoids(model: ModelProto) -> int:
    """Turn HardSigmoid between u8 activations into an addition between the same activations.

    ``max(0, min(1, alpha * x + beta))``: alpha changes the scale of the integers that x lies in,
    not the integers; and the range of u8, from 0 to at most 1, cuts off by itself. onnxruntime
    (1.31) adds integers, but takes a hard sigmoid to float and back, which hard swish does for
    each layer of a MobileNetV3.

    Args:
        model: Quantized (QDQ); is changed. Its answers stay the same, to rounding.

    Returns:
        How many nodes were turned.
    """
    graph = model.graph
    constants = constants_of(model)
    makers = makers_of(graph)
    users = users_of(graph)
    nodes: list[NodeProto] = []
    turned = 0
    for node in graph.node:
        before = makers.get(node.input[0]) if node.op_type == "HardSigmoid" else None
        after = users.get(node.output[0], []) if before is not None else []
        if (
            before is not None
            and before.op_type == "DequantizeLinear"
            and len(after) == 1
            and _cuts_off(after[0], constants)
        ):
            nodes.extend(_addition(node, before, constants, model))
            turned += 1
        else:
            nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
    remove_unused(graph)
    return turned


def _cuts_off(node: NodeProto, constants: Constants) -> bool:
    """Whether a node quantizes to u8 from 0 to at most 1."""
    if node.op_type != "QuantizeLinear":
        return False
    scale, zero = constants[node.input[1]], constants[node.input[2]]
    return bool(
        scale.size == 1 and zero.dtype == np.uint8 and zero == 0 and scale * _TOP <= 1 + _SLACK
    )


def _addition(
    node: NodeProto, before: NodeProto, constants: Constants, model: ModelProto
) -> list[NodeProto]:
    words = _DEFAULTS | {a.name: helper.get_attribute_value(a) for a in node.attribute}
    name = node.output[0]
    made = {
        "slope": np.float32(words["alpha"] * constants[before.input[1]].item()),
        "shift": np.uint8(_TOP),
        "shift_scale": np.float32(words["beta"] / _TOP),
        "shift_zero": np.uint8(0),
    }
    for key, value in made.items():
        add_constant(model, f"{name}_{key}", np.asarray(value))
    return [
        helper.make_node(
            "DequantizeLinear", [before.input[0], f"{name}_slope", before.input[2]],
            [f"{name}_steep"], f"{name}_steep",
        ),
        helper.make_node(
            "DequantizeLinear", [f"{name}_{k}" for k in ("shift", "shift_scale", "shift_zero")],
            [f"{name}_shifted"], f"{name}_shifted",
        ),
        helper.make_node("Add", [f"{name}_steep", f"{name}_shifted"], [name], f"{name}_added"),
    ]  # fmt: skip
