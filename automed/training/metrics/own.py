"""Metrics that plugins bring."""

from __future__ import annotations

import math
from statistics import fmean
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from automed.domain.component import Metric
from automed.domain.errors import TrainingError
from automed.domain.suggestion import suggestion
from automed.domain.task import AnyTask
from automed.registry.components import declared


def metrics_of(task: AnyTask) -> dict[str, Metric]:
    """The plugin's metrics that a task lists.

    Raises:
        TrainingError: There is none of that name.
    """
    if not task.metrics:
        return {}
    known = declared(Metric)
    for name in task.metrics:
        if name not in known:
            raise TrainingError(
                f"there is no metric {name!r} of a plugin{suggestion(name, known)}",
                found=f"metrics of task {task.name!r}: {', '.join(task.metrics)}",
                expected=f"one of {', '.join(known)}" if known else "a Metric in `components`",
            )
    return {name: known[name] for name in task.metrics}


class OwnMetrics:
    """Computes a task's own metrics over the batches of a part; nothing where it has none."""

    def __init__(self, task: AnyTask) -> None:
        self._metrics = metrics_of(task)
        self._images: dict[str, list[float]] = {name: [] for name in self._metrics}

    def add(self, predicted: Tensor, truth: Tensor) -> None:
        """Count a batch of a segmentation.

        Args:
            predicted: Class indices or booleans, shape (batch, [1,] height, width).
            truth: The same.
        """
        if not self._metrics:
            return
        pairs = zip(_indices(predicted), _indices(truth), strict=True)
        for image, mask in pairs:
            for name, metric in self._metrics.items():
                self._images[name].append(_value(metric, image, mask))

    def values(self, labels: NDArray[np.int64], outputs: NDArray[Any]) -> dict[str, float]:
        """The metrics; one that is nowhere defined is left out.

        Args:
            labels: Of a classification, shape (samples,).
            outputs: Its probabilities, shape (samples, classes).
        """
        if any(self._images.values()):
            found = {name: _mean(values) for name, values in self._images.items()}
        else:
            found = {name: _value(m, labels, outputs) for name, m in self._metrics.items()}
        return {name: value for name, value in found.items() if math.isfinite(value)}


def _indices(masks: Tensor) -> NDArray[np.uint8]:
    flat = masks[:, 0] if masks.ndim == 4 else masks
    array: NDArray[np.uint8] = flat.to(torch.uint8).cpu().numpy()
    return array


def _mean(values: list[float]) -> float:
    defined = [value for value in values if not math.isnan(value)]
    return fmean(defined) if defined else math.nan


def _value(metric: Metric, first: NDArray[Any], second: NDArray[Any]) -> float:
    try:
        return float(metric.compute(first, second))
    except Exception as error:
        raise TrainingError(
            f"the metric {metric.name!r} of a plugin fails",
            found=f"{type(error).__name__}: {error}",
            expected="a number for each image of a segmentation, or for all of a classification",
        ) from error
