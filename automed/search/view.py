"""A study as it lies on disk, read without a lock and without the power to change it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock

from optuna.trial import FrozenTrial
from pydantic import ValidationError

from automed.domain.budget import Spent
from automed.domain.errors import StudyError
from automed.domain.front import Front, front_of
from automed.domain.study_spec import StudySpec
from automed.domain.trial import Trial
from automed.search.record import is_ours, trial_of
from automed.search.spending import epochs_of, spent_by
from automed.search.study_file import read_spec
from automed.search.trials_reader import TrialsReader
from automed.search.uncollected import uncollected


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
        running: Whether a search is at work on it.
    """

    folder: Path
    spec: StudySpec
    trials: tuple[Trial, ...]
    started: datetime | None
    spent: Spent
    paused: dict[int, int] = field(default_factory=dict)
    running: bool = False

    def front(self) -> Front:
        """The front of the complete trials that keep all constraints."""
        return feasible_front(self.spec, self.trials)


def read_study(folder: Path) -> StudyView:
    """The study in this folder.

    Raises:
        StudyError: There is none, or its files are broken.
    """
    return StudyReader(folder).read()


class StudyReader:
    """A study that is looked at again and again: what has ended is read once.

    Args:
        folder: The study's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reader = TrialsReader(folder)
        self._ended: dict[int, tuple[FrozenTrial, Trial]] = {}
        self._one_at_a_time = Lock()

    def read(self) -> StudyView:
        """The study as it is now. Several threads may ask.

        Raises:
            StudyError: There is none, or its files are broken.
        """
        with self._one_at_a_time:
            spec = self._reader.current(read_spec(self._folder))
            # First: what a search that ends now still says is read.
            running, waits = self._reader.at_work(spec)
            with uncollected():
                frozen = [trial for trial in self._reader.trials(spec) if is_ours(trial)]
                trials = tuple(self._trial(trial) for trial in frozen)
        return StudyView(
            folder=self._folder,
            spec=spec,
            trials=trials,
            started=frozen[0].datetime_start if frozen else None,
            spent=spent_by(frozen),
            paused={t.number: epochs_of(t) for t in frozen if waits(t)},
            running=running,
        )

    def _trial(self, frozen: FrozenTrial) -> Trial:
        # By identity: a journal that was written anew is read anew, and has other trials.
        known, trial = self._ended.get(frozen.number, (None, None))
        if known is frozen and trial is not None:
            return trial
        try:
            trial = trial_of(frozen)
        except (ValidationError, KeyError) as error:
            raise StudyError(
                f"trial {frozen.number} in {self._folder} is of another version of automed",
                found=_problems(error),
                hint="open it with the version that its study.json names",
            ) from error
        if frozen.state.is_finished():
            self._ended[frozen.number] = frozen, trial
        return trial


def _problems(error: ValidationError | KeyError) -> str:
    """What is wrong, on one line."""
    if isinstance(error, KeyError):
        return f"nothing under {error}"
    problems = error.errors(include_url=False, include_input=False)
    return "; ".join(f"{p['msg']}: {'.'.join(map(str, p['loc']))}" for p in problems)


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
