"""Suggestions as a pure function of (seed, history): a fresh sampler sees a copy of the study."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, TrialState

from automed.domain.config import Config
from automed.domain.objective import Objective
from automed.domain.space import SearchSpace
from automed.search.distributions import distributions_of, suggest
from automed.search.record import EXTRA, REJECTED, SAMPLER_STATE, template

logging.getLogger("optuna.storages").setLevel(logging.WARNING)  # one line for each shadow else

_NEVER = datetime(2000, 1, 1)
"""Stands in for all times: no sampler may see the real ones."""

_LASTING = "qmc:"
"""Prefix of the study attributes that outlive a shadow: how far a Sobol sequence has got. What
NSGA-II caches there are ids of this shadow, found anew in the next one."""

MOST_REJECTED = 100
"""Rejected trials that the shadow holds, the latest. TPE calls a tenth of all trials good: with
thousands of rejected ones, every trained trial would count as good."""


@dataclass(frozen=True)
class Proposal:
    """A config with what the journal must keep of how it was drawn.

    Attributes:
        config: The active parameters.
        distributions: Of those parameters.
        system_attrs: What the sampler noted on the trial.
        sampler_state: What the sampler noted on the study.
        origin: The sampler's name, or the baseline's.
    """

    config: Config
    distributions: dict[str, BaseDistribution]
    system_attrs: dict[str, Any]
    sampler_state: dict[str, Any]
    origin: str


class Shadow:
    """An in-memory study that holds copies of all earlier trials, without their times.

    Args:
        space: What to draw from.
        objectives: Their directions; values of complete trials stand in their order.
        history: The trials so far, in order.
    """

    def __init__(
        self, space: SearchSpace, objectives: Sequence[Objective], history: Iterable[FrozenTrial]
    ) -> None:
        self._space = space
        self._distributions = distributions_of(space)
        self._storage = InMemoryStorage()
        self._study = optuna.create_study(
            storage=self._storage, directions=[o.direction for o in objectives]
        )
        self._id = self._storage.get_study_id_from_name(self._study.study_name)
        inside = [trial for trial in history if EXTRA not in trial.user_attrs]
        for trial in _without_excess(inside):
            self._remember(trial, keep_curve=len(objectives) == 1)

    def ask(self, sampler: BaseSampler, origin: str, fixed: Config | None = None) -> Proposal:
        """Draw one config. The next call is answered as if this one had never been.

        Args:
            sampler: Fresh: what it draws must depend on its seed and the history alone.
            origin: Recorded with the proposal.
            fixed: A config to take instead of drawing one; the sampler hears of it all the same.
        """
        before = self._lasting()
        if fixed is not None:
            self._study.enqueue_trial(dict(fixed.items()))
        self._study.sampler = sampler
        trial = self._study.ask()
        values: dict[str, Any] = {}
        for key in self._space.parameters:
            if self._space.is_active(key, values):
                values[key] = suggest(trial, key, self._distributions[key])
        trial_id = self._storage.get_trial_id_from_study_id_trial_number(self._id, trial.number)
        frozen = self._storage.get_trial(trial_id)
        self._storage.set_trial_state_values(trial_id, TrialState.FAIL)
        return Proposal(
            config=Config(values),
            distributions={key: self._distributions[key] for key in values},
            system_attrs=frozen.system_attrs,
            sampler_state={k: v for k, v in self._lasting().items() if before.get(k) != v},
            origin=origin,
        )

    def _lasting(self) -> dict[str, Any]:
        attrs = self._storage.get_study_system_attrs(self._id)
        return {k: v for k, v in attrs.items() if k.startswith(_LASTING)}

    def _remember(self, trial: FrozenTrial, *, keep_curve: bool) -> None:
        copied = template(
            trial.state,
            trial.params,
            _Shared(trial.distributions),
            values=trial.values,
            system_attrs=trial.system_attrs,
            # Under several objectives TPE fails on a stopped trial that has intermediate values.
            intermediate_values=trial.intermediate_values if keep_curve else None,
            now=_NEVER,
        )
        self._storage.create_new_trial(self._id, copied)
        for key, value in trial.user_attrs.get(SAMPLER_STATE, {}).items():
            self._storage.set_study_system_attr(self._id, key, value)


class _Shared(dict[str, BaseDistribution]):
    """Distributions of a finished trial, which nobody changes.

    The storage copies each trial deeply, and most of what it would copy is these: for a thousand
    trials a third of a second, at each suggestion.
    """

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


def _without_excess(history: list[FrozenTrial]) -> list[FrozenTrial]:
    rejected = [t.number for t in history if REJECTED in t.user_attrs]
    dropped = set(rejected[:-MOST_REJECTED])
    return [t for t in history if t.number not in dropped]
