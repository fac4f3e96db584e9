"""Searches against a table: nothing is trained, and the epochs are spent all the same."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from surrogates.table import Table

from automed.domain.budget import Budget
from automed.domain.config import Config
from automed.domain.decision import Decision
from automed.domain.measurement import Measurement
from automed.domain.result import Result
from automed.domain.study_spec import StudySpec
from automed.domain.trial import Trial, TrialState
from automed.executors.inline import run
from automed.search.study import Study


@dataclass
class Course:
    """How a search went: after each training, what was spent and what the front was worth.

    Attributes:
        table: What it ran against.
        spent: Epochs, after each training.
        linear: Share of the table's hypervolume by then, costs as they are.
        log: The same with costs by their logarithm.
        models: Configs and the quality that each came to, best epoch counting.
    """

    table: Table
    spent: list[int] = field(default_factory=list)
    linear: list[float] = field(default_factory=list)
    log: list[float] = field(default_factory=list)
    models: list[tuple[Config, float]] = field(default_factory=list)
    trainings: int = 0

    def add(self, epochs: int, models: list[tuple[Config, float]]) -> None:
        """Note a training that has ended.

        Args:
            epochs: Spent by now, by all.
            models: What it left behind; none, where a training that was stopped is not kept.
        """
        self.trainings += 1
        self.models += models
        self.spent.append(epochs)
        self.linear.append(self.table.share(self.models, log=False))
        self.log.append(self.table.share(self.models, log=True))

    def at(self, epochs: float, *, log: bool) -> float:
        """Share of the hypervolume that so many epochs bought."""
        shares = self.log if log else self.linear
        return max((s for e, s in zip(self.spent, shares, strict=True) if e <= epochs), default=0.0)

    def until(self, share: float, *, log: bool) -> float:
        """Epochs that it took to reach a share; infinite where it never did."""
        shares = self.log if log else self.linear
        pairs = zip(self.spent, shares, strict=True)
        return min((e for e, s in pairs if s >= share - 1e-9), default=float("inf"))


def search(table: Table, seed: int, epochs: int, sampler: str, stopper: str) -> Course:
    """One of automed's own searches: the real study with its journal, on a table.

    Args:
        table: Stands in for the trainings.
        seed: Of the suggestions.
        epochs: The budget.
        sampler: By name.
        stopper: By name.
    """
    spec = StudySpec(
        name="simulated", task=table.task(), data=table.data(), split_digest="table", seed=seed,
        budget=Budget(epochs=epochs), sampler=sampler, stopper=stopper, version="0",
    )  # fmt: skip
    course = Course(table)
    with (
        tempfile.TemporaryDirectory() as folder,
        Study.create(Path(folder) / "study", spec, table.cost_of) as study,
    ):
        run(study, _trainer(table), [_Watcher(study, course)])
    return course


class _Watcher:
    """Notes each training that has ended."""

    def __init__(self, study: Study, course: Course) -> None:
        self._study = study
        self._course = course

    def trial_started(self, trial: Trial) -> None:
        """Nothing."""

    def trial_measured(self, trial: Trial, measurement: Measurement) -> None:
        """Nothing."""

    def trial_put_back(self, trial: Trial) -> None:
        """Nothing."""

    def trial_rejected(self, trial: Trial) -> None:
        """Nothing."""

    def trial_finished(self, trial: Trial) -> None:
        """Only what was trained to its end is on our fronts."""
        whole = trial.state is TrialState.COMPLETE and trial.result is not None
        found = [(trial.config, trial.result.metrics[self._course.table.guide])] if whole else []
        self._course.add(self._study.spending.epochs or 0, found)


def _trainer(table: Table) -> Callable[[Trial, Callable[[Measurement], Decision]], Result]:
    def train(trial: Trial, report: Callable[[Measurement], Decision]) -> Result:
        trained = 0
        for epoch, quality in enumerate(table.rows[trial.config].curve, start=1):
            trained = epoch
            told = Measurement(epoch=epoch, metrics={table.guide: quality}, seconds=float(epoch))
            if report(told) is Decision.STOP:
                break
        best = table.best_by(trial.config, trained)
        return Result(
            metrics={table.guide: best}, cost=table.cost_of(trial.config), epochs=trained,
            best_epoch=1, seconds=float(trained), split_digest="table",
        )  # fmt: skip

    return train


__all__ = ["Course", "search"]
