"""Rounding to int8 in training, and how a model gets it and loses it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

WEIGHTED = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d, nn.Linear)
"""What an int8 file computes in integers."""

_FADING = 0.01
"""How far a range shrinks towards a batch that does not fill it. One that does not fit widens it
at once: the file's ranges will hold the extremes of the calibration images."""
_LEVELS = 255


class WeightRounding(nn.Module):
    """Symmetric int8 with a scale for each output channel, straight-through gradients.

    A batch norm that the exporter folds multiplies each output channel, and its scale with it:
    rounding before or after is the same.

    Args:
        axis: Of the output channels.
    """

    def __init__(self, axis: int) -> None:
        super().__init__()
        self._axis = axis
        self.quantizing = False

    def forward(self, weight: Tensor) -> Tensor:
        """The weight as int8 stands for it; as it is while `quantizing` is off."""
        if not self.quantizing:
            return weight
        wide = weight.detach().transpose(0, self._axis).flatten(1).abs().amax(dim=1)
        scale = (wide / 127).clamp_min(torch.finfo(torch.float32).tiny * 256)
        zero = torch.zeros_like(scale, dtype=torch.int32)
        return torch.fake_quantize_per_channel_affine(weight, scale, zero, self._axis, -127, 127)


class ActivationRounding(nn.Module):
    """Affine u8 with one range for the tensor, straight-through gradients inside it.

    Attributes:
        observing: Whether training mode moves the range: to the extremes seen until then, and
            with rounding also slowly back from those of earlier batches.
        quantizing: Whether activations are rounded.
    """

    low: Tensor
    high: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("low", torch.zeros(()))
        self.register_buffer("high", torch.zeros(()))
        self.observing = True
        self.quantizing = False

    def forward(self, values: Tensor) -> Tensor:
        """Activations as u8 stands for them."""
        if self.observing and self.training:
            self._observe(values.detach())
        if not self.quantizing:
            return values
        scale = ((self.high - self.low) / _LEVELS).clamp_min(1e-12)
        zero = torch.round(-self.low / scale).clamp(0, _LEVELS).to(torch.int32)
        return torch.fake_quantize_per_tensor_affine(values, scale, zero, 0, _LEVELS)

    def _observe(self, values: Tensor) -> None:
        low, high = torch.aminmax(values.float())
        # Zero is in every range: it must be exact, for padding.
        low, high = low.clamp_max(0.0), high.clamp_min(0.0)
        # Before weights move, all that was seen counts; afterwards, older extremes fade.
        fading = _FADING if self.quantizing else 0.0
        self.low.copy_(torch.minimum(low, self.low.lerp(low, fading)))
        self.high.copy_(torch.maximum(high, self.high.lerp(high, fading)))


def insert_fake_quantization(model: nn.Module) -> int:
    """Let convolutions and linear layers round their weights and inputs, and fix batch norms.

    Nothing is rounded yet. Batch norms keep to their running statistics whatever the model's mode.

    Args:
        model: Is changed in place.

    Returns:
        How many layers were changed.
    """
    layers = [m for m in model.modules() if isinstance(m, WEIGHTED)]
    for layer in layers:
        axis = 1 if isinstance(layer, nn.ConvTranspose2d) else 0
        parametrize.register_parametrization(layer, "weight", WeightRounding(axis))
        layer.add_module(_ROUNDING, ActivationRounding().to(layer.weight.device))
        layer.register_forward_pre_hook(_round_input)
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.register_forward_pre_hook(_stay_fixed)
    return len(layers)


def strip_fake_quantization(model: nn.Module) -> None:
    """Undo `insert_fake_quantization`; weights stay as trained, unrounded."""
    for module in list(model.modules()):
        for key, hook in list(module._forward_pre_hooks.items()):
            if hook in (_round_input, _stay_fixed):
                del module._forward_pre_hooks[key]
        if hasattr(module, _ROUNDING):
            delattr(module, _ROUNDING)
            _unparametrized(module)


def activation_roundings(model: nn.Module) -> Iterator[ActivationRounding]:
    """Those of a model's layers."""
    return (m for m in model.modules() if isinstance(m, ActivationRounding))


def observe(model: nn.Module, on: bool) -> None:
    """Let training mode move the ranges of activations, or fix them."""
    for rounding in activation_roundings(model):
        rounding.observing = on


def quantize(model: nn.Module, on: bool) -> None:
    """Begin, or end, to round weights and activations."""
    for module in model.modules():
        if isinstance(module, WeightRounding | ActivationRounding):
            module.quantizing = on


_ROUNDING = "input_rounding"


def _unparametrized(layer: nn.Module) -> None:
    # torch's own removal edits the layer's class, which copies of the layer share.
    weight = layer.parametrizations.weight.original  # type: ignore[union-attr]
    del layer.parametrizations
    layer.__class__ = type(layer).__bases__[0]
    bias = layer._parameters.pop("bias", None)
    layer.register_parameter("weight", weight)  # type: ignore[arg-type]
    layer.register_parameter("bias", bias)  # after the weight, as in a layer never changed


# Plain functions rather than methods: a copied model's hooks must not hold on to the first one.
def _round_input(layer: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    return (getattr(layer, _ROUNDING)(inputs[0]), *inputs[1:])


def _stay_fixed(norm: nn.Module, _: tuple[Any, ...]) -> None:
    norm.eval()
