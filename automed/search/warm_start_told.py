"""What samplers hear of another study's trials, as trials of this one that are complete."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from optuna.samplers import NSGAIIISampler, NSGAIISampler
from optuna.trial import FrozenTrial, TrialState
from scipy.stats import rankdata

from automed.domain.config import Config
from automed.domain.study_spec import StudySpec
from automed.search import record
from automed.search.distributions import distributions_of
from automed.search.screen import name_of, split_constraints, violations_of
from automed.search.warm_start import Prior, PriorTrial

Array = NDArray[np.float64]

ENOUGH = 5
"""Own complete trials from which on their qualities say how the others' are to be read."""

_EDGE = 1e-3
"""Qualities closer to 0 or 1 than this are moved as if they were not: log odds have no end."""

_GENERATIONS = [f"{s.__name__}:generation" for s in (NSGAIISampler, NSGAIIISampler)]


class WarmTrials:
    """Makes room for the study's own trials: for each that completes, one of the others goes.

    Args:
        spec: The study's settings.
        prior: The other study's trials; None: there are none.
    """

    def __init__(self, spec: StudySpec, prior: Prior | None) -> None:
        self._spec = spec
        self._prior = prior
        self._distributions = distributions_of(spec.task.space)

    def __call__(self, told: Sequence[FrozenTrial]) -> list[FrozenTrial]:
        """The others' trials that are left, with values on the scale of this study's.

        Args:
            told: The study's own trials as samplers see them.
        """
        if self._prior is None:
            return []
        own = [
            t for t in told if t.state is TrialState.COMPLETE and record.EXTRA not in t.user_attrs
        ]
        left = max(0, len(self._prior.trials) - len(own))
        if not left:
            return []
        uncertain = [o.metric for o in self._spec.task.uncertain]
        moved = {metric: self._moved(metric, self._prior, own) for metric in uncertain}
        return [
            self._trial(trial, {m: float(moved[m][at]) for m in uncertain}, breeds=left > 1)
            for at, trial in enumerate(self._prior.trials[:left])
        ]

    def _moved(self, metric: str, prior: Prior, own: Sequence[FrozenTrial]) -> Array:
        """A metric of all the others' trials, as it might be here."""
        there = np.asarray([trial.metrics[metric] for trial in prior.trials], np.float64)
        if prior.same_training or not own:
            return there
        column = [o.metric for o in self._spec.task.objectives].index(metric)
        here = np.asarray([t.values[column] for t in own], np.float64)
        if len(own) >= ENOUGH:
            return ranked_into(there, here)
        values = {trial.config: value for trial, value in zip(prior.trials, there, strict=True)}
        known = [values.get(Config(t.params)) for t in own]
        return shifted(there, here, known)

    def _trial(self, trial: PriorTrial, metrics: dict[str, float], *, breeds: bool) -> FrozenTrial:
        values = trial.cost.as_metrics() | metrics
        _, late = split_constraints(self._spec.constraints)
        # Of what was not measured there, the best is hoped.
        hoped = {name_of(c): 0.0 for c in late}
        known = violations_of([c for c in late if c.metric in metrics], metrics)
        noted: dict[str, object] = {
            record.CONSTRAINT + name: value
            for name, value in {**trial.violations, **hoped, **known}.items()
        }
        # Genetic samplers breed from generations. A single parent has none to mate with.
        noted |= dict.fromkeys(_GENERATIONS if breeds else (), 0)
        params = dict(trial.config.items())
        return record.template(
            TrialState.COMPLETE,
            params,
            {key: self._distributions[key] for key in params},
            values=[values[o.metric] for o in self._spec.task.objectives],
            system_attrs={**noted, record.PRIOR: True},
            now=datetime(2000, 1, 1),
        )


def ranked_into(there: Array, here: Array) -> Array:
    """The values there, each replaced by that of the same rank here."""
    share = (rankdata(there) - 1) / max(1, len(there) - 1)
    found: Array = np.quantile(here, share if len(there) > 1 else [0.5])
    return found


def shifted(there: Array, here: Array, known: Sequence[float | None]) -> Array:
    """The values there, moved by what is typical, in log odds: a Dice stays a Dice.

    Args:
        there: Of the other study's trials.
        here: Of this study's own.
        known: For each of the own, what its config reached there; None: it was not trained there.
    """
    pairs = [(new, old) for new, old in zip(here, known, strict=True) if old is not None]
    if pairs:
        new, old = np.asarray(pairs, np.float64).T
        by = float(np.median(_log_odds(new) - _log_odds(old)))
    else:
        by = float(np.median(_log_odds(here)) - np.median(_log_odds(there)))
    found: Array = 1 / (1 + np.exp(-(_log_odds(there) + by)))
    return found


def _log_odds(values: Array) -> Array:
    inside = np.clip(values, _EDGE, 1 - _EDGE)
    found: Array = np.log(inside / (1 - inside))
    return found
