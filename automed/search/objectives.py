"""A result without one of its objectives is none."""

from __future__ import annotations

import math

from automed.domain.result import Failure, Result
from automed.domain.task import AnyTask


def with_objectives(result: Result, task: AnyTask) -> Result | Failure:
    """The result, or a failure where an objective is missing or not finite."""
    values = result.values()
    for objective in task.objectives:
        value = values.get(objective.metric, math.nan)
        if not math.isfinite(value):
            return Failure(
                kind="NonFiniteObjective",
                message=f"{objective.metric} is "
                + (f"{value}" if objective.metric in values else "missing"),
                epoch=result.best_epoch or None,
            )
    return result
