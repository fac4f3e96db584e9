"""Whether an int8 file is the float file that it was made from, in integers.

Logits cannot tell: a model that quantizes badly and a file with a wrong scale both answer wrongly.
The structure can: each weight must stand within a step of its scale for the float one, and each
activation's range must be where the float model's values lie.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto

from automed.artifact.activation_ranges import check_ranges
from automed.artifact.qdq_graph import DEQUANTIZE, Array, QdqGraph, Quantization, named
from automed.domain.errors import ExportError

_STEPS = 1.001
"""How many steps of its scale a weight may be off. Rounding moves it by half of one."""
_USED = 32
"""Integers that the largest weight reaches at least, of 127."""
_ABSORBED = ("Relu", "Clip")
"""What a range that ends at its bounds does as well: onnxruntime's quantizer leaves these out."""
_BIAS = 2
"""Place of the bias among a convolution's or a matrix product's inputs."""


def check_quantized(float_path: Path, int8_path: Path, images: NDArray[np.float32]) -> None:
    """Refuse an int8 file that does not stand for the float file it was made from.

    Both graphs are walked together, matched by the names of their tensors. Each node must have its
    counterpart, with the same attributes and the same sources; each int8 weight and int32 bias,
    dequantized channel by channel, must lie within one step of its float value; a bias's scale
    must be its input's times its weight's; and each activation's range must cover what the float
    model produces, and not be many times as wide. What int8 merely loses in quality passes.

    Args:
        float_path: What ``quantize_static`` was given: after ``quant_pre_process``, which folds
            and renames.
        int8_path: What it wrote: with QuantizeLinear and DequantizeLinear nodes (QDQ).
        images: All that it was calibrated with, normalized: (batch, channels, height, width). A few
            of them would not show what the rarest ones need.

    Raises:
        ExportError: Naming the node or the tensor, and what is wrong with it.
    """
    floating, integer = QdqGraph(float_path), QdqGraph(int8_path)
    if not integer.quantizers():
        raise ExportError(f"{int8_path} is not quantized", expected="QuantizeLinear nodes (QDQ)")
    if (floating.inputs, floating.outputs) != (integer.inputs, integer.outputs):
        raise ExportError(
            f"{int8_path} has other inputs or outputs than the float model",
            found=f"{integer.inputs} -> {integer.outputs}",
            expected=f"{floating.inputs} -> {floating.outputs}",
        )
    _check_pairs(integer)
    matched = {id(_check_node(node, floating, integer)) for node in floating.nodes()}
    for node in integer.nodes():
        if id(node) not in matched:
            raise ExportError(f"{named(node)} of the int8 file is not in the float model")
    check_ranges(floating, integer, images)


def _check_pairs(graph: QdqGraph) -> None:
    """What is quantized must be dequantized with the same scale and zero point."""
    for node in graph.quantizers():
        mine = graph.quantization(node)
        for user in graph.users.get(node.output[0], []):
            if user.op_type != DEQUANTIZE or not mine.same(graph.quantization(user)):
                raise ExportError(
                    f"{named(user)} does not undo {named(node)}",
                    expected=f"the same scale and zero point as {node.input[0]} is quantized with",
                )


def _check_node(node: NodeProto, floating: QdqGraph, integer: QdqGraph) -> NodeProto:
    """The counterpart of a float node, after comparing the two."""
    other = _counterpart(node, floating, integer)
    if node.op_type in _ABSORBED and other.op_type != node.op_type:
        return other  # compared with the node before it; its bounds are compared with the ranges
    _check_attributes(node, other)
    for place, name in enumerate(node.input):
        _check_input(name, other.input[place], other, floating, integer)
    if len(node.input) > _BIAS:
        _check_bias_scale(other, integer)
    return other


