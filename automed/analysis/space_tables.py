"""What is listed of a space and its trials: the same columns in the dashboard and in MLflow."""

from __future__ import annotations

from collections.abc import Sequence

from automed.analysis.rejections import Rejection
from automed.analysis.space_table import SpaceRow
from automed.domain.objective import Objective
from automed.domain.space import SearchSpace
from automed.domain.trial import Trial

Row = dict[str, str | int | float | None]
"""Cells by the names of their columns, the same names in every row; None: there is nothing."""


def space_figures(space: SearchSpace, rows: Sequence[SpaceRow]) -> dict[str, str]:
    """The size of a space, by what to call it."""
    varying = sum(row.state != "fixed" for row in rows)
    count = space.combinations()
    return {
        "Parameters that vary": f"{varying} of {len(rows)}",
        "Combinations of choices and steps": f"{count:,}" if count < 10**7 else f"{count:.1e}",
        "Real-valued parameters": str(len(space.real_valued)),
    }


def parameter_table(rows: Sequence[SpaceRow]) -> list[Row]:
    """A row a parameter; columns in which nothing stands only make the others narrower."""
    table: list[Row] = [
        {
            "parameter": row.key, "state": row.state, "values": row.domain, "tried": row.tried,
            "only where": row.when, "in the task's space": row.before, "papers used": row.paper,
            "cannot go together": "; ".join(row.barred),
        }
        for row in rows
    ]  # fmt: skip
    used = {name for row in table for name, cell in row.items() if cell}
    return [{name: cell for name, cell in row.items() if name in used} for row in table]


def reason_table(found: Sequence[Rejection]) -> list[Row]:
    """A row a reason for which configs were rejected."""
    return [
        {
            "constraint or reason": one.reason, "configs": len(one.trials),
            "nearest to it": one.found, "its trial": one.nearest, "for example": one.example,
        }
        for one in found
    ]  # fmt: skip


def stopped_table(stopped: Sequence[Trial], guide: Objective) -> list[Row]:
    """A row a training that the stopper ended."""
    return [
        {
            "trial": trial.number, "ended after epoch": trial.stop.epoch,
            f"{guide.label} by then": None
            if trial.result is None
            else trial.result.metrics.get(guide.metric),
            "why": trial.stop.why,
        }
        for trial in stopped
        if trial.stop is not None
    ]  # fmt: skip
