"""Nodes of an int8 graph that read their activations in float."""

from __future__ import annotations

from collections.abc import Collection

import onnx
from onnx import GraphProto, NodeProto

from automed.compression.graph_edit import makers_of, remove_unused

_ABSORBED = ("Relu", "Clip")
"""What onnxruntime's quantizer leaves to the ranges of u8 alone."""
_QDQ = ("QuantizeLinear", "DequantizeLinear")


def with_float_activations(
    model: onnx.ModelProto, nodes: Collection[str], floating: onnx.ModelProto
) -> onnx.ModelProto:
    """A copy of a QDQ model in which some nodes take and give float activations.

    Their weights stay int8 in the file, behind a DequantizeLinear. What else reads the same
    activations in integers goes on doing so.

    Args:
        model: As onnxruntime's quantizer makes it.
        nodes: Names of nodes.
        floating: What it was made from: a Relu or Clip that the quantizer left out comes back from
            there, where its output is read in float.
    """
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    graph = changed.graph
    makers = makers_of(graph)
    chosen = set(nodes)
    given = {name for node in graph.node if node.name in chosen for name in node.output}
    read = set()
    for node in graph.node:
        if node.op_type in _QDQ:
            continue
        for place, name in enumerate(node.input):
            source = _float_source(name, makers)
            # An integer node needs all its inputs in integers: it reads what was quantized again.
            if source and (node.name in chosen or (source in given and not _weighted(node))):
                node.input[place] = source
                read.add(source)
    remove_unused(graph)
    _bring_back(graph, floating.graph, read)
    return changed


def _weighted(node: NodeProto) -> bool:
    return node.op_type in ("Conv", "ConvTranspose", "MatMul", "Gemm")


def _float_source(name: str, makers: dict[str, NodeProto]) -> str | None:
    """The activation that a DequantizeLinear's output stands for; None where there is none."""
    back = makers.get(name)
    if back is None or back.op_type != "DequantizeLinear":
        return None
    quantizer = makers.get(back.input[0])
    if quantizer is None or quantizer.op_type != "QuantizeLinear":
        return None
    return str(quantizer.input[0])


def _bring_back(graph: GraphProto, floating: GraphProto, read: Collection[str]) -> None:
    """Activation functions that a tensor has lost, with the names that they had."""
    functions = {n.output[0]: n for n in floating.node if n.op_type in _ABSORBED}
    constants = {tensor.name: tensor for tensor in floating.initializer}
    made = {name: place for place, node in enumerate(graph.node) for name in node.output}
    for tensor in sorted(read & functions.keys() & made.keys(), key=lambda name: -made[name]):
        place = made[tensor]
        if graph.node[place].op_type == functions[tensor].op_type:
            continue
        missing = [functions[tensor]]
        while missing[0].input[0] in functions:  # one after the other
            before = functions[missing[0].input[0]]
            if before.name == graph.node[place].name:
                break  # the quantizer left it where it was
            missing.insert(0, before)
        outputs = graph.node[place].output
        outputs[list(outputs).index(tensor)] = missing[0].input[0]
        for offset, node in enumerate(missing, start=1):
            graph.node.insert(place + offset, node)
            kept = {tensor.name for tensor in graph.initializer}
            graph.initializer.extend(
                constants[name] for name in node.input[1:] if name in constants and name not in kept
            )
