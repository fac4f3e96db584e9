"""What the stopper of a study ended, when, and what that saved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from automed.domain.history import HISTORY, read_history
from automed.domain.objective import Objective
from automed.domain.trial import Trial
from automed.domain.workspace import trial_folder

MOST = 200
"""Courses that are read: more lines than that are a carpet."""


@dataclass(frozen=True)
class Course:
    """How the guide metric of one training went.

    Attributes:
        trial: The training.
        epochs: That were measured, from 1.
        values: The metric after each.
    """

    trial: Trial
    epochs: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class StopTally:
    """How much the stopper ended.

    Attributes:
        trainings: That have ended, stopped ones included.
        stopped: Trainings that were ended early and stay so.
        rungs: How many ended after each epoch, by epoch.
        saved: Epochs that were not trained.
        planned: Epochs that all trainings would have had.
    """

    trainings: int
    stopped: int
    rungs: dict[int, int]
    saved: int
    planned: int

    @property
    def share_saved(self) -> float:
        """Of the epochs that were planned, in [0, 1]."""
        return self.saved / self.planned if self.planned else 0.0


def stop_tally(trials: Sequence[Trial], epochs: int) -> StopTally:
    """Count what was stopped.

    Args:
        trials: All of a study.
        epochs: The most that one training may take. What patience ends before is nothing that a
            stopper saved, and is not counted as such.
    """
    ended = [t for t in trainings(trials) if t.label in ("done", "stopped", "failed")]
    stopped = stopped_for_good(ended)
    at = [trial.stop.epoch for trial in stopped if trial.stop is not None]
    return StopTally(
        trainings=len(ended),
        stopped=len(stopped),
        rungs=dict(sorted(Counter(at).items())),
        saved=sum(max(0, epochs - epoch) for epoch in at),
        planned=epochs * len(ended),
    )


def trainings(trials: Sequence[Trial]) -> list[Trial]:
    """The trials that train a model; of one that was taken up again, only the last part."""
    taken_up = {trial.continues for trial in trials if trial.continues is not None}
    return [
        trial for trial in trials
        if trial.rejected is None and trial.parent is None and trial.number not in taken_up
    ]  # fmt: skip


def stopped_for_good(trials: Sequence[Trial]) -> list[Trial]:
    """Those that the stopper ended."""
    return [t for t in trials if t.label == "stopped" and t.stop is not None]


def courses(
    trials: Sequence[Trial], folder: Path, guide: Objective, most: int = MOST
) -> tuple[Course, ...]:
    """The guide metric of the trainings, epoch by epoch, from their folders.

    Of more than `most`, the best one, then the youngest are read. A training without a history,
    such as one whose folder was deleted, has no course.

    Args:
        trials: All of a study.
        folder: The study's.
        guide: The objective that stoppers watch.
        most: How many to read.
    """
    found = trainings(trials)
    if len(found) > most:
        best = _best(found, guide)
        youngest = [t for t in found if best is None or t.number != best.number][-(most - 1) :]
        found = youngest if best is None else sorted([best, *youngest], key=lambda t: t.number)
    read = (_course(trial, folder, guide.metric) for trial in found)
    return tuple(course for course in read if course.epochs)


def _best(trials: Sequence[Trial], guide: Objective) -> Trial | None:
    scored = [
        (guide.loss(trial.result.metrics[guide.metric]), trial.number, trial)
        for trial in trials
        if trial.result is not None and guide.metric in trial.result.metrics
    ]
    return min(scored, key=lambda entry: entry[:2])[2] if scored else None


def _course(trial: Trial, folder: Path, metric: str) -> Course:
    history = read_history(trial_folder(folder, trial.number) / HISTORY)
    points = [(m.epoch, m.metrics[metric]) for m in history if metric in m.metrics]
    return Course(trial, tuple(e for e, _ in points), tuple(v for _, v in points))
