"""A study as it lies on disk, read without a lock and without the power to change it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from optuna.trial import TrialState

from automed.domain.budget import Spent
from automed.domain.front import Front, front_of
from automed.domain.study_spec import StudySpec
from automed.domain.trial import Trial
from automed.search.journal import read_trials
from automed.search.lock import is_held
from automed.search.record import is_ours, trial_of
from automed.search.spending import epochs_of, spent_by
from automed.search.study_file import read_spec


@dataclass(frozen=True)
class StudyView:
    """A snapshot of a study, running or not.

    Attributes:
        folder: The study's folder.
        spec: Its settings.
        trials: All trials in order, rejected ones included.
        started: When the first trial began, local time; None: no trial yet.
        spent: What the trials have spent; of a running one, what it has reported.
        paused: The trials that wait for the search to go on, with the last epoch of each.
    """

    folder: Path
    spec: StudySpec
    trials: tuple[Trial, ...]
    started: datetime | None
    spent: Spent
    paused: dict[int, int] = field(default_factory=dict)

    def front(self) -> Front:
        """The front of the complete trials that keep all constraints."""
        return feasible_front(self.spec, self.trials)


def read_study(folder: Path) -> StudyView:
    """The study in this folder.

    Raises:
        StudyError: There is none, or its files are broken.
    """
    spec = read_spec(folder)
    frozen = [trial for trial in read_trials(folder, spec) if is_ours(trial)]
    unfinished = {t.number: epochs_of(t) for t in frozen if t.state is TrialState.RUNNING}
    return StudyView(
        folder=folder,
        spec=spec,
        trials=tuple(trial_of(trial) for trial in frozen),
        started=frozen[0].datetime_start if frozen else None,
        spent=spent_by(frozen),
        paused={} if is_held(folder) else unfinished,
    )


def feasible_front(spec: StudySpec, trials: Sequence[Trial]) -> Front:
    """The front of those trials whose results keep the study's constraints."""
    return front_of(feasible(spec, trials), spec.task.objectives)


def feasible(spec: StudySpec, trials: Sequence[Trial]) -> list[Trial]:
    """The trials whose results keep the study's constraints; with none, all trials."""
    kept = []
    for trial in trials:
        values = trial.result.values() if trial.result is not None else {}
        if all(c.metric in values and c.violation(values[c.metric]) <= 0 for c in spec.constraints):
            kept.append(trial)
    return kept
