"""Ranges of an int8 graph that need not be converted into one another."""

from __future__ import annotations

from collections.abc import Mapping

from onnx import ModelProto, NodeProto

from automed.compression.graph_edit import constants_of, makers_of, remove_unused, users_of

_HANDS_ON = ("Resize", "MaxPool", "Reshape", "Transpose")
"""What gives its input's integers on: both sides need one range."""


def share_ranges(model: ModelProto, floating: ModelProto) -> int:
    """Give what is concatenated the range of the whole, where nothing else reads it.

    onnxruntime converts the integers of each part into those of the whole, which costs as much as
    a small convolution, and rounds them once more. A Relu that the quantizer has left to a range
    which begins at zero needs one that begins there; a Clip needs its own.

    Args:
        model: Quantized (QDQ); is changed.
        floating: What it was made from.

    Returns:
        How many parts were given another range.
    """
    makers = makers_of(model.graph)
    users = users_of(model.graph)
    constants = constants_of(model)
    kinds = {name: node.op_type for node in floating.graph.node for name in node.output}
    shared = 0
    for node in model.graph.node:
        readers = users.get(node.output[0], []) if node.op_type == "Concat" else []
        if len(readers) != 1 or readers[0].op_type != "QuantizeLinear":
            continue
        from_zero = not constants[readers[0].input[2]].any()
        for name in node.input:
            pairs = _pairs(name, makers, users)
            functions = {kinds.get(m.input[0]) for m in pairs}
            if "Clip" in functions or ("Relu" in functions and not from_zero):
                continue
            for member in pairs:
                member.input[1:3] = readers[0].input[1:3]
            shared += bool(pairs)
    return shared


def leave_logits(model: ModelProto) -> int:
    """Take the logits as a Resize gives them, rather than rounded once more.

    Args:
        model: Quantized (QDQ); is changed.

    Returns:
        How many outputs were freed.
    """
    makers = makers_of(model.graph)
    users = users_of(model.graph)
    freed = 0
    for output in model.graph.output:
        back = makers[output.name]
        there = makers.get(back.input[0]) if back.op_type == "DequantizeLinear" else None
        maker = makers.get(there.input[0]) if there is not None else None
        if there is None or maker is None or maker.op_type != "Resize":
            continue
        if len(users[there.input[0]]) > 1 or len(users[back.input[0]]) > 1:
            continue
        maker.output[0] = output.name
        model.graph.node.remove(there)
        model.graph.node.remove(back)
        freed += 1
    if freed:
        remove_unused(model.graph)
    return freed


def _pairs(
    tensor: str, makers: Mapping[str, NodeProto], users: Mapping[str, list[NodeProto]]
) -> list[NodeProto]:
    """The quantizing nodes whose range is a tensor's alone; none where others share it."""
    found: list[NodeProto] = []
    while True:
        back = makers.get(tensor)
        there = makers.get(back.input[0]) if back is not None else None
        if (
            back is None or there is None
            or (back.op_type, there.op_type) != ("DequantizeLinear", "QuantizeLinear")
            or len(users[tensor]) > 1 or len(users[back.input[0]]) > 1
        ):  # fmt: skip
            return []
        found += [back, there]
        source = makers.get(there.input[0])
        if source is None or len(users[there.input[0]]) > 1:
            return []
        if source.op_type not in _HANDS_ON:
            return found
        tensor = source.input[0]
