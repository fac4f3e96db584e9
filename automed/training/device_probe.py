"""A small real computation on a device: whether what it computes is right."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from automed.domain.errors import TrainingError
from automed.training.device import computes_bf16

_TOLERANCE = 1e-2
"""Of sums of some hundred products near 1: room for TF32, none for wrong results."""


@dataclass(frozen=True)
class DeviceView:
    """A device that computes as it should.

    Attributes:
        name: As its maker calls it; ``cpu`` for the processor.
        bf16: Whether it computes in bfloat16 by itself.
        total: Bytes of its memory; 0 for the processor.
        free: Bytes that nobody uses; 0 for the processor.
    """

    name: str
    bf16: bool
    total: int = 0
    free: int = 0


def probe(device: torch.device) -> DeviceView:
    """Compute a convolution's gradient on a device, and compare with double precision.

    Raises:
        TrainingError: The device computes something else.
        RuntimeError: It computes nothing: CUDA's own error.
    """
    drawn = torch.Generator().manual_seed(0)
    image = torch.randn(1, 8, 16, 16, generator=drawn)
    weight = torch.randn(8, 8, 3, 3, generator=drawn) / 8
    here = _gradient(image.to(device), weight.to(device)).cpu().double()
    exact = _gradient(image.double(), weight.double())
    worst = float((here - exact).abs().max() / exact.abs().max())
    if not worst < _TOLERANCE:
        raise TrainingError(
            f"{device} computes a convolution wrongly",
            found=f"a gradient that is off by {worst:.3g}",
            expected=f"less than {_TOLERANCE:g}",
        )
    if device.type != "cuda":
        return DeviceView(str(device), computes_bf16(device))
    free, total = torch.cuda.mem_get_info(device)
    return DeviceView(torch.cuda.get_device_name(device), computes_bf16(device), total, free)


def _gradient(image: Tensor, weight: Tensor) -> Tensor:
    weight = weight.clone().requires_grad_()
    torch.nn.functional.conv2d(image, weight, padding=1).square().mean().backward()  # type: ignore[no-untyped-call]
    assert weight.grad is not None
    return weight.grad
