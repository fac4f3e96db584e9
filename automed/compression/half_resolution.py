"""The thin convolutions at the end of a decoder, computed at half of the resolution."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, helper

from automed.compression.faster_graph import doubles
from automed.compression.graph_edit import (
    Constants,
    add_constant,
    constants_of,
    remove_unused,
    users_of,
)
from automed.compression.static_sizes import tensor_sizes

Weights = NDArray[np.float32]

THIN = 16
"""Channels up to which a convolution is thin: four times as many fill the vector units."""

_ELEMENTWISE = ("Relu", "Clip", "HardSigmoid", "Sigmoid", "LeakyRelu")
"""What may lie between the convolutions: each value for itself."""


@dataclass(frozen=True, eq=False)
class _Tail:
    """A doubling and all that follows it, up to the logits."""

    doubling: NodeProto
    nodes: tuple[NodeProto, ...]


def halve_resolution(model: ModelProto) -> int:
    """Compute what follows the last doubling of a decoder before it rather than after it.

    Integer convolutions of onnxruntime (1.31) with 16 outputs or fewer reach a tenth of the speed
    of wider ones, and those at the end of a U-Net see most pixels. Four neighbouring pixels side
    by side as channels at half of the resolution, space to depth, are the same values; the
    weights move with them. The convolution that reads doubled pixels adds up those of its weights
    that meet the same pixel. Logits are put in their places at the end. As Shi et al. 2016 (arXiv
    1609.05158, 1609.07009) do it in training.

    Args:
        model: In float; is changed. Its answers stay the same, to rounding.

    Returns:
        How many convolutions were moved.
    """
    constants = constants_of(model)
    tail = _tail(model, set(constants))
    if tail is None:
        return 0
    moved = 0
    source = tail.doubling.input[0]
    for node in tail.nodes:
        if node.op_type == "Conv":
            _move(node, constants, doubled=moved == 0, model=model)
            moved += 1
    tail.nodes[0].input[0] = source
    last = tail.nodes[-1]
    logits = last.output[0]
    last.output[0] = f"{logits}_in_depth"
    model.graph.node.append(
        helper.make_node(
            "DepthToSpace", [last.output[0]], [logits], "logits_in_place", blocksize=2, mode="DCR"
        )
    )
    model.graph.node.remove(tail.doubling)
    del model.graph.value_info[:]
    remove_unused(model.graph)
    return moved


def _tail(model: ModelProto, constants: set[str]) -> _Tail | None:
    sizes = tensor_sizes(model)
    users = users_of(model.graph)
    outputs = [output.name for output in model.graph.output]
    for node in model.graph.node:
        before, after = sizes.get(node.input[0] if node.input else ""), sizes.get(node.output[0])
        if node.op_type == "Resize" and before and doubles(node, before, after):
            nodes = tuple(_followers(node.output[0], users))
            ends = [nodes[-1].output[0]] == outputs if nodes else False
            if ends and nodes[0].op_type == "Conv" and all(_movable(n, constants) for n in nodes):
                widths = [sizes[n.output[0]][0] for n in nodes if n.op_type == "Conv"]
                return _Tail(node, nodes) if max(widths) <= THIN else None
    return None


def _followers(tensor: str, users: dict[str, list[NodeProto]]) -> Iterator[NodeProto]:
    """The nodes after a tensor, as long as each is the only one."""
    while len(following := users.get(tensor, [])) == 1:
        yield following[0]
        tensor = following[0].output[0]


def _movable(node: NodeProto, constants: set[str]) -> bool:
    if node.op_type in _ELEMENTWISE:
        return True
    words: dict[str, Any] = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    if node.op_type != "Conv" or not constants.issuperset(node.input[1:]):
        return False
    kernel = words["kernel_shape"]
    return (
        kernel[0] == kernel[1]
        and words.get("auto_pad", b"NOTSET") == b"NOTSET"
        and list(words.get("pads", [0] * 4)) == [kernel[0] // 2] * 4
        and kernel[0] % 2 == 1
        and list(words.get("strides", [1, 1])) == [1, 1]
        and list(words.get("dilations", [1, 1])) == [1, 1]
        and words.get("group", 1) == 1
    )


def _move(node: NodeProto, constants: Constants, doubled: bool, model: ModelProto) -> None:
    weights = in_depth(constants[node.input[1]], doubled)
    given = [weights]
    if len(node.input) > 2:
        given.append(np.tile(constants[node.input[2]], 4))
    for place, value in enumerate(given, start=1):
        node.input[place] = f"{node.input[place]}_in_depth"
        add_constant(model, node.input[place], value)
    reach = weights.shape[-1] // 2
    del node.attribute[:]
    node.attribute.extend(
        [
            helper.make_attribute("kernel_shape", weights.shape[2:]),
            helper.make_attribute("pads", [reach] * 4),
        ]
    )


def in_depth(weights: Weights, doubled: bool) -> Weights:
    """Weights of a convolution over pixels as those of one over blocks of two by two pixels.

    Args:
        weights: Shape (outputs, inputs, k, k), k odd: of stride 1, padded by k // 2.
        doubled: Whether its input is each pixel twice by twice; it then takes the pixels as they
            were before.

    Returns:
        Shape (4 * outputs, inputs or 4 * inputs, K, K), in the order of ONNX's DepthToSpace in
        DCR mode: the place in the block is the slower index.
    """
    outputs, inputs, kernel, _ = weights.shape
    reach = (kernel // 2 + 1) // 2
    size = 2 * reach + 1
    phases = 1 if doubled else 2
    # Axes: place of the output (y, x), outputs, place of the input (y, x), inputs, kernel (y, x).
    moved = np.zeros((2, 2, outputs, phases, phases, inputs, size, size), np.float64)
    for y, x, row, column in np.ndindex(2, 2, kernel, kernel):
        to_y, place_y = divmod(y + row - kernel // 2, 2)
        to_x, place_x = divmod(x + column - kernel // 2, 2)
        place = (0, 0) if doubled else (place_y, place_x)
        moved[y, x, :, place[0], place[1], :, to_y + reach, to_x + reach] += weights[
            :, :, row, column
        ]
    return moved.reshape(4 * outputs, phases**2 * inputs, size, size).astype(np.float32)
