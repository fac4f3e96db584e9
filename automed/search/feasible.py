"""Turn a config that the constraints rule out into one that they allow."""

from __future__ import annotations

from collections.abc import Callable

from automed.domain.config import Config
from automed.domain.space import SearchSpace
from automed.search.screen import Verdict


def made_feasible(
    config: Config, base: Config, space: SearchSpace, judge: Callable[[Config], Verdict]
) -> Config:
    """The config with its first parameters, as few as possible, taken from a feasible one.

    A space decides the model before its training, so most of what a sampler chose survives.

    Args:
        config: Is ruled out.
        base: Is allowed.
        space: Says in which order parameters are decided.
        judge: The screen.
    """
    keys = list(space.parameters)
    for taken in range(1, len(keys)):
        kept = {key: config[key] for key in keys[taken:] if key in config}
        mixed = space.complete({**dict(base.items()), **kept})
        if mixed is not None and judge(mixed).rejected is None:
            return mixed
    return base