def _counterpart(node: NodeProto, floating: QdqGraph, integer: QdqGraph) -> NodeProto:
    tensor = node.output[0]
    users = floating.users.get(tensor, [])
    if not integer.has(tensor) and len(users) == 1 and users[0].op_type in _ABSORBED:
        tensor = users[0].output[0]
    name = integer.source(tensor) if integer.has(tensor) else ""
    other: NodeProto | None = integer.producers.get(name)
    if other is None:
        raise ExportError(f"{named(node)} of the float model is not in the int8 file")
    absorbed = node.op_type in _ABSORBED and not integer.has(node.input[0])
    if other.op_type != node.op_type and not absorbed:
        raise ExportError(f"{tensor} comes from {named(other)}", expected=named(node))
    return other


def _check_attributes(node: NodeProto, other: NodeProto) -> None:
    mine, its = (
        {a.name: a.SerializeToString(deterministic=True) for a in n.attribute}
        for n in (node, other)
    )
    if mine != its or len(node.input) != len(other.input):
        raise ExportError(
            f"{named(other)} is not as in the float model",
            found=f"{len(other.input)} inputs, attributes {sorted(its)}",
            expected=f"{len(node.input)} inputs, attributes {sorted(mine)}, with equal values",
        )


def _check_input(
    name: str, its: str, other: NodeProto, floating: QdqGraph, integer: QdqGraph
) -> None:
    where = f"{named(other)}: {name}"
    value = floating.constant(name) if name else None
    if value is None:
        source = integer.source(its)
        if source != integer.source(name):
            raise ExportError(f"{named(other)} takes another tensor", found=source, expected=name)
        return
    kept = integer.constant(integer.source(its))
    if kept is None or kept.shape != value.shape:
        raise ExportError(
            f"{where} is not in the int8 file",
            found="a computed tensor" if kept is None else f"shape {kept.shape}",
            expected=f"a constant of shape {value.shape}",
        )
    node = integer.producers.get(its)
    if node is not None and node.op_type == DEQUANTIZE and node.input[0] in integer.initializers:
        _check_constant(where, value, kept, integer.quantization(node))
    elif not np.array_equal(kept, value):
        raise ExportError(f"{where} is not what the float model has, though it is not quantized")


def _check_constant(where: str, value: Array, integers: Array, how: Quantization) -> None:
    per_channel = how.scale.size > 1
    if per_channel and how.scale.size != value.shape[how.axis]:
        raise ExportError(
            f"{where} has {how.scale.size} scales",
            expected=f"{value.shape[how.axis]}, one a channel of axis {how.axis}",
        )
    wanted = value.astype(np.float64)
    off = np.abs(how.values(integers) - wanted) / how.spread(how.scale, value.ndim)
    # Float32 itself is coarser than a step of a bias in int32.
    allowed = _STEPS + np.abs(wanted) * 1e-6 / how.spread(how.scale, value.ndim)
    if not bool(np.all(off <= allowed)):
        worst = np.unravel_index(int(np.argmax(off / allowed)), off.shape)
        raise ExportError(
            f"{where} does not stand for the float weights",
            found=f"{how.values(integers)[worst]:.6g} at {tuple(map(int, worst))}, "
            f"{off[worst]:.1f} steps away",
            expected=f"{wanted[worst]:.6g}, within one step",
        )
    narrow = how.high - how.low < 2**16
    if narrow and wanted.any() and np.abs(how.steps(integers)).max() < _USED:
        raise ExportError(
            f"{where} has a scale that is many times too coarse",
            found=f"integers up to {np.abs(how.steps(integers)).max()}",
            expected=f"at least {_USED}",
        )


def _check_bias_scale(node: NodeProto, graph: QdqGraph) -> None:
    """Integer kernels take a bias as if in units of input times weight, whatever its own scale."""
    found = [
        graph.quantization(maker)
        for maker in map(graph.producers.get, node.input[: _BIAS + 1])
        if maker is not None and maker.op_type == DEQUANTIZE
    ]
    if len(found) <= _BIAS or found[_BIAS].high < 2**31 - 1:
        return
    inputs, weight, bias = (how.scale for how in found)
    products = np.broadcast_to(inputs * weight, bias.shape)
    if not np.allclose(bias, products, rtol=1e-4, atol=0):
        raise ExportError(
            f"{named(node)}: the scale of its bias is not that of its products",
            found=f"{bias[0]:.6g}, ...", expected=f"{products[0]:.6g}, ...",
        )  # fmt: skip
