"""Bytes of a model's ONNX file before it is trained or exported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from automed.compression.fake_quantize import WEIGHTED
from automed.compression.whole_vectors import VECTOR

_FLOAT = 4
_NODES = 850
"""Of names, attributes and shapes in a float file, for each layer with weights and what follows
it. Read off the files of one model, tf_efficientnet_b0; benchmarks/size_prediction.py tries it
on others."""
_INT8_NODES = 3300
"""The same in an int8 file, with its QuantizeLinear and DequantizeLinear nodes."""
_SCALED = 5
"""Of each output channel in an int8 file: a float scale and an int8 zero point."""
_BIASED = 9
"""Of each bias: int32, with a float scale and a zero point, which is one byte."""


@dataclass(frozen=True)
class _Layer:
    weights: int
    filled: int
    """Weights once channels fill whole vectors."""
    channels: int
    biased: bool


@dataclass(frozen=True)
class _Contents:
    layers: tuple[_Layer, ...]
    others: int
    """Floats that belong to no convolution or linear layer, and to no folded batch norm."""


def onnx_bytes(parts: Sequence[nn.Module]) -> int:
    """Bytes of the file that `automed.artifact.export.export_onnx` writes, predicted.

    Args:
        parts: The modules of the model that would be exported, those that take part; may lie on
            the meta device, since only shapes are read.
    """
    contents = _contents(parts)
    floats = contents.others + sum(
        layer.weights + layer.channels * layer.biased for layer in contents.layers
    )
    return _FLOAT * floats + _NODES * len(contents.layers)


def int8_bytes(parts: Sequence[nn.Module]) -> int:
    """Bytes of the file that `automed.compression.ptq.Ptq` writes, predicted.

    Args:
        parts: As for `onnx_bytes`.
    """
    contents = _contents(parts)
    size = _FLOAT * contents.others + _INT8_NODES * len(contents.layers)
    for layer in contents.layers:
        size += layer.filled + layer.channels * (_SCALED + _BIASED * layer.biased)
    return size


def _contents(parts: Sequence[nn.Module]) -> _Contents:
    layers: list[_Layer] = []
    others = 0
    for module, norm in _with_folded(parts):
        if isinstance(module, WEIGHTED):
            channels = module.out_features if isinstance(module, nn.Linear) else module.out_channels
            biased = module.bias is not None or norm is not None
            layers.append(_Layer(module.weight.numel(), _filled(module), channels, biased))
            continue
        others += sum(p.numel() for p in module.parameters(recurse=False))
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            others += 2 * module.num_features
    return _Contents(tuple(layers), others)


def _filled(layer: nn.Module) -> int:
    """Weights of a layer as `automed.compression.whole_vectors.fill_vectors` writes them."""
    weight: Tensor = layer.weight  # type: ignore[assignment]
    if not isinstance(layer, nn.Conv2d) or (layer.groups > 1 and weight.shape[1] > 1):
        return weight.numel()
    outputs, inputs = (-(-n // VECTOR) * VECTOR for n in weight.shape[:2])
    return outputs * (inputs if layer.groups == 1 else 1) * weight[0, 0].numel()


def _with_folded(parts: Sequence[nn.Module]) -> Iterator[tuple[nn.Module, nn.Module | None]]:
    """Modules with floats of their own, each layer with the batch norm that vanishes in it.

    The exporter folds a batch norm that follows a convolution; here, one that is defined after it
    and has as many channels.
    """
    own = [m for m in parts if next(m.parameters(recurse=False), None) is not None]
    folded: set[int] = set()
    for module, after in zip(own, [*own[1:], None], strict=True):
        if id(module) in folded:
            continue
        fits = (
            isinstance(after, nn.modules.batchnorm._BatchNorm)
            and isinstance(module, nn.Conv2d)
            and module.out_channels == after.num_features
        )
        norm = after if fits else None
        folded.add(id(norm))
        yield module, norm
