"""Constants and leftovers of an ONNX graph that is being rewritten."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, numpy_helper

Constants = dict[str, NDArray[Any]]


def constants_of(model: ModelProto) -> Constants:
    """The values of a graph's initializers."""
    return {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}


def users_of(graph: GraphProto) -> dict[str, list[NodeProto]]:
    """The nodes that read each tensor."""
    users: dict[str, list[NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    return users


def makers_of(graph: GraphProto) -> dict[str, NodeProto]:
    """The node that computes each tensor."""
    return {name: node for node in graph.node for name in node.output}


def groups_of(node: NodeProto) -> int:
    """In how many groups a convolution computes."""
    return next((int(a.i) for a in node.attribute if a.name == "group"), 1)


def add_constant(model: ModelProto, name: str, value: NDArray[Any]) -> None:
    """Give a graph an initializer."""
    model.graph.initializer.append(numpy_helper.from_array(value, name))


def remove_unused(graph: GraphProto) -> None:
    """Drop nodes and constants that no output depends on."""
    outputs = {output.name for output in graph.output}
    while True:
        used = outputs | {name for node in graph.node for name in node.input}
        dead = [node for node in graph.node if used.isdisjoint(node.output)]
        if not dead:
            break
        for node in dead:
            graph.node.remove(node)
    for tensor in [tensor for tensor in graph.initializer if tensor.name not in used]:
        graph.initializer.remove(tensor)
