"""The papers behind the tasks: what they printed, and what came of it here."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from automed.analysis.grid_rows import grid_rows
from automed.analysis.grid_table import write_grid_csv
from automed.analysis.published_points import PUBLISHED, Published
from automed.api.opened_study import OpenedStudy
from automed.api.tasks import list_tasks
from automed.domain.paper1_grid import PAPER_1
from automed.domain.paper_grid import GridRow, PaperGrid
from automed.domain.study_spec import StudySpec
from automed.domain.task import AnyTask, Baseline
from automed.domain.trial import Trial
from automed.domain.workspace import Workspace

_GRIDS = {PAPER_1.name: PAPER_1}
_NUMBER = re.compile(r"paper (\d+)\b")


@dataclass(frozen=True)
class Paper:
    """A paper whose configuration a task begins with.

    Attributes:
        number: As in the names of the tasks' baselines.
        task: The task that it belongs to.
        baselines: Its configurations.
        published: What it printed about its models, where that can be compared.
        grid: Its experiment, where a single command repeats it.
    """

    number: int
    task: AnyTask
    baselines: tuple[Baseline, ...]
    published: tuple[Published, ...]
    grid: PaperGrid | None


@dataclass(frozen=True)
class OwnRun:
    """A trial that trained a paper's configuration.

    Attributes:
        baseline: Name of the configuration.
        study: The study that did.
        trial: The trial.
    """

    baseline: str
    study: OpenedStudy
    trial: Trial


def papers(workspace: Workspace) -> tuple[Paper, ...]:
    """Every paper that a task names, by its number; broken plugins have none."""
    found: dict[tuple[int, str], Paper] = {}
    for row in list_tasks(workspace):
        for number, baselines in _by_number(row.task.baselines if row.task else ()).items():
            assert row.task is not None
            found[number, row.name] = Paper(
                number=number,
                task=row.task,
                baselines=tuple(baselines),
                published=tuple(p for p in PUBLISHED if p.task == row.name),
                grid=_GRIDS.get(f"paper{number}"),
            )
    return tuple(found[key] for key in sorted(found))


def reproduces(spec: StudySpec, grid: PaperGrid) -> bool:
    """Whether a study is the experiment, rather than any other of the same task."""
    names = [combination.name for combination in grid.combinations]
    return spec.task.name == grid.task and [b.name for b in spec.task.baselines] == names


def rows_of(study: OpenedStudy, grid: PaperGrid) -> tuple[GridRow, ...]:
    """What a study has of the experiment so far, beside the paper's figures."""
    return grid_rows(grid, study.spec, study.trials)


def printed_rows(grid: PaperGrid) -> tuple[GridRow, ...]:
    """The paper's table alone."""
    return tuple(
        GridRow(
            combination=combination.name,
            method=compression.method,
            reported=combination.reported.get(compression.method, {}),
        )
        for combination in grid.combinations
        for compression in grid.compressions
    )


def own_runs(paper: Paper, studies: Iterable[OpenedStudy]) -> tuple[OwnRun, ...]:
    """The trials that trained a paper's configurations, whatever became of them.

    A study that narrowed its space may have changed them: the trial's config is what was trained.
    """
    names = {baseline.name for baseline in paper.baselines}
    return tuple(
        OwnRun(trial.origin, study, trial)
        for study in studies
        if study.spec.task.name == paper.task.name
        for trial in study.trials
        if trial.origin in names and trial.parent is None
    )


def csv_of(rows: tuple[GridRow, ...], grid: PaperGrid) -> bytes:
    """The table for a spreadsheet, UTF-8."""
    with tempfile.TemporaryDirectory() as folder:
        return write_grid_csv(rows, grid, Path(folder) / "grid.csv").read_bytes()


def _by_number(baselines: tuple[Baseline, ...]) -> dict[int, list[Baseline]]:
    found: dict[int, list[Baseline]] = {}
    for baseline in baselines:
        match = _NUMBER.match(baseline.name)
        if match is not None:
            found.setdefault(int(match.group(1)), []).append(baseline)
    return found
