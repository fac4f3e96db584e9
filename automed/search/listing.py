"""All studies of a workspace at a glance."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from automed.domain.budget import Budget, Spent
from automed.domain.errors import AutomedError
from automed.domain.trial import Trial, TrialState
from automed.search.study_file import SPEC_FILE
from automed.search.view import StudyView, read_study


@dataclass(frozen=True)
class StudySummary:
    """One line of the list.

    Attributes:
        name: What commands call the study: its folder's name.
        folder: Where it lies.
        problem: Why it cannot be read; None: it can, and the rest is filled in.
        task: The task's name.
        data: The data set's name.
        budget: What it may spend; None: the study cannot be read.
        spent: What it has spent.
        counts: Trials by label: done, stopped, failed, running, rejected; without children.
        children: Compressed models, of which none counts against the budget.
        guide: The metric of ``best``.
        best: The best value of the guide metric among the complete trials.
        created: When ``study.json`` was made or its budget last changed, or the first trial
            began, whichever is earlier; local time.
    """

    name: str
    folder: Path
    problem: str | None = None
    task: str = ""
    data: str = ""
    budget: Budget | None = None
    spent: Spent = field(default_factory=Spent)
    counts: dict[str, int] = field(default_factory=dict)
    children: int = 0
    guide: str = ""
    best: float | None = None
    created: datetime | None = None

    @property
    def trained(self) -> int:
        """Trials that count against the budget and have ended."""
        return sum(self.counts.get(label, 0) for label in ("done", "stopped", "failed"))


def list_studies(studies_folder: Path) -> list[StudySummary]:
    """The studies in a folder, by name. A broken one is listed with its problem."""
    if not studies_folder.is_dir():
        return []
    folders = sorted(f for f in studies_folder.iterdir() if f.is_dir())
    return [_summary(f) for f in folders if (f / SPEC_FILE).exists() or any(f.iterdir())]


def _summary(folder: Path) -> StudySummary:
    try:
        return _read(read_study(folder))
    except (AutomedError, OSError) as error:
        return StudySummary(folder.name, folder, problem=str(error))


def _read(study: StudyView) -> StudySummary:
    spec = study.spec
    written = datetime.fromtimestamp((study.folder / SPEC_FILE).stat().st_mtime)
    return StudySummary(
        name=study.folder.name,
        folder=study.folder,
        task=spec.task.name,
        data=spec.data.name,
        budget=spec.budget,
        spent=study.spent,
        counts=dict(Counter(t.label for t in study.trials if t.parent is None)),
        children=sum(t.parent is not None for t in study.trials),
        guide=spec.task.guide,
        best=_best(study),
        created=min(written, study.started) if study.started else written,
    )


def _best(study: StudyView) -> float | None:
    objective = study.spec.task.quality
    values = [_value(trial, objective.metric) for trial in study.trials]
    known = [value for value in values if value is not None]
    return min(known, key=objective.loss, default=None)


def _value(trial: Trial, metric: str) -> float | None:
    if trial.state is not TrialState.COMPLETE or trial.result is None:
        return None
    return trial.result.values().get(metric)
