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

    Those of the model come first, since they make the cost: what a sampler chose for the training
    survives.

    Args:
        config: Is ruled out.
        base: Is allowed.
        space: Completes a mixture of the two, or says that it cannot be.
        judge: The screen.
    """
    keys = sorted(space.parameters, key=lambda key: not key.startswith("model."))
    for taken in range(1, len(keys)):
        kept = {key: config[key] for key in keys[taken:] if key in config}
        mixed = space.complete({**dict(base.items()), **kept})
        if mixed is not None and judge(mixed).rejected is None:
            return mixed
    return base
