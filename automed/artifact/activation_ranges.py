"""Whether the ranges of an int8 file's activations are where the float model's values lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper

from automed.artifact.qdq_graph import QdqGraph, Quantization
from automed.domain.errors import ExportError

_OUTSIDE = 0.15
"""Share of the values that a range may cut off: percentile and entropy calibration do cut, the
latter up to a tenth of them. Those within `_NEAR` of it are counted as covered."""
_NEAR = 0.05
"""Of the range's width."""
_FEW, _LOST = 0.05, 0.5
"""Where more than a few are cut off, the share of all values' power that may go with them. The
rarest values of an EfficientNet hold half of it, and percentile calibration cuts them on purpose.
"""
_WIDER = 8.0
"""How many times as wide as the values a range may be."""
_EMPTY, _MISSING = 0.3, 0.1
"""Shares of a range: so much empty at one end, and so much missing at the other, is misplaced."""
_SAMPLE = 1 << 14
"""About how many values of a tensor tell what a range cuts off; its extremes are those of all."""
_AT_ONCE = 128
"""Tensors that are held in memory together."""

_BOUNDS = {
    "Relu": (0.0, np.inf), "Sigmoid": (0.0, 1.0), "HardSigmoid": (0.0, 1.0), "Softmax": (0.0, 1.0),
}  # fmt: skip
"""What their outputs never leave. A Relu or Clip that was left out is done by the range alone."""
_HANDS_ON = (
    "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten", "Resize", "MaxPool", "AveragePool",
    "Slice", "Pad", "Split", "Gather", "GatherElements", "TopK",
)  # fmt: skip
"""Onnxruntime's quantizer gives their outputs the range of their inputs."""
_ABSORBING = ("Relu", "Clip")
_FIXED = ("Softmax",)
"""Their range is [0, 1], whatever the values are."""


@dataclass(frozen=True)
class _Range:
    """What a quantized activation can hold."""

    tensor: str
    """Name in the float model."""
    low: float
    high: float
    step: float
    reach: tuple[float, float] = (-np.inf, np.inf)
    """What of the values is ever used: onnxruntime's quantizer gives the input of a Relu or a Clip
    the range of its output."""


