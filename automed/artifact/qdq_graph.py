"""An ONNX graph whose tensors pass through QuantizeLinear and DequantizeLinear."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, numpy_helper

from automed.domain.errors import ExportError

QUANTIZE, DEQUANTIZE = "QuantizeLinear", "DequantizeLinear"

Array = NDArray[Any]


@dataclass(frozen=True)
class Quantization:
    """Scale and zero point of a tensor; arrays of one entry, or one a channel of the axis."""

    scale: NDArray[np.float64]
    zero_point: NDArray[np.int64]
    low: int
    """Least integer of its type."""
    high: int
    axis: int

    def values(self, integers: Array) -> Array:
        """What integers stand for, float64."""
        return self.steps(integers) * self.spread(self.scale, integers.ndim)

    def steps(self, integers: Array) -> Array:
        """How many scale steps integers are above zero, int64."""
        return integers.astype(np.int64) - self.spread(self.zero_point, integers.ndim)

    def spread(self, values: Array, dimensions: int) -> Array:
        """One value a channel, in the shape of a tensor's axis."""
        if values.size == 1:
            return values.reshape(())
        shape = [1] * dimensions
        shape[self.axis] = -1
        return values.reshape(shape)

    def same(self, other: Quantization) -> bool:
        """Whether both give the same integers."""
        return (
            np.array_equal(self.scale, other.scale)
            and np.array_equal(self.zero_point, other.zero_point)
            and (self.low, self.high) == (other.low, other.high)
            and (self.scale.size == 1 or self.axis == other.axis)
        )


class QdqGraph:
    """A file's graph, looked up by tensor.

    Args:
        path: Of an ONNX file with its weights inside.

    Raises:
        ExportError: It is no ONNX file.
    """

    def __init__(self, path: Path) -> None:
        try:
            self.model = onnx.load(path)
        except Exception as error:
            raise ExportError(
                f"{path} is no ONNX file", found=f"{type(error).__name__}: {error}"
            ) from error
        graph = self.model.graph
        self.path = path
        self.initializers = {tensor.name: tensor for tensor in graph.initializer}
        self.producers = {name: node for node in graph.node for name in node.output if name}
        self.inputs = [i.name for i in graph.input if i.name not in self.initializers]
        self.outputs = [o.name for o in graph.output]
        self.users: dict[str, list[NodeProto]] = {}
        for node in graph.node:
            for name in node.input:
                self.users.setdefault(name, []).append(node)

    def nodes(self) -> list[NodeProto]:
        """Those that compute: neither constants nor quantization."""
        skipped = (QUANTIZE, DEQUANTIZE, "Constant")
        return [node for node in self.model.graph.node if node.op_type not in skipped]

    def quantizers(self) -> list[NodeProto]:
        """The QuantizeLinear nodes."""
        return [node for node in self.model.graph.node if node.op_type == QUANTIZE]

    def has(self, tensor: str) -> bool:
        """Whether the graph computes, or is given, a tensor of that name."""
        return tensor in self.producers or tensor in self.initializers or tensor in self.inputs

    def source(self, tensor: str) -> str:
        """The tensor before it was quantized: where the chain of Q and DQ begins."""
        seen = set()
        while tensor in self.producers and tensor not in seen:
            seen.add(tensor)
            node = self.producers[tensor]
            if node.op_type not in (QUANTIZE, DEQUANTIZE):
                break
            tensor = node.input[0]
        return tensor

    def constant(self, tensor: str) -> Array | None:
        """The value of an initializer or a Constant node; None where it is computed."""
        if tensor in self.initializers:
            return np.asarray(numpy_helper.to_array(self.initializers[tensor]))
        node = self.producers.get(tensor)
        if node is None or node.op_type != "Constant":
            return None
        value = onnx.helper.get_node_attr_value(node, node.attribute[0].name)
        if isinstance(value, onnx.TensorProto):
            return np.asarray(numpy_helper.to_array(value))
        return np.asarray(value)

    def quantization(self, node: NodeProto) -> Quantization:
        """Of a QuantizeLinear or DequantizeLinear node.

        Raises:
            ExportError: It is not constant, or a scale is not above 0.
        """
        scale = self.constant(node.input[1])
        zero = self.constant(node.input[2]) if len(node.input) > 2 else np.zeros(1, np.uint8)
        if scale is None or zero is None:
            raise ExportError(f"{node.name}: its scale or zero point is not constant")
        if not bool(np.all(np.isfinite(scale) & (scale > 0))):
            raise ExportError(
                f"{node.name}: a scale is not above 0", found=f"{node.input[1]} = {scale}"
            )
        kind = np.iinfo(zero.dtype)
        axis = next((a.i for a in node.attribute if a.name == "axis"), 1)
        return Quantization(
            scale=scale.astype(np.float64).reshape(-1),
            zero_point=zero.astype(np.int64).reshape(-1),
            low=int(kind.min), high=int(kind.max), axis=int(axis),
        )  # fmt: skip


def named(node: NodeProto) -> str:
    """How an error speaks of a node."""
    return f"{node.op_type} {node.name or node.output[0]}"
