"""Our own sampler: the config that is expected to lift the front most, its cost being certain."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.trial import FrozenTrial, TrialState

from automed.domain.config import Config, Value
from automed.domain.cost import Cost
from automed.domain.front import non_dominated
from automed.search.record import PRIOR
from automed.search.samplers.candidates import Candidates
from automed.search.samplers.config_encoding import ConfigEncoding
from automed.search.samplers.context import Context
from automed.search.samplers.expected_gain import expected_gains
from automed.search.samplers.price_list import PriceList
from automed.search.samplers.quality_model import MOST, QualityModel

Array = NDArray[np.float64]

STARTUP = 5
"""Random trainings before a model is trusted. On recorded trainings the front came sooner after 5
than after 8 or 12, and than after 8 that were spread over the space."""

DRAWS = 20
"""How many of those are drawn for one that is new and allowed."""

BEYOND = 0.05
"""Of the range of log costs: how far the reference point lies beyond the dearest config."""


class ExactCostEHVI(BaseSampler):
    """Expected hypervolume improvement with exact costs.

    Optuna's samplers model every objective, costs included, from the trials they saw. But costs
    are known before training: a regression is needed for the quality alone, and what a config adds
    to the front follows from its own cost. Costs count by their logarithm, as on the axes of the
    plots: a tenth less is worth as much to a microcontroller as to a server.

    Args:
        context: Of one suggestion.

    Raises:
        StudyError: The study has not exactly one objective that only training decides.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._prices = PriceList(context.spec)
        self._encoding = ConfigEncoding(context.distributions)
        self._random = RandomSampler(context.seed)

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """All parameters: a config is chosen as a whole."""
        return dict(self._context.distributions)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """The active parameters of the chosen config."""
        earlier = [t for t in study.get_trials(deepcopy=False) if t.number != trial.number]
        done = [t for t in earlier if t.state is TrialState.COMPLETE]
        if len(done) < STARTUP:
            return self._at_random([Config(t.params) for t in earlier])
        own = [t for t in earlier if PRIOR not in t.system_attrs]
        quality, costs = self._prices.of_trials(done)
        leads = non_dominated(np.column_stack([-quality, costs]))
        leading = [Config(t.params) for t, on in zip(done, leads, strict=True) if on]
        drawn = Candidates(self._context, [Config(t.params) for t in own], leading).drawn()
        if not drawn:
            return {}
        running = [Config(t.params) for t in own if t.state is TrialState.RUNNING]
        return dict(self._best(drawn, done, running).items())

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Value:
        """At random, where no candidate could be drawn."""
        value: Value = self._random.sample_independent(study, trial, param_name, param_distribution)
        return value

    def _at_random(self, seen: Sequence[Config]) -> dict[str, Any]:
        """The first of some draws that is new and that the screen passes; none where none is."""
        rng = random.Random(self._context.seed)
        for _ in range(DRAWS):
            config = self._context.spec.task.space.sample(rng)
            if config not in seen and self._context.judge(config).rejected is None:
                return dict(config.items())
        return {}

    def _best(
        self,
        drawn: Mapping[Config, Cost],
        done: Sequence[FrozenTrial],
        running: Sequence[Config],
    ) -> Config:
        """The candidate that adds most, as far as the quality model can tell.

        Models that are being trained count as if they had what is expected of them, on the front
        and for the quality model, which is the surer of what is close to them: workers that ask at
        the same time are not all sent to one place. Another study's teach the model, but are
        nothing that this one has.
        """
        quality, costs = self._prices.of_trials(done)
        priced = self._prices.of_costs(drawn.values())
        there = [self._context.judge(config).cost for config in running]
        believed = self._prices.of_costs(cost for cost in there if cost is not None)
        running = [c for c, cost in zip(running, there, strict=True) if cost is not None]
        low = np.vstack([priced, costs, believed]).min(axis=0)
        span = np.vstack([priced, costs, believed]).max(axis=0) - low
        span = np.where(span > 0, span, 1.0)

        def points(configs: Sequence[Config], log_costs: Array) -> Array:
            return np.column_stack([self._encoding(configs), (log_costs - low) / span])

        latest = points([Config(t.params) for t in done[-MOST:]], costs[-MOST:])
        reached = quality[-MOST:]
        model = QualityModel(latest, reached)
        own = np.asarray([PRIOR not in t.system_attrs for t in done])
        quality, costs = quality[own], costs[own]
        if running:
            pending = points(running, believed)
            expected, _ = model.predict(pending)
            model = QualityModel(np.vstack([latest, pending]), np.append(reached, expected))
            quality, costs = np.append(quality, expected), np.vstack([costs, believed])
        candidates = list(drawn)
        mean, std = model.predict(points(candidates, priced))
        gains = expected_gains(
            quality, costs, mean, std, priced,
            reference=low + (1 + BEYOND) * span, floor=self._prices.floor,
            ceiling=self._prices.ceiling,
        )  # fmt: skip
        return candidates[int(np.argmax(gains))]