@dataclass
class _Seen:
    """What the float model gave, image by image."""

    least: float = np.inf
    most: float = -np.inf
    count: int = 0
    outside: int = 0
    power: float = 0.0
    lost: float = 0.0

    @property
    def lost_share(self) -> float:
        """Of the values' power, what is cut off."""
        return self.lost / self.power if self.power > 0 else float(self.lost > 0)

    def add(self, values: NDArray[np.float32], within: _Range) -> None:
        self.least = min(self.least, float(np.clip(values.min(), *within.reach)))
        self.most = max(self.most, float(np.clip(values.max(), *within.reach)))
        # An odd stride falls on every column of an image in turn.
        some = values.ravel()[:: (values.size // _SAMPLE) | 1].astype(np.float64)
        some = np.clip(some, *within.reach)
        cut = some - np.clip(some, within.low, within.high)
        self.count += some.size
        margin = _NEAR * (within.high - within.low)
        self.outside += int((np.abs(cut) > margin).sum())
        self.power += float(np.square(some).sum())
        self.lost += float(np.square(cut).sum())


def check_ranges(floating: QdqGraph, integer: QdqGraph, images: NDArray[np.float32]) -> None:
    """Compare each activation's range with the float model's values on some images.

    Args:
        floating: What the int8 graph was made from.
        integer: With QuantizeLinear nodes.
        images: Normalized: (batch, channels, height, width).

    Raises:
        ExportError: Naming the tensor whose range is too small, too wide or misplaced.
    """
    names = {integer.source(name): name for name in _tensors(floating) if integer.has(name)}
    ranges = []
    for node in integer.quantizers():
        source = integer.source(node.input[0])
        if integer.constant(source) is None and source in names:
            tensor = names[source]
            ranges.append(_range(tensor, integer.quantization(node), _reach(tensor, floating)))
    for start in range(0, len(ranges), _AT_ONCE):
        group = ranges[start : start + _AT_ONCE]
        for within, seen in zip(group, _watch(floating, group, images), strict=True):
            _check(within, seen, floating)


def _tensors(graph: QdqGraph) -> list[str]:
    return [*graph.inputs, *(name for node in graph.nodes() for name in node.output if name)]


def _reach(tensor: str, graph: QdqGraph) -> tuple[float, float]:
    users = graph.users.get(tensor, [])
    if not users or tensor in graph.outputs or any(u.op_type not in _ABSORBING for u in users):
        return -np.inf, np.inf
    bounds = [_bounds(user, graph) for user in users]
    return min(low for low, _ in bounds), max(high for _, high in bounds)


def _range(tensor: str, how: Quantization, reach: tuple[float, float]) -> _Range:
    if how.scale.size > 1:
        raise ExportError(f"{tensor} is an activation with a scale a channel", expected="one")
    scale, zero = float(how.scale[0]), int(how.zero_point[0])
    return _Range(tensor, (how.low - zero) * scale, (how.high - zero) * scale, scale, reach)


def _watch(graph: QdqGraph, ranges: list[_Range], images: NDArray[np.float32]) -> list[_Seen]:
    model = onnx.ModelProto()
    model.CopyFrom(graph.model)
    del model.graph.output[:]
    wanted = list(dict.fromkeys(r.tensor for r in ranges if r.tensor not in graph.inputs))
    model.graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in wanted
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    seen = [_Seen() for _ in ranges]
    for image in images:
        given = {graph.inputs[0]: image[None]}
        values = given | dict(zip(wanted, session.run(wanted, given), strict=True))
        for within, found in zip(ranges, seen, strict=True):
            found.add(values[within.tensor], within)
    return seen


def _check(within: _Range, seen: _Seen, floating: QdqGraph) -> None:
    least, most = min(0.0, seen.least), max(0.0, seen.most)
    if least == most:
        return  # zeros alone say nothing of a range
    problem = _problem(within, seen, floating.producers.get(within.tensor), floating)
    if problem:
        raise ExportError(
            f"the range of {within.tensor} in the int8 file {problem}",
            found=f"[{within.low:.4g}, {within.high:.4g}]",
            expected=f"about [{least:.4g}, {most:.4g}], what the float model gives",
        )


def _problem(within: _Range, seen: _Seen, maker: NodeProto | None, graph: QdqGraph) -> str:
    least, most = min(0.0, seen.least), max(0.0, seen.most)
    width = within.high - within.low
    kind = maker.op_type if maker else ""
    low, high = _bounds(maker, graph)
    many, several = (seen.outside > share * seen.count for share in (_OUTSIDE, _FEW))
    if many or (several and seen.lost_share > _LOST):
        return (
            f"cuts off {seen.outside / seen.count:.1%} of the values and "
            f"{seen.lost_share:.1%} of their power"
        )
    low_end = least - within.low, seen.most - within.high
    high_end = within.high - most, within.low - seen.least
    if any(
        empty > _EMPTY * width and missing > _MISSING * width
        for empty, missing in (low_end, high_end)
    ):
        return "is shifted: empty at one end, too short at the other"
    if within.low < low - within.step or within.high > high + within.step:
        return f"goes beyond [{low:g}, {high:g}], which {kind} never does"
    if width > _WIDER * (most - least) and kind not in (*_HANDS_ON, *_FIXED):
        return f"is {width / (most - least):.0f} times as wide as the values"
    return ""


def _bounds(maker: NodeProto | None, graph: QdqGraph) -> tuple[float, float]:
    if maker is None or maker.op_type != "Clip":
        return _BOUNDS.get(maker.op_type if maker else "", (-np.inf, np.inf))
    low, high = -np.inf, np.inf
    given = [graph.constant(name) if name else None for name in maker.input[1:]]
    if given and given[0] is not None:
        low = min(0.0, float(given[0]))
    if len(given) > 1 and given[1] is not None:
        high = max(0.0, float(given[1]))
    return low, high
