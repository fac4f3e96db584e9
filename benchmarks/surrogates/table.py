"""A table of real trainings: every config of a small space with its costs and its whole curve."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automed.domain.config import Config
from automed.domain.cost import Cost, Quantity
from automed.domain.errors import AutomedError
from automed.domain.front import hypervolume
from automed.domain.space import SearchSpace
from automed.domain.study_spec import DataRef
from automed.domain.task import SegmentationTask

COSTS = ("macs", "size_bytes")
BEYOND = 1.1
"""The reference point: this times the dearest config's costs, and a quality of 0."""


@dataclass(frozen=True)
class Row:
    """One training.

    Attributes:
        config: What was trained.
        costs: By metric.
        curve: The guide metric after each epoch.
    """

    config: Config
    costs: dict[str, float]
    curve: tuple[float, ...]


class Table:
    """Answers what a training would have come to, in no time.

    Args:
        path: A file that ``record.py`` wrote: a line that describes it, then a row a line.
    """

    def __init__(self, path: Path) -> None:
        first, *lines = path.read_text(encoding="utf-8").splitlines()
        self.about: dict[str, Any] = json.loads(first)
        self.space = SearchSpace.model_validate(self.about["space"])
        rows = [json.loads(line) for line in lines]
        self.rows = {
            Config(row["config"]): Row(Config(row["config"]), row["costs"], tuple(row["curve"]))
            for row in rows
        }

    @property
    def epochs(self) -> int:
        """Of each training."""
        return int(self.about["epochs"])

    @property
    def guide(self) -> str:
        """The metric of the curves."""
        return str(self.about["guide"])

    def task(self) -> SegmentationTask:
        """A task over the table's space, with the objectives of automed's own tasks."""
        side = self.about["image_size"]
        task = SegmentationTask(
            name="table", title="A table of trainings", classes=("foreground",),
            image_size=(side, side), space=self.space, baselines=(), demo="cell",
        )  # fmt: skip
        return task.replace(training=task.training.replace(epochs=self.epochs))

    def data(self) -> DataRef:
        """What the trainings were made on."""
        return DataRef(name="table", path="/nowhere", digest=str(self.about["data_digest"]))

    def cost_of(self, config: Config) -> Cost:
        """The cost that was measured.

        Raises:
            AutomedError: The table lacks the config.
        """
        row = self.rows.get(config)
        if row is None:
            raise AutomedError("the table lacks this config")
        return Cost(
            parameters=Quantity(value=row.costs["parameters"]),
            macs=Quantity(value=row.costs["macs"]),
            size_bytes=Quantity(value=row.costs["size_bytes"]),
            input_shape=(3, *self.task().image_size),
        )

    def best_by(self, config: Config, epochs: int) -> float:
        """The best quality of the first epochs, which is that of the model that is kept."""
        return max(self.rows[config].curve[:epochs])

    def share(self, reached: Sequence[tuple[Config, float]], *, log: bool) -> float:
        """Hypervolume of some models as a share of that of all trainings of the table.

        Args:
            reached: Configs and the quality that each came to.
            log: Whether costs count by their logarithm, from the cheapest config on.
        """
        if not reached:
            return 0.0
        points = np.array([[-q, *self._costs(c, log=log)] for c, q in reached])
        return hypervolume(points, self._reference(log=log)) / self._whole[log]

    @cached_property
    def _whole(self) -> dict[bool, float]:
        everything = [(c, self.best_by(c, self.epochs)) for c in self.rows]
        return {
            log: hypervolume(
                np.array([[-q, *self._costs(c, log=log)] for c, q in everything]),
                self._reference(log=log),
            )
            for log in (False, True)
        }

    def _costs(self, config: Config, *, log: bool) -> NDArray[np.float64]:
        costs = np.array([self.rows[config].costs[name] for name in COSTS])
        return np.log(costs / self._extremes[0]) if log else costs

    def _reference(self, *, log: bool) -> list[float]:
        low, high = self._extremes
        ends = np.log(BEYOND * high / low) if log else BEYOND * high
        return [0.0, *ends.tolist()]

    @cached_property
    def _extremes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        costs = np.array([[row.costs[name] for name in COSTS] for row in self.rows.values()])
        return costs.min(axis=0), costs.max(axis=0)
