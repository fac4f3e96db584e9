"""What is left of a search space where encoders start from random weights."""

from __future__ import annotations

from collections.abc import Collection

from automed.domain.errors import SpaceError
from automed.domain.space import SearchSpace
from automed.domain.task import AnyTask

_OFF = {"training.freeze": "none", "training.frozen_share": "0.0", "training.layer_decay": "1.0"}

NOTE = (
    "random weights: no layer is frozen or slowed down, since there is nothing to keep; "
    "--fix training.freeze=... does so all the same"
)


def for_random_weights(task: AnyTask, named: Collection[str]) -> AnyTask:
    """The task without transfer learning: frozen random layers would never learn anything.

    Args:
        task: Its space may freeze layers.
        named: Keys that the user set; they stay as they are.
    """
    if any(key in named for key in _OFF):
        return task
    space = task.space
    for key, value in _OFF.items():
        space = _without(space, key, value)
    changed: AnyTask = task.replace(space=space)
    return changed


def _without(space: SearchSpace, key: str, value: str) -> SearchSpace:
    if key not in space.parameters:
        return space
    try:
        return space.narrow(key, value)
    except SpaceError:  # the space does not offer it: its author wants frozen layers
        return space
