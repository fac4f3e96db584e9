"""Quality and log costs of trials, told apart among the objectives of a study."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from optuna.trial import FrozenTrial

from automed.domain.cost import Cost
from automed.domain.errors import StudyError
from automed.domain.objective import COST_METRICS
from automed.domain.study_spec import StudySpec

Array = NDArray[np.float64]

_TINY = 1e-12
"""Stands in for a cost of 0, which has no logarithm."""


class PriceList:
    """Reads a study's objectives as one quality and the logarithms of what it costs.

    Args:
        spec: Names the objectives and constraints.

    Raises:
        StudyError: Not exactly one objective is decided by training; or there is no cost.
    """

    def __init__(self, spec: StudySpec) -> None:
        objectives = spec.task.objectives
        if len(spec.task.uncertain) != 1 or not spec.task.certain:
            raise StudyError(
                "the sampler 'ehvi' needs one objective that training decides, and costs",
                found=", ".join(o.metric for o in objectives),
                expected=f"one metric beside {', '.join(COST_METRICS)}",
                hint="choose another sampler, such as tpe",
            )
        quality = spec.task.quality
        self._at = objectives.index(quality)
        self._objectives, self._certain = objectives, spec.task.certain
        worst = quality.reference
        if worst is None:
            worst = 0.0 if quality.direction == "maximize" else np.inf
        bounds = [-quality.loss(c.bound) for c in spec.constraints if c.metric == quality.metric]
        self.floor = max([-quality.loss(worst), *bounds])
        """The lowest quality that counts, its sign turned so that larger is better."""
        self.ceiling = 1.0 if quality.direction == "maximize" else 0.0
        """The highest quality there can be."""

    def of_trials(self, done: Sequence[FrozenTrial]) -> tuple[Array, Array]:
        """Quality, shape (trials,), larger is better, and log costs, shape (trials, costs)."""
        rows = np.asarray([t.values for t in done], np.float64)
        rows = rows.reshape(len(done), len(self._objectives))
        quality = np.asarray([-self._objectives[self._at].loss(v) for v in rows[:, self._at]])
        return quality.astype(np.float64), _logs(np.delete(rows, self._at, axis=1))

    def of_costs(self, costs: Iterable[Cost]) -> Array:
        """Log costs, shape (configs, costs)."""
        known = [o.metric for o in self._certain]
        rows = [[cost.as_metrics()[metric] for metric in known] for cost in costs]
        return _logs(np.asarray(rows, np.float64).reshape(len(rows), len(known)))


def _logs(costs: Array) -> Array:
    found: Array = np.log(np.maximum(costs, _TINY))
    return found
