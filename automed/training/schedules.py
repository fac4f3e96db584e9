"""How the learning rate changes during a training."""

from __future__ import annotations

from typing import Literal

from torch.optim import Optimizer
from torch.optim.lr_scheduler import ConstantLR, CosineAnnealingLR, LRScheduler

LAST = 0.01
"""What is left of the learning rate at the end of a cosine, as a share of the start."""


def build_schedule(
    name: Literal["constant", "cosine"], optimizer: Optimizer, steps: int
) -> LRScheduler:
    """A schedule that is stepped once after each optimizer step.

    Args:
        name: ``constant``, or ``cosine``: half a cosine from the optimizer's rate to 1 % of it
            (Loshchilov and Hutter, SGDR, 2017, without restarts).
        optimizer: Its learning rate is where the schedule starts.
        steps: Optimizer steps of the whole training.
    """
    if name == "constant":
        return ConstantLR(optimizer, factor=1.0, total_iters=0)
    start = optimizer.param_groups[0]["lr"]
    return CosineAnnealingLR(optimizer, T_max=steps, eta_min=LAST * start)
