"""Mean and standard deviation that images are normalized with."""

from __future__ import annotations

from timm.data.constants import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD

from automed.domain.normalization import Normalization
from automed.domain.task import AnyTask

_CONSTANTS = {
    "unit": ((0.0,) * 3, (1.0,) * 3),
    "symmetric": ((0.5,) * 3, (0.5,) * 3),
    "imagenet": (IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD),
}


def fixed_normalization(task: AnyTask) -> Normalization | None:
    """What a task's ``normalize`` stands for; None for ``dataset``, which the data decide.

    ``unit`` leaves [0, 1], ``symmetric`` gives [-1, 1], ``imagenet`` uses the statistics of
    ImageNet's RGB channels, or their average where there are not three channels.
    """
    if task.normalize == "dataset":
        return None
    mean, std = _CONSTANTS[task.normalize]
    if task.channels == 3:
        return Normalization(mean=mean, std=std)
    return Normalization(mean=(sum(mean) / 3,) * task.channels, std=(sum(std) / 3,) * task.channels)
