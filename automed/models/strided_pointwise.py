"""Convolutions of 1x1 with a stride, made safe to train on a CPU."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

_WHOLE_BLOCK = 16
"""Input channels from which on oneDNN's kernel is right: a vector of AVX-512."""


class StridedPointwise(nn.Conv2d):
    """A 1x1 convolution that, where it is trained on a CPU, takes every n-th pixel by itself.

    With channels last and fewer than 16 of them, oneDNN 3.13 (torch 2.15, AVX-512) writes beyond
    its workspace while it computes the gradient of such weights: the process dies some steps
    later, of "corrupted size vs. prev_size" or a segmentation fault. The stems of MobileOne and
    FastViT have one of three channels, and pruning makes others. Reproduce with
    ``Conv2d(3, 48, 1, stride=2)`` and an input of 8x3x128x128, both channels last.
    """

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if input.shape[1] >= _WHOLE_BLOCK or input.device.type != "cpu" or not _is_trained():
            found: Tensor = super()._conv_forward(input, weight, bias)
            return found
        rows, columns = self.stride
        return functional.conv2d(input[:, :, ::rows, ::columns], weight, bias)


def guard_strided_pointwise(model: nn.Module) -> None:
    """Make every 1x1 convolution with a stride in a model a `StridedPointwise`, in place."""
    for module in model.modules():
        if type(module) is nn.Conv2d and _is_strided_pointwise(module):
            module.__class__ = StridedPointwise


def _is_strided_pointwise(layer: nn.Conv2d) -> bool:
    return (
        layer.kernel_size == (1, 1)
        and layer.stride != (1, 1)
        and layer.padding == (0, 0)
        and layer.groups == 1
    )


def _is_trained() -> bool:
    return torch.is_grad_enabled() and not torch.compiler.is_exporting()
