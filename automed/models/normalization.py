"""Mean and standard deviation that images are normalized with."""

from __future__ import annotations

import torch
from timm.data.constants import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD

from automed.domain.task import ClassificationTask, SegmentationTask

_STATISTICS = {
    "unit": ((0.0,) * 3, (1.0,) * 3),
    "symmetric": ((0.5,) * 3, (0.5,) * 3),
    "imagenet": (IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD),
}


def normalization(task: SegmentationTask | ClassificationTask) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation of a task's ``normalize``: the model sees (x - mean) / std.

    ``unit`` leaves [0, 1], ``symmetric`` gives [-1, 1], ``imagenet`` uses the statistics of
    ImageNet's RGB channels, or their average for grey images.

    Returns:
        Two float tensors of shape (1, channels, 1, 1), for images x in [0, 1].
    """
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in _STATISTICS[task.normalize])
    if task.channels == 1:
        return mean.mean(1, keepdim=True), std.mean(1, keepdim=True)
    return mean, std
