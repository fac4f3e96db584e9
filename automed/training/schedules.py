"""How the learning rate changes during a training."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR, ReduceLROnPlateau

from automed.training.optimizers import OPTIMIZERS
from automed.training.recipe import Recipe

LAST = 0.01
"""What is left of the learning rate at the end of a cosine, as a share of the start."""
PLATEAU_FACTOR = 0.1
"""What the plateau schedule multiplies the rate with (torch's default)."""
PLATEAU_PATIENCE = 5
"""Epochs without a smaller validation loss (by 0.01 %) that the plateau schedule bears; after one
more it lowers the rate. Less than a training's usual patience, or it would never act."""


class Schedule:
    """Moves the learning rates of all groups of an optimizer, in fixed ratios to each other.

    Args:
        optimizer: Whose rates are moved.
        scheduler: One of torch's, made for `optimizer`.
        steps: Optimizer steps of the whole training; after them the rate stays.
    """

    def __init__(self, optimizer: Optimizer, scheduler: LRScheduler, steps: int) -> None:
        self._optimizer = optimizer
        self._scheduler = scheduler
        self._left = steps

    @property
    def learning_rate(self) -> float:
        """The rate of the next step, in the group where it is highest."""
        return max(float(group["lr"]) for group in self._optimizer.param_groups)

    def step(self) -> None:
        """To be called after each step of the optimizer."""
        if self._left > 0 and not isinstance(self._scheduler, ReduceLROnPlateau):
            self._left -= 1
            self._scheduler.step()

    def end_epoch(self, loss: float) -> None:
        """To be called after each epoch.

        Args:
            loss: Of the validation part; the plateau schedule watches it.
        """
        if isinstance(self._scheduler, ReduceLROnPlateau):
            self._scheduler.step(loss)

    def state_dict(self) -> dict[str, Any]:
        """Where it is; the rates themselves are the optimizer's."""
        return {"left": self._left, "scheduler": self._scheduler.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another one was. The optimizer's rates are to be restored after this."""
        self._left = state["left"]
        self._scheduler.load_state_dict(state["scheduler"])


def build_schedule(
    recipe: Recipe, optimizer: Optimizer, steps_per_epoch: int, epochs: int
) -> Schedule:
    """The schedule of a recipe.

    - ``constant``
    - ``cosine``: rises linearly over the share `Recipe.warmup` of the steps, then falls along half
      a cosine to 1 % (Loshchilov and Hutter, SGDR, 2017, without restarts).
    - ``onecycle``: torch's ``OneCycleLR`` (Smith and Topin, 2018): from 1/25 of the rate up to it
      over 30 % of the steps, then down to 1/250,000. An optimizer's momentum, or beta1, moves the
      other way between .95 and .85, unless it is 0 or the recipe gives it.
    - ``step``: `Recipe.step_factor` times the rate after the share `Recipe.step_at` of the epochs,
      rounded to whole epochs, at least one on either side of the step.
    - ``plateau``: torch's ``ReduceLROnPlateau``: a tenth of the rate, each time that the
      validation loss has not fallen for more than 5 epochs.

    Args:
        recipe: Names the schedule and its settings.
        optimizer: Its groups' rates are the highest that they get.
        steps_per_epoch: Optimizer steps of an epoch.
        epochs: How many epochs are planned.
    """
    steps = steps_per_epoch * epochs
    scheduler: LRScheduler
    if recipe.schedule == "onecycle":
        scheduler = _one_cycle(recipe, optimizer, steps)
        # At step 0 the first rate is set; at step N of N torch would go beyond its last phase.
        return Schedule(optimizer, scheduler, steps - 1)
    if recipe.schedule == "plateau":
        scheduler = ReduceLROnPlateau(optimizer, factor=PLATEAU_FACTOR, patience=PLATEAU_PATIENCE)
    else:
        scheduler = LambdaLR(optimizer, _share(recipe, steps_per_epoch, epochs))
    return Schedule(optimizer, scheduler, steps)


def _share(recipe: Recipe, steps_per_epoch: int, epochs: int) -> Callable[[int], float]:
    """What the rate is multiplied with, as a function of the steps that were made."""
    if recipe.schedule == "cosine":
        steps = steps_per_epoch * epochs
        return _cosine(steps, math.ceil(recipe.warmup * steps))
    if recipe.schedule == "step":
        first = min(max(round(recipe.step_at * epochs), 1), max(epochs - 1, 1))
        return lambda step: 1.0 if step < first * steps_per_epoch else recipe.step_factor
    return lambda _: 1.0


def _cosine(steps: int, warmup: int) -> Callable[[int], float]:
    def share(step: int) -> float:
        if step < warmup:
            # Not from 0, which would waste a step.
            return (step + 1) / (warmup + 1)
        done = (step - warmup) / max(steps - warmup, 1)
        return LAST + (1 - LAST) * (1 + math.cos(math.pi * done)) / 2

    return share


def _one_cycle(recipe: Recipe, optimizer: Optimizer, steps: int) -> OneCycleLR:
    takes = OPTIMIZERS[recipe.optimizer].takes
    name = "momentum" if "momentum" in takes else "beta1"
    return OneCycleLR(
        optimizer,
        max_lr=[group["lr"] for group in optimizer.param_groups],
        total_steps=steps,
        cycle_momentum=takes.get(name, 0.0) > 0 and getattr(recipe, name) is None,
    )
