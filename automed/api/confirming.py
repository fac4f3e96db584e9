"""A confirmation at work: trainings, then the test part, then the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from automed import __version__
from automed.analysis.confirmed_points import Retrained, costs_of, proven
from automed.api.confirm_files import read_looks, record_look, write_report
from automed.api.confirm_scores import group_score, groups_of
from automed.data.dataset import Dataset
from automed.domain.confirmation import Confirmation
from automed.domain.decision import Decision
from automed.domain.errors import StudyError
from automed.domain.measurement import Measurement
from automed.domain.result import Failure, Result
from automed.domain.split import Split
from automed.domain.study_spec import StudySpec
from automed.domain.trial import Trial
from automed.executors.interrupts import Interrupts
from automed.pipeline.job import Job
from automed.pipeline.locked_score import read_locked, remove_models, score_locked
from automed.pipeline.retrain import as_new, outcome_of, retrain
from automed.search.lock import StudyLock


@dataclass(frozen=True)
class Retraining:
    """One trial on one partition.

    Attributes:
        trial: Of the study, with its result there.
        parent: The trial it compresses.
        partition: Counted from 1.
        job: Of that partition.
    """

    trial: Trial
    parent: Trial | None
    partition: int
    job: Job

    @cached_property
    def fresh(self) -> Trial:
        """The trial as it is trained here."""
        return as_new(self.trial, self.job)

    @property
    def seconds(self) -> float:
        """How long it should take, going by the search."""
        both = [t.result for t in (self.trial, self.parent) if t is not None]
        return sum(result.seconds for result in both if result is not None)

    @property
    def outcome(self) -> Result | Failure | None:
        """What came of it; None: it is still to be trained."""
        return outcome_of(self.fresh, self.job)

    @property
    def is_scored(self) -> bool:
        """Whether its model met the test part."""
        return read_locked(self.fresh, self.job) is not None


class Watcher(Protocol):
    """Hears of what a confirmation is busy with."""

    def began(self, retraining: Retraining) -> None:
        """A training begins, or goes on."""

    def measured(self, retraining: Retraining, measurement: Measurement) -> None:
        """An epoch ended."""

    def ended(self, retraining: Retraining, outcome: Result | Failure) -> None:
        """A training ended."""

    def scored(self, done: int, total: int) -> None:
        """A model was scored on the test part."""


@dataclass(frozen=True)
class Confirming:
    """A confirmation that is ready to run; holds the study's lock until `close`.

    Attributes:
        spec: The study's settings.
        folder: The study's.
        plan: All retrainings, partition by partition.
        dataset: The study's.
        split: The study's.
        notes: What a user should know before it starts.
        lock: The study's.
    """

    spec: StudySpec
    folder: Path
    plan: tuple[Retraining, ...]
    dataset: Dataset
    split: Split
    notes: tuple[str, ...]
    lock: StudyLock

    @property
    def trials(self) -> tuple[Trial, ...]:
        """The trials to confirm, by number."""
        return tuple({r.trial.number: r.trial for r in self.plan}.values())

    @property
    def partitions(self) -> int:
        """On how many each is trained."""
        return max(r.partition for r in self.plan)

    def run(self, watcher: Watcher) -> Confirmation:
        """Train what is left to train, then score each model once on the test part, and report.

        Raises:
            KeyboardInterrupt: On Ctrl-C or SIGTERM; nothing that ended is lost, and the running
                training goes on from its checkpoint next time.
            AutomedError: As `run_trial` raises, but for configs that cannot be trained; or none
                could be.
        """
        with Interrupts() as interrupts, interrupts.welcome():
            trained = [r for r in self.plan if isinstance(_trained(r, watcher), Result)]
            if not trained:
                raise self._nothing_trained()
            self._score(trained, watcher)
        return self._report()

    def write(self, confirmation: Confirmation) -> list[Path]:
        """Write the report into the study's folder.

        Raises:
            StudyError: It cannot be written.
        """
        return write_report(confirmation, self.spec, self.folder)

    def close(self) -> None:
        """Let the study go."""
        self.lock.release()

    def _score(self, trained: Sequence[Retraining], watcher: Watcher) -> None:
        due = [r for r in trained if not r.is_scored]
        if due:
            record_look(self.folder, tuple(t.number for t in self.trials), self.partitions)
        for done, retraining in enumerate(due, start=1):
            score_locked(retraining.fresh, retraining.job)
            watcher.scored(done, len(due))
        for retraining in self.plan:
            remove_models(retraining.fresh, retraining.job)
            if retraining.parent is not None:
                remove_models(retraining.parent, retraining.job)

    def _report(self) -> Confirmation:
        task, groups = self.spec.task, groups_of(self.dataset, self.split)
        retrained = [self._retrained(trial, groups) for trial in self.trials]
        shares = {r.partition: len(r.job.split.val) / len(r.job.split.train) for r in self.plan}
        found = proven(
            retrained, task.quality, costs_of(task.objectives, task.guide, self.trials),
            float(np.mean([*shares.values()])), int(groups.max()) + 1,
        )  # fmt: skip
        return Confirmation(
            study=self.spec.name, quality=task.quality, partitions=self.partitions,
            points=found.points, steps=found.steps, supported=found.supported, best=found.best,
            looks=read_looks(self.folder), images=len(groups),
            groups=None if self.split.grouped_by is None else int(groups.max()) + 1,
            grouped_by=self.split.grouped_by, demo=self.spec.data.is_demo, version=__version__,
        )  # fmt: skip

    def _retrained(self, trial: Trial, groups: NDArray[np.int64]) -> Retrained:
        own = [r for r in self.plan if r.trial.number == trial.number]
        outcomes = [r.outcome for r in own]
        scores = [read_locked(r.fresh, r.job) for r in own]
        guide = self.spec.task.guide
        return Retrained(
            trial=trial,
            values=tuple(o.metrics[guide] if isinstance(o, Result) else None for o in outcomes),
            scores=tuple(None if s is None else group_score(self.spec.task, s, groups)
                         for s in scores),
            failures=tuple(f"{o.kind}: {o.message.splitlines()[0]}" for o in outcomes
                           if isinstance(o, Failure)),
        )  # fmt: skip

    def _nothing_trained(self) -> StudyError:
        failed = next(o for r in self.plan if isinstance(o := r.outcome, Failure))
        return StudyError(
            f"no trial of study {self.spec.name!r} could be trained anew",
            found=f"{failed.kind}: {failed.message.splitlines()[0]}",
            hint="the test part was not used; name other trials with --trials",
        )


def _trained(retraining: Retraining, watcher: Watcher) -> Result | Failure:
    known = retraining.outcome
    if known is not None:
        return known

    def report(measurement: Measurement) -> Decision:
        watcher.measured(retraining, measurement)
        return Decision.CONTINUE

    watcher.began(retraining)
    parent = retraining.parent and as_new(retraining.parent, retraining.job)
    outcome = retrain(retraining.fresh, parent, retraining.job, report)
    watcher.ended(retraining, outcome)
    return outcome
