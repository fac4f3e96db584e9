"""Which device trains, and how precisely it computes."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Literal

import torch

from automed.domain.errors import TrainingError

Precision = Literal["auto", "fp32", "bf16"]


def resolve_device(name: str) -> torch.device:
    """The device of a name: ``cpu``, ``cuda``, ``cuda:1``; ``auto``: CUDA where there is some.

    Raises:
        TrainingError: There is no such device here.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if not re.fullmatch(r"cpu|cuda(:\d+)?", name):
        raise TrainingError(
            f"there is no device {name!r}", expected="cpu, cuda, cuda:1 (another index) or auto"
        )
    device = torch.device(name)
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise TrainingError(
            f"there is no device {name!r} here",
            found=f"{torch.cuda.device_count()} CUDA devices",
            hint="use --device cpu, or another index",
        )
    return device


def computes_bf16(device: torch.device) -> bool:
    """Whether a device computes in bfloat16 by itself, rather than emulating it."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    # torch.backends tells whether oneDNN accepts bf16, which it also does where it must emulate.
    checks: list[Callable[[], bool]] = [
        check
        for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        if (check := getattr(torch.cpu, name, None)) is not None
    ]
    return device.type == "cpu" and any(check() for check in checks)


def autocast(device: torch.device, precision: Precision) -> torch.autocast:
    """A context for forward passes: bf16 where asked for, or for ``auto`` where it is native."""
    bf16 = precision == "bf16" or (precision == "auto" and computes_bf16(device))
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=bf16)


def repeatable() -> AbstractContextManager[None]:
    """A context in which cuDNN repeats itself.

    With ``deterministic`` it takes algorithms that give equal results on equal inputs, and
    without ``benchmark`` it chooses them by rule rather than by a race. A few CUDA kernels outside
    cuDNN (bilinear upsampling's gradient) add in no fixed order even so.
    """
    context: AbstractContextManager[None] = torch.backends.cudnn.flags(
        enabled=True, benchmark=False, deterministic=True
    )
    return context
