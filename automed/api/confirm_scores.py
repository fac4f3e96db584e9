"""From what models answered on the test part to a metric that its groups can be drawn for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automed.analysis.group_scores import GroupScore, mean_over_images, of_classes, of_ranks
from automed.data.dataset import Dataset
from automed.domain.split import Split
from automed.domain.task import AnyTask
from automed.pipeline.locked_score import LockedScore
from automed.training.metrics.multiclass import class_counts
from automed.training.metrics.segmentation import per_image


def group_score(task: AnyTask, score: LockedScore, groups: NDArray[np.int64]) -> GroupScore:
    """The task's guide metric of a model on its test part, by how often each group is drawn.

    Args:
        task: Names kind and guide metric.
        score: What the model answered.
        groups: Index of each image's group, as `groups_of` gives it.
    """
    guide = task.guide
    if task.kind == "classification":
        if guide == "roc_auc":
            return of_ranks(score.labels, score.outputs.astype(np.float64), groups)
        classes = score.outputs.shape[1]
        return of_classes(guide, score.labels, score.outputs.argmax(axis=1), classes, groups)
    if task.outputs == 1:
        return mean_over_images(per_image(score.outputs)[guide], groups)
    return mean_over_images(_by_class(guide, score.outputs), groups)


def groups_of(dataset: Dataset, split: Split) -> NDArray[np.int64]:
    """Index of the group of each test image; of the image itself where nothing was kept whole."""
    keys: Sequence[Any] = split.test
    if split.grouped_by is not None:
        keys = [dataset.by_id[sample].group for sample in split.test]
    number = {key: index for index, key in enumerate(dict.fromkeys(keys))}
    return np.array([number[key] for key in keys], dtype=np.int64)


def _by_class(guide: str, confusions: NDArray[np.int64]) -> NDArray[np.float64]:
    """The metric of each class in each image; NaN where an image has nothing of the class."""
    if guide == "accuracy":
        right: NDArray[np.float64] = confusions.trace(axis1=1, axis2=2) / confusions.sum(
            axis=(1, 2)
        )
        return right
    counts = class_counts(confusions)
    values = per_image(counts.reshape(-1, 4))[guide].reshape(counts.shape[:2])
    return np.where(counts[..., :3].any(axis=2), values, np.nan)
