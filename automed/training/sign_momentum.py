"""The update rule of Zhang et al., Optimization and Performance Evaluation of Deep Learning
Algorithm in Medical Image Processing (2024), equations 1 to 3.
"""  # noqa: D205 - the title of the paper

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.optimizer import ParamsT


class SignMomentum(Optimizer):
    r"""Gradient descent whose rate, for each weight, follows the signs of its gradients.

    .. math::
        \beta_t &= \beta_{t-1} + \alpha \operatorname{sign}(g_{t-1}) \\
        \eta_t &= \eta_0 \exp(-\gamma \beta_t) \\
        \theta_{t+1} &= \theta_t - \eta_t g_t

    The paper gives no values and leaves open:

    - :math:`\beta_0`: 0 here. Any other would only multiply :math:`\eta_0`.
    - :math:`g_0`, before the first gradient: 0, so that the first step is one of plain descent.
    - weight decay: decoupled (Loshchilov and Hutter, 2019), at the rate :math:`\eta_0`.
    - schedules: they change :math:`\eta_0`; :math:`\beta` goes on.

    How it fails: :math:`\beta` is a sum of signs and forgets nothing. A weight whose gradient
    keeps its sign for n steps has its rate multiplied by :math:`\exp(\mp\gamma\alpha n)`: where
    the gradient is positive the rate vanishes and the weight stops; where it is negative the rate
    explodes. So the rule is also not symmetric: to negate a weight changes how fast it learns.
    `beta_bound` keeps :math:`\beta` in an interval, and the rate within
    :math:`\exp(\pm\gamma b)` of :math:`\eta_0`.

    Args:
        params: Parameters, or groups of them with options of their own.
        lr: :math:`\eta_0`.
        alpha: What each sign adds to :math:`\beta`.
        gamma: How strongly :math:`\beta` lowers the rate.
        beta_bound: Largest absolute value of :math:`\beta`. None or inf: the paper's rule.
        weight_decay: Share of a weight, times `lr`, that each step takes away.

    The state of a parameter is ``beta``: that of its next step, in the parameter's shape.

    Raises:
        ValueError: An argument is negative or not a number, or `beta_bound` is 0.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-2,
        alpha: float = 0.01,
        gamma: float = 1.0,
        beta_bound: float | None = 2.0,
        weight_decay: float = 0.0,
    ) -> None:
        defaults: dict[str, Any] = {
            "lr": lr, "alpha": alpha, "gamma": gamma, "beta_bound": beta_bound,
            "weight_decay": weight_decay,
        }  # fmt: skip
        for name in ("lr", "alpha", "gamma", "weight_decay"):
            if not 0 <= defaults[name] < math.inf:
                raise ValueError(
                    f"{name} must be a finite number from 0 on, found {defaults[name]}"
                )
        if beta_bound is not None and not beta_bound > 0:
            raise ValueError(f"beta_bound must be above 0, found {beta_bound}")
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Take one step.

        Args:
            closure: Computes loss and gradients anew.

        Returns:
            What the closure returns.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            if params:
                self._update(group, params)
        return loss

    def _update(self, group: dict[str, Any], params: list[Tensor]) -> None:
        grads = [p.grad for p in params if p.grad is not None]
        betas = [self._beta(p) for p in params]
        torch._foreach_mul_(params, 1 - group["lr"] * group["weight_decay"])
        steps = torch._foreach_mul(betas, -group["gamma"])
        torch._foreach_exp_(steps)
        torch._foreach_mul_(steps, grads)
        torch._foreach_add_(params, steps, alpha=-group["lr"])
        torch._foreach_add_(betas, torch._foreach_sign(grads), alpha=group["alpha"])
        bound = group["beta_bound"]
        if bound is not None:
            torch._foreach_clamp_min_(betas, -bound)
            torch._foreach_clamp_max_(betas, bound)

    def _beta(self, parameter: Tensor) -> Tensor:
        state = self.state[parameter]
        if not state:
            state["beta"] = torch.zeros_like(parameter, memory_format=torch.preserve_format)
        beta: Tensor = state["beta"]
        return beta
