"""Why configs were rejected before any training, counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from automed.domain.objective import COST_METRICS, LABELS, SCALES, Constraint
from automed.domain.study_spec import StudySpec
from automed.domain.trial import Trial

EXCLUDED = "excluded by the space"
UNBUILT = "cannot be built"


@dataclass(frozen=True)
class Rejection:
    """One reason, with all configs that it rejected. A config may have several reasons.

    Attributes:
        reason: A constraint in words, `EXCLUDED`, or `UNBUILT` with the problem.
        trials: Numbers of the rejected trials.
        nearest: The rejected trial that comes nearest to the constraint; None: no such thing.
        found: What that one has, in the unit of tables; None: no such thing.
        example: In words, why the first one was rejected.
    """

    reason: str
    trials: tuple[int, ...]
    nearest: int | None
    found: str | None
    example: str


def rejections(trials: Sequence[Trial], spec: StudySpec) -> tuple[Rejection, ...]:
    """Every reason for which a study rejected configs, most frequent first.

    Args:
        trials: All of the study.
        spec: Its constraints, and its space with what cannot go together.
    """
    rejected = [trial for trial in trials if trial.rejected is not None]
    unpriced = [trial for trial in rejected if trial.predicted is None]
    found = [_broken(c, rejected) for c in spec.constraints if c.metric in COST_METRICS]
    kept = [one for one in found if one is not None]
    by_reason: dict[str, list[Trial]] = {}
    for trial in unpriced:
        by_reason.setdefault(_reason(trial, spec), []).append(trial)
    kept += [_unpriced(reason, members) for reason, members in by_reason.items()]
    return tuple(sorted(kept, key=lambda one: -len(one.trials)))


def _reason(trial: Trial, spec: StudySpec) -> str:
    """Of a config whose cost is unknown; what cannot be built is told apart by its problem."""
    if spec.task.space.clashes(dict(trial.config.items())):
        return EXCLUDED
    return f"{UNBUILT}: {trial.rejected}"


def _broken(constraint: Constraint, rejected: Sequence[Trial]) -> Rejection | None:
    priced = [
        (trial, trial.predicted.as_metrics()[constraint.metric])
        for trial in rejected
        if trial.predicted is not None
    ]
    broken = [(trial, value) for trial, value in priced if constraint.violation(value) > 0]
    if not broken:
        return None
    nearest, value = min(broken, key=lambda pair: constraint.violation(pair[1]))
    label = LABELS.get(constraint.metric, constraint.metric)
    return Rejection(
        reason=constraint.describe(),
        trials=tuple(trial.number for trial, _ in broken),
        nearest=nearest.number,
        found=f"{label} {value / SCALES.get(constraint.metric, 1.0):.4g}",
        example=broken[0][0].rejected or "",
    )


def _unpriced(reason: str, trials: Sequence[Trial]) -> Rejection:
    numbers = tuple(trial.number for trial in trials)
    return Rejection(reason, numbers, None, None, trials[0].rejected or "")
