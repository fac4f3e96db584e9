"""Configs worth a look, with their costs."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from automed.domain.config import Config, Value
from automed.domain.cost import Cost
from automed.domain.space import SearchSpace
from automed.search.samplers.context import Context

FREE = ("training.", "augment.")
"""Prefixes of parameters that cost nothing: the cost of one config is that of all that differ
in these alone."""

NEW_MODELS = 2
"""Models drawn at random, and as many near the front's: each takes up to half a second to cost."""

NEAR = 4
"""Ways of training that are one step away from the front's."""

KNOWN_MODELS = 32
"""Models of earlier trials, the latest, that are looked at again with other trainings."""

TRAININGS = 16
"""Ways of training, drawn at random, that each model is looked at with."""


class Candidates:
    """Draws configs that no trial had and that the screen passes.

    Args:
        context: Space, seed and screen.
        seen: Configs of all earlier trials, in order.
        leading: Configs on the front, whose neighbours are worth a look.
    """

    def __init__(self, context: Context, seen: Sequence[Config], leading: Sequence[Config]) -> None:
        self._context = context
        self._rng = random.Random(context.seed)
        self._seen = seen
        self._leading = leading

    def drawn(self) -> dict[Config, Cost]:
        """Configs and their costs, in the order in which they were drawn."""
        space = self._context.spec.task.space
        trainings = self._trainings(space)
        known = set(self._seen)
        found: dict[Config, Cost] = {}
        for model in self._models(space):
            verdict = self._context.judge(model)
            if verdict.rejected is not None or verdict.cost is None:
                continue
            for training in ({}, *trainings):
                config = space.complete({**dict(model.items()), **training})
                if config is not None and config not in known:
                    found.setdefault(config, verdict.cost)
        return found

    def _models(self, space: SearchSpace) -> list[Config]:
        """One config for each model that is to be looked at."""
        near = [_neighbour(config, space, self._rng) for config in self._some(NEW_MODELS)]
        fresh = [space.sample(self._rng) for _ in range(NEW_MODELS)]
        latest = reversed(self._seen)
        distinct: dict[tuple[tuple[str, Value], ...], Config] = {}
        for config in (*near, *fresh, *self._leading, *latest):
            if len(distinct) == KNOWN_MODELS + 2 * NEW_MODELS:
                break
            distinct.setdefault(_priced(config), config)
        return list(distinct.values())

    def _trainings(self, space: SearchSpace) -> list[dict[str, Value]]:
        """Ways to train: at random, the front's, and one step away from those."""
        drawn = [space.sample(self._rng) for _ in range(TRAININGS)]
        near = [_neighbour(c, space, self._rng, free=True) for c in self._some(NEAR)]
        parts = [dict(c.part(*FREE).items()) for c in (*drawn, *self._leading, *near)]
        return [dict(part) for part in dict.fromkeys(tuple(p.items()) for p in parts)]

    def _some(self, count: int) -> list[Config]:
        """Some that lead, the same one more than once perhaps."""
        return self._rng.choices(self._leading, k=count) if self._leading else []


def _priced(config: Config) -> tuple[tuple[str, Value], ...]:
    return tuple((k, v) for k, v in config.items() if not k.startswith(FREE))


def _neighbour(
    config: Config, space: SearchSpace, rng: random.Random, *, free: bool = False
) -> Config:
    """A config with one of its parameters taken from a random one."""
    keys = [key for key in space.parameters if key.startswith(FREE) == free and key in config]
    for key in rng.sample(keys, len(keys)):
        for other in _draws(space, rng):
            if key in other and other[key] != config[key]:
                # What the change makes active has no value yet but in the random config.
                mixed = {**dict(other.items()), **dict(config.items()), key: other[key]}
                changed = space.complete(mixed)
                if changed is not None:
                    return changed
    return config


def _draws(space: SearchSpace, rng: random.Random, most: int = 8) -> Iterator[Config]:
    return (space.sample(rng) for _ in range(most))
