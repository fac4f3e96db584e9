"""The same computation in operators that onnxruntime runs faster in integers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, helper

from automed.compression.graph_edit import add_constant, constants_of, makers_of, remove_unused
from automed.compression.static_sizes import Size, tensor_sizes

_SPATIAL = ([2, 3], [-2, -1])


def pool_globally(model: ModelProto) -> int:
    """Turn means over height and width into GlobalAveragePool, which has an integer kernel.

    Squeeze-and-excitation and image pooling are exported as ReduceMean, which has none.

    Args:
        model: In float; is changed.

    Returns:
        How many nodes were turned.
    """
    constants = constants_of(model)
    turned = 0
    for node in model.graph.node:
        if node.op_type == "ReduceMean" and _is_global(node, constants):
            del node.input[1:], node.attribute[:]
            node.op_type = "GlobalAveragePool"
            turned += 1
    return turned


def _is_global(node: NodeProto, constants: Mapping[str, NDArray[Any]]) -> bool:
    keepdims = next((a.i for a in node.attribute if a.name == "keepdims"), 1)
    axes = constants.get(node.input[1]) if len(node.input) > 1 else None
    return keepdims == 1 and axes is not None and sorted(axes.tolist()) in _SPATIAL


def upsample_by_copies(model: ModelProto, floating: ModelProto) -> int:
    """Turn doublings by the nearest neighbour into copies of whole rows and pixels.

    Integer convolutions keep the channels last. There onnxruntime (1.31) doubles u8 images one
    value at a time, four times slower than it does floats, which made it the dearest operator of a
    quantized U-Net. Side by side, channels last, the copies of a pixel are a concatenation of the
    image with itself, and so are the copies of a row. Nothing is computed: the answers stay the
    same to the bit.

    Args:
        model: Quantized (QDQ); is changed.
        floating: What it was made from: tells the sizes of tensors, which must not depend on the
            batch.

    Returns:
        How many nodes were turned.
    """
    sizes = tensor_sizes(floating)
    makers = makers_of(model.graph)
    nodes: list[NodeProto] = []
    turned = 0
    for node in model.graph.node:
        dequantize = _maker(node, "DequantizeLinear", makers) if node.op_type == "Resize" else None
        quantize = _maker(dequantize, "QuantizeLinear", makers)
        before = sizes.get(quantize.input[0]) if quantize is not None else None
        if before is None or not doubles(node, before, sizes.get(node.output[0])):
            nodes.append(node)
            continue
        assert dequantize is not None
        nodes.extend(_copies(node.output[0], dequantize, before, model))
        turned += 1
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    remove_unused(model.graph)
    return turned


def _maker(node: NodeProto | None, kind: str, makers: Mapping[str, NodeProto]) -> NodeProto | None:
    """What makes a node's first input, if it is of a kind."""
    found = None if node is None else makers.get(node.input[0])
    return found if found is not None and found.op_type == kind else None


def doubles(node: NodeProto, before: Size, after: Size | None) -> bool:
    """Whether a Resize node doubles height and width by the nearest neighbour."""
    words = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    nearest = (
        words.get("mode", b"nearest") == b"nearest"
        and words.get("coordinate_transformation_mode") == b"asymmetric"
        and words.get("nearest_mode") == b"floor"
    )
    channels, height, width = before
    return nearest and after == (channels, 2 * height, 2 * width)


def _copies(out: str, dequantize: NodeProto, size: Size, model: ModelProto) -> Iterator[NodeProto]:
    channels, height, width = size
    shapes = {
        "wide": [0, height, 2 * width, channels],
        "high": [0, 2 * height, 2 * width, channels],
    }
    for name, shape in shapes.items():
        add_constant(model, f"{out}_{name}_shape", np.array(shape, np.int64))
    integers = dequantize.input[0]
    steps: tuple[tuple[str, list[str], str, dict[str, Any]], ...] = (
        ("Transpose", [integers], "last", {"perm": [0, 2, 3, 1]}),
        ("Concat", [f"{out}_last"] * 2, "pixels", {"axis": 3}),
        ("Reshape", [f"{out}_pixels", f"{out}_wide_shape"], "wide", {}),
        ("Concat", [f"{out}_wide"] * 2, "rows", {"axis": 2}),
        ("Reshape", [f"{out}_rows", f"{out}_high_shape"], "high", {}),
        ("Transpose", [f"{out}_high"], "integers", {"perm": [0, 3, 1, 2]}),
    )
    for kind, inputs, name, attributes in steps:
        yield helper.make_node(
            kind, inputs, [f"{out}_{name}"], name=f"{out}_{name}_copy", **attributes
        )
    yield helper.make_node(
        "DequantizeLinear", [f"{out}_integers", *dequantize.input[1:]], [out], name=f"{out}_copy"
    )
