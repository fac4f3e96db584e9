"""A paper's experiment as a grid: what it combined, what it measured, and what came of ours."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from automed.domain.compression import Compression
from automed.domain.config import Value
from automed.domain.frozen import Frozen

Figures = Mapping[str, float]
"""Metrics by the names that `Result.metrics` uses."""


class Combination(Frozen):
    """One row of a paper's table: a way to train, with each of the paper's compressions."""

    name: str
    changes: dict[str, Value]
    """What it sets differently from the paper's base, as keys of a config."""
    reported: dict[str, dict[str, float]]
    """The paper's figures on its own test part, by method of compression and metric."""


class PaperGrid(Frozen):
    """An experiment of a paper that a single command repeats."""

    name: str
    """What ``automed reproduce`` takes."""
    title: str
    source: str
    """Where in the paper the figures stand."""
    task: str
    """Name of the task that it belongs to."""
    baseline: str
    """Name of the task's baseline that is the paper's base."""
    combinations: tuple[Combination, ...]
    compressions: tuple[Compression, ...]
    """The first one is none: the model as it was trained."""
    labels: dict[str, str]
    """The paper's names of the methods of compression, by ours."""
    metrics: dict[str, str]
    """The table's columns: our metrics, and the paper's names for them."""
    remarks: tuple[str, ...] = ()
    """What a reader must know to compare with the paper."""


class GridRow(Frozen):
    """One combination with one compression: our figures beside the paper's."""

    combination: str
    method: str
    trial: int | None = None
    """Number of our trial; None: still to come."""
    state: str = "to come"
    """Of our trial, as users read it."""
    metrics: dict[str, float] = Field(default_factory=dict)
    """Ours, on the validation part."""
    megabytes: float | None = None
    """Our file, in units of 10^6 bytes."""
    zipped_megabytes: float | None = None
    """Our file after deflate."""
    reported: dict[str, float] = Field(default_factory=dict)
    """The paper's, on its test part."""

    @property
    def is_over(self) -> bool:
        """Whether going on with the study would change nothing here."""
        return self.state in ("done", "failed", "stopped", "rejected")
