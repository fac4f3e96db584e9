"""Optimizers by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytorch_optimizer
import timm.optim
import torch
from torch.nn import Parameter

from automed.domain.errors import TrainingError
from automed.domain.suggestion import suggestion
from automed.training.sign_momentum import SignMomentum

if TYPE_CHECKING:
    from automed.training.recipe import Recipe  # which reads the table below

PARAMETERS = ("momentum", "beta1", "beta2", "alpha", "gamma", "beta_bound")
"""Fields of a recipe that only some optimizers take."""


@dataclass(frozen=True)
class Row:
    """One optimizer.

    Attributes:
        build: Its class.
        decoupled: Whether weights decay by themselves (Loshchilov and Hutter, 2019), as the
            optimizer's authors define it, rather than through an L2 term in the gradient.
        takes: Which of `PARAMETERS` it has, and what they are unless a recipe gives them.
        arguments: What is fixed besides.
    """

    build: Callable[..., torch.optim.Optimizer]
    decoupled: bool
    takes: Mapping[str, float] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)


_ADAM = {"beta1": 0.9, "beta2": 0.999}
_L2 = {"weight_decouple": False}

# Defaults are those of the libraries, but for SGD's momentum, where theirs is 0.
OPTIMIZERS: Mapping[str, Row] = {
    "adam": Row(torch.optim.Adam, decoupled=False, takes=_ADAM),
    "adamw": Row(torch.optim.AdamW, decoupled=True, takes=_ADAM),
    "nadam": Row(torch.optim.NAdam, decoupled=False, takes=_ADAM),
    "rmsprop": Row(torch.optim.RMSprop, decoupled=False, takes={"momentum": 0.0}),
    "adagrad": Row(torch.optim.Adagrad, decoupled=False),
    "sgd": Row(torch.optim.SGD, decoupled=False, takes={"momentum": 0.9}),
    "sgdw": Row(pytorch_optimizer.SGDW, decoupled=True, takes={"momentum": 0.9}),
    # pytorch_optimizer's AdamP cannot reshape weights in channels_last (4.1.0); timm's can.
    "adamp": Row(timm.optim.AdamP, decoupled=True, takes=_ADAM),
    "diffgrad": Row(pytorch_optimizer.DiffGrad, decoupled=False, takes=_ADAM, arguments=_L2),
    # Before the variance can be rectified, for five steps, Ranger's author takes plain steps;
    # without degenerated_to_sgd pytorch_optimizer (4.1.0) steps up the gradient.
    "ranger": Row(
        pytorch_optimizer.Ranger,
        decoupled=True,
        takes={"beta1": 0.95, "beta2": 0.999},
        arguments={"degenerated_to_sgd": True},
    ),
    "yogi": Row(pytorch_optimizer.Yogi, decoupled=False, takes=_ADAM, arguments=_L2),
    "lion": Row(timm.optim.Lion, decoupled=True, takes={"beta1": 0.9, "beta2": 0.99}),
    "signmomentum": Row(
        SignMomentum, decoupled=True, takes={"alpha": 0.01, "gamma": 1.0, "beta_bound": 2.0}
    ),
}


def build_optimizer(
    recipe: Recipe, parameters: Iterable[Parameter] | Iterable[dict[str, Any]]
) -> torch.optim.Optimizer:
    """The optimizer of a recipe; what neither recipe nor table names is its library's default.

    Args:
        recipe: Names the optimizer, its learning rate, weight decay and parameters.
        parameters: What is trained, or groups of it with rates of their own:
            ``{"params": [...], "lr": ...}``. All of it decays.

    Raises:
        TrainingError: There is no such optimizer, or it lacks a parameter that the recipe gives.
    """
    given = given_parameters(recipe)
    check_optimizer(recipe.optimizer, given)
    row = OPTIMIZERS[recipe.optimizer]
    arguments: dict[str, Any] = {**row.arguments, **row.takes, **given}
    if "beta1" in arguments:
        arguments["betas"] = (arguments.pop("beta1"), arguments.pop("beta2"))
    return row.build(
        list(parameters), lr=recipe.learning_rate, weight_decay=recipe.weight_decay, **arguments
    )


def check_optimizer(name: str, given: Iterable[str] = ()) -> None:
    """Check that an optimizer exists and takes what it is given.

    Args:
        name: Of the optimizer.
        given: Some of `PARAMETERS`.

    Raises:
        TrainingError: There is no such optimizer, or it lacks one of the parameters.
    """
    if name not in OPTIMIZERS:
        raise TrainingError(
            f"there is no optimizer {name!r}{suggestion(name, OPTIMIZERS)}",
            expected=f"one of {', '.join(OPTIMIZERS)}",
        )
    for parameter in given:
        if parameter not in OPTIMIZERS[name].takes:
            takers = [other for other, row in OPTIMIZERS.items() if parameter in row.takes]
            raise TrainingError(
                f"training.{parameter} would have no effect: {name} has no such parameter",
                expected=f"training.optimizer one of {', '.join(takers)}",
                hint="in a search space, give it a condition: "
                f'when = {{ "training.optimizer" = {json.dumps(takers)} }}',
            )


def given_parameters(recipe: Recipe) -> dict[str, float]:
    """Those of `PARAMETERS` that a recipe gives."""
    values = {name: getattr(recipe, name) for name in PARAMETERS}
    return {name: value for name, value in values.items() if value is not None}
