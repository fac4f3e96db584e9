"""Trials side by side: what differs between their configs, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from automed.domain.config import Value
from automed.domain.objective import LABELS, SCALES, Objective
from automed.domain.trial import Trial

_LOWER = ("loss", "macs", "size_bytes", "parameters", "latency_ms")


@dataclass(frozen=True)
class ConfigRow:
    """One parameter in each of the trials.

    Attributes:
        group: The first part of its key, such as ``model``.
        name: The rest of the key.
        values: One a trial; None where the parameter has no effect.
    """

    group: str
    name: str
    values: tuple[Value | None, ...]

    @property
    def differs(self) -> bool:
        """Whether the trials have more than one value."""
        return len({(type(v), v) for v in self.values}) > 1


@dataclass(frozen=True)
class FigureRow:
    """One metric or cost in each of the trials.

    Attributes:
        name: As users read it, with the unit.
        values: One a trial; None where it is not known.
        better: Which way is better.
    """

    name: str
    values: tuple[float | None, ...]
    better: Literal["maximize", "minimize"]

    @property
    def best(self) -> tuple[int, ...]:
        """Positions of the best values; none where all are alike or only one is known."""
        known = [v for v in self.values if v is not None]
        if len(known) < 2 or len(set(known)) == 1:
            return ()
        best = max(known) if self.better == "maximize" else min(known)
        return tuple(i for i, v in enumerate(self.values) if v == best)


def config_rows(trials: Sequence[Trial]) -> list[ConfigRow]:
    """Every parameter that one of the trials has, by its key."""
    rows = []
    for key in sorted({key for trial in trials for key in trial.config}):
        group, _, name = key.partition(".")
        rows.append(ConfigRow(group, name or group, tuple(t.config.get(key) for t in trials)))
    return rows


def figure_rows(trials: Sequence[Trial], objectives: Sequence[Objective]) -> list[FigureRow]:
    """Every metric and cost of the results: the objectives first, then the rest by name.

    The cost of a trial without a result is the predicted one.
    """
    values = [_values(trial) for trial in trials]
    directions = {o.metric: o.direction for o in objectives}
    known = {metric for found in values for metric in found}
    ordered = [m for m in directions if m in known]
    ordered += sorted((known - set(ordered)), key=lambda m: (m in SCALES, m))
    return [
        FigureRow(
            LABELS.get(metric, metric),
            tuple(_scaled(metric, found.get(metric)) for found in values),
            directions.get(metric, "minimize" if metric in _LOWER else "maximize"),
        )
        for metric in ordered
    ]


def grouped(rows: Sequence[ConfigRow]) -> Iterator[tuple[str, list[ConfigRow]]]:
    """The rows by their groups: the model first, then how it was trained, then the rest."""
    first = ["model", "compression", "training", "data", "augment"]
    groups = dict.fromkeys(row.group for row in rows)
    for group in sorted(groups, key=lambda g: (first.index(g) if g in first else len(first), g)):
        yield group, [row for row in rows if row.group == group]


def _values(trial: Trial) -> dict[str, float]:
    if trial.result is not None:
        return trial.result.values()
    return {} if trial.predicted is None else trial.predicted.as_metrics()


def _scaled(metric: str, value: float | None) -> float | None:
    return None if value is None else value / SCALES.get(metric, 1.0)
