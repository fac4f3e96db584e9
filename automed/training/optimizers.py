"""Optimizers by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytorch_optimizer
import timm.optim
import torch
from torch.nn import Parameter

from automed.domain.errors import TrainingError
from automed.domain.space_edit import suggestion

MOMENTUM = 0.9


@dataclass(frozen=True)
class _Row:
    """One optimizer.

    Attributes:
        build: Its class.
        decoupled: Whether weights decay by themselves (Loshchilov and Hutter, 2019), as the
            optimizer's authors define it, rather than through an L2 term in the gradient.
        arguments: What is fixed besides learning rate and weight decay.
    """

    build: Callable[..., torch.optim.Optimizer]
    decoupled: bool
    arguments: Mapping[str, Any] = field(default_factory=dict)


OPTIMIZERS = {
    "adam": _Row(torch.optim.Adam, decoupled=False),
    "adamw": _Row(torch.optim.AdamW, decoupled=True),
    "nadam": _Row(torch.optim.NAdam, decoupled=False),
    "rmsprop": _Row(torch.optim.RMSprop, decoupled=False),
    "adagrad": _Row(torch.optim.Adagrad, decoupled=False),
    "sgd": _Row(torch.optim.SGD, decoupled=False, arguments={"momentum": MOMENTUM}),
    "sgdw": _Row(pytorch_optimizer.SGDW, decoupled=True, arguments={"momentum": MOMENTUM}),
    # pytorch_optimizer's AdamP cannot reshape weights in channels_last (4.1.0); timm's can.
    "adamp": _Row(timm.optim.AdamP, decoupled=True),
    "diffgrad": _Row(
        pytorch_optimizer.DiffGrad, decoupled=False, arguments={"weight_decouple": False}
    ),
    "ranger": _Row(pytorch_optimizer.Ranger, decoupled=True),
    "yogi": _Row(pytorch_optimizer.Yogi, decoupled=False, arguments={"weight_decouple": False}),
}


def build_optimizer(
    name: str, parameters: Iterable[Parameter], lr: float, weight_decay: float
) -> torch.optim.Optimizer:
    """An optimizer by its name; what is not named here keeps its library's default.

    Args:
        name: A key of `OPTIMIZERS`.
        parameters: What is trained; all of it decays.
        lr: Learning rate.
        weight_decay: Decoupled or L2: see ``OPTIMIZERS[name].decoupled``.

    Raises:
        TrainingError: There is no such optimizer.
    """
    if name not in OPTIMIZERS:
        raise TrainingError(
            f"there is no optimizer {name!r}{suggestion(name, OPTIMIZERS)}",
            expected=f"one of {', '.join(OPTIMIZERS)}",
        )
    row = OPTIMIZERS[name]
    return row.build(list(parameters), lr=lr, weight_decay=weight_decay, **row.arguments)
