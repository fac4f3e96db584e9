"""A paper's table as a study fills it, row by row."""

from __future__ import annotations

from automed.domain.compression import Compression, compression_of, dense
from automed.domain.config import Config
from automed.domain.paper_grid import Combination, GridRow, PaperGrid
from automed.domain.study_spec import StudySpec
from automed.domain.trial import Trial, TrialState

_CHILDLESS = (TrialState.FAIL, TrialState.PRUNED)


def grid_rows(grid: PaperGrid, spec: StudySpec, trials: tuple[Trial, ...]) -> tuple[GridRow, ...]:
    """The paper's table, filled with the trials of a study."""
    rows = []
    for combination, baseline in zip(grid.combinations, spec.task.baselines, strict=True):
        trained = Config(baseline.config)
        parent = next((t for t in trials if t.parent is None and t.config == trained), None)
        for compression in grid.compressions:
            trial = _compressed(parent, compression, trials)
            row = _row(combination, compression.method, trial)
            if trial is None and parent is not None and parent.state in _CHILDLESS:
                row = row.replace(state="failed")  # a model that does not exist
            rows.append(row)
    return tuple(rows)


def _compressed(
    parent: Trial | None, compression: Compression, trials: tuple[Trial, ...]
) -> Trial | None:
    """The trial that a parent's model is compressed in; the parent itself where it is not."""
    if parent is None or compression.method == "none":
        return parent
    children = [t for t in trials if t.parent == parent.number and dense(t.config) == parent.config]
    return next((t for t in children if compression_of(t.config) == compression), None)


def _row(combination: Combination, method: str, trial: Trial | None) -> GridRow:
    reported = combination.reported.get(method, {})
    if trial is None:
        return GridRow(combination=combination.name, method=method, reported=reported)
    result = trial.result
    cost = None if result is None else result.cost
    zipped = None if cost is None else cost.zipped_bytes
    return GridRow(
        combination=combination.name, method=method, trial=trial.number, state=trial.label,
        metrics={} if result is None else result.metrics, reported=reported,
        megabytes=None if cost is None else cost.megabytes,
        zipped_megabytes=None if zipped is None else zipped.value / 1e6,
    )  # fmt: skip
