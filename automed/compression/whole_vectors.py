"""Channels in whole vectors, for integer convolutions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, helper

from automed.compression.channel_layout import Layout, find_layouts, is_narrow
from automed.compression.graph_edit import (
    Constants,
    add_constant,
    constants_of,
    groups_of,
    remove_unused,
)

VECTOR = 16
"""Outputs of a convolution, or channels of one channel by channel, are computed so many at once."""
_PRODUCTS = 4
"""Products that are added up at once."""


def fill_vectors(model: ModelProto) -> int:
    """Add channels with weights of zero where convolutions do not fill whole vectors.

    onnxruntime's fast integer convolutions (1.31, MlasConvSym) want outputs in multiples of 16
    and inputs in multiples of 4. All others take a path that is several times slower: a layer that
    is pruned from 16 outputs to 8 takes longer than before. What is added is read with weights of
    zero, so that no answer changes.

    Args:
        model: In float, batch norms folded; is changed.

    Returns:
        How many convolutions were given channels.
    """
    constants = constants_of(model)
    _fill_input(model, constants)
    layouts = find_layouts(model, constants, VECTOR)
    nodes: list[NodeProto] = []
    changed = 0
    for node in model.graph.node:
        nodes.append(node)
        if node.op_type not in ("Conv", "ConvTranspose"):
            continue
        narrow = is_narrow(node, constants)
        changed += _widen(node, layouts, constants, model)
        if narrow:
            nodes.append(_cut(node, len(layouts[node.output[0]] or ()), model))
    del model.graph.node[:], model.graph.value_info[:]
    model.graph.node.extend(nodes)
    remove_unused(model.graph)
    return changed


def _fill_input(model: ModelProto, constants: Constants) -> None:
    """Give the image channels of zeros, if convolutions alone read it."""
    image = model.graph.input[0]
    channels = image.type.tensor_type.shape.dim[1].dim_value
    readers = [node for node in model.graph.node if image.name in node.input]
    missing = -channels % _PRODUCTS
    if not missing or any(n.op_type != "Conv" or groups_of(n) > 1 for n in readers):
        return
    filled = f"{image.name}_filled"
    add_constant(model, f"{filled}_pads", np.array([0, 0, 0, 0, 0, missing, 0, 0], np.int64))
    for node in readers:
        weights = constants[node.input[1]]
        added = [(0, 0), (0, missing), (0, 0), (0, 0)]
        node.input[0] = filled
        node.input[1] = f"{node.output[0]}_of_filled"
        constants[node.input[1]] = np.pad(weights, added)
        add_constant(model, node.input[1], constants[node.input[1]])
    model.graph.node.insert(0, helper.make_node(
        "Pad", [image.name, f"{filled}_pads"], [filled], filled, mode="constant"
    ))  # fmt: skip


def _widen(
    node: NodeProto, layouts: Mapping[str, Layout | None], constants: Constants, model: ModelProto
) -> bool:
    """Write the weights of a convolution anew for the channels that it now reads and makes."""
    weights = constants[node.input[1]]
    reads, makes = layouts[node.input[0]], layouts[node.output[0]]
    if is_narrow(node, constants):
        makes = (*range(weights.shape[0]), *[-1] * (VECTOR - weights.shape[0]))
    outputs, inputs = (1, 0) if node.op_type == "ConvTranspose" else (0, 1)
    grouped = groups_of(node) > 1
    wide = weights
    if makes is not None and not (grouped and node.op_type == "ConvTranspose"):
        wide = _spread(wide, makes, outputs)
    if reads is not None and not grouped:
        wide = _spread(wide, reads, inputs)
    if wide.shape == weights.shape:
        return False
    if grouped:
        group = next(a for a in node.attribute if a.name == "group")
        group.i = wide.shape[0]
    name = node.output[0]
    if len(node.input) > 2 and makes is not None:
        bias = _spread(constants[node.input[2]], makes, 0)
        node.input[2] = f"{name}_filled_bias"
        add_constant(model, node.input[2], bias)
    node.input[1] = f"{name}_filled_weights"
    add_constant(model, node.input[1], wide)
    return True


def _spread(values: NDArray[Any], layout: Layout, axis: int) -> NDArray[Any]:
    """Values moved along an axis to where a layout has them, with zeros in between."""
    if layout == tuple(range(values.shape[axis])):
        return values
    shape = list(values.shape)
    shape[axis] = len(layout)
    wide = np.zeros(shape, values.dtype)
    places = np.array(layout)
    index = [slice(None)] * values.ndim
    index[axis] = np.flatnonzero(places >= 0)  # type: ignore[call-overload]
    wide[tuple(index)] = values.take(places[places >= 0], axis)
    return wide


def _cut(node: NodeProto, channels: int, model: ModelProto) -> NodeProto:
    """Take back what was added to a narrow output."""
    name = node.output[0]
    node.output[0] = f"{name}_filled"
    names = []
    for key, value in (("from", 0), ("to", channels), ("axis", 1)):
        names.append(f"{name}_{key}")
        add_constant(model, names[-1], np.array([value], np.int64))
    return helper.make_node("Slice", [node.output[0], *names], [name], f"{name}_cut")
