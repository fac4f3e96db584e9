"""What an optimizer has gathered while it trained."""

from __future__ import annotations

from typing import Any

from torch.optim import Optimizer


def optimizer_state(optimizer: Optimizer) -> dict[str, Any]:
    """The settings of the groups, which schedules change, and the state of each parameter."""
    return {
        "groups": [
            {name: value for name, value in group.items() if name != "params"}
            for group in optimizer.param_groups
        ],
        "parameters": [dict(optimizer.state.get(p, {})) for p in _parameters(optimizer)],
    }


def restore_optimizer(optimizer: Optimizer, state: dict[str, Any]) -> None:
    """Go on where `optimizer_state` was taken.

    Torch's own ``load_state_dict`` is no help: it moves what an optimizer keeps on the CPU to the
    parameters' device.

    Args:
        optimizer: New, for the same parameters in the same groups.
        state: Its tensors become the optimizer's own.
    """
    for group, values in zip(optimizer.param_groups, state["groups"], strict=True):
        group.update(values)
    for parameter, values in zip(_parameters(optimizer), state["parameters"], strict=True):
        if values:  # one that never had a gradient has no state, and asks for it to be made
            optimizer.state[parameter] = values


def _parameters(optimizer: Optimizer) -> list[Any]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]
