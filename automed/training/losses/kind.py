"""What a loss compares: the three kinds of targets."""

from __future__ import annotations

from typing import Literal, assert_never

from torch import Tensor

from automed.domain.task import AnyTask, ClassificationTask, SegmentationTask

Kind = Literal["binary masks", "class masks", "classes"]
"""
=============  =================================  ====================================
kind           logits                             targets
=============  =================================  ====================================
binary masks   (batch, 1, height, width)          float in [0, 1], of the same shape
class masks    (batch, classes, height, width)    int64 indices (batch, height, width)
classes        (batch, classes)                   int64 indices (batch,)
=============  =================================  ====================================

In class masks, class 0 is the background.
"""


def kind_of(task: AnyTask) -> Kind:
    """The kind of a task's targets."""
    match task:
        case SegmentationTask():
            return "binary masks" if task.outputs == 1 else "class masks"
        case ClassificationTask():
            return "classes"
        case _:
            assert_never(task)


def kind_of_logits(logits: Tensor) -> Kind:
    """The kind of targets that belongs to a model's output."""
    if logits.ndim == 2:
        return "classes"
    return "binary masks" if logits.shape[1] == 1 else "class masks"
