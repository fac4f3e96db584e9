"""Budgets in words: what goes on, what is spent, and the flags that allow more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from automed.cli.duration import write_duration
from automed.domain.budget import Limits, Spent
from automed.domain.study_spec import StudySpec
from automed.domain.trial import Trial, TrialState


def to_run(trials: Sequence[Trial], spec: StudySpec) -> int | None:
    """Trainings that are left: those not begun, and those that were cut off.

    None where their number has no limit.
    """
    if spec.budget.trials is None:
        return None
    ended = sum(t.charged and t.state is not TrialState.RUNNING for t in trials)
    return max(0, spec.budget.trials - ended)


def owed_children(trials: Sequence[Trial], spec: StudySpec) -> int:
    """Models that ``--compress`` still asks for, of the trainings that are complete."""
    parents = sum(t.parent is None and t.state is TrialState.COMPLETE for t in trials)
    made = sum(t.parent is not None and t.state is not TrialState.RUNNING for t in trials)
    return max(0, parents * len(spec.compress) - made)


def more_flags(limits: Limits, spent: Spent) -> str:
    """The flags that allow twice as much, of each limit, as was allowed or spent.

    A training ends its epoch when time is up: more may be spent than the limit.
    """
    doubled = {n: 2 * max(limit, getattr(spent, n)) for n, limit in limits.given.items()}
    return " ".join(_flag(name, limit) for name, limit in doubled.items())


def describe_paused(paused: Mapping[int, int], trials: Sequence[Trial], epochs: int) -> list[str]:
    """A sentence for each trial that waits to go on, with the epoch that it has reached."""
    children = {trial.number for trial in trials if trial.parent is not None}
    return [
        f"Trial {number}, which compresses a model, was put off."
        if number in children
        else f"Trial {number} is paused after epoch {epoch} of {epochs}."
        for number, epoch in paused.items()
    ]


def _flag(name: str, limit: float) -> str:
    if name == "seconds":
        return f"--time {write_duration(limit)}"
    if name == "device_seconds":
        return f"--device-hours {limit / 3600:.4g}"
    return f"{'--budget' if name == 'trials' else '--epoch-budget'} {limit:.0f}"
