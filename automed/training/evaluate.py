"""One pass over the validation part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from automed.domain.errors import DivergedError
from automed.domain.task import AnyTask, SegmentationTask
from automed.training.batches import in_order
from automed.training.forward import Forward
from automed.training.metrics.classification import classification_metrics
from automed.training.metrics.segmentation import count_pixels, segmentation_metrics
from automed.training.part import Part

BATCH = 16
"""Images at a time; the same for all trials, so that losses over a batch can be compared."""

THRESHOLD = 0.5
"""Probability from which on a pixel counts as foreground."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a model does on the validation part.

    Attributes:
        loss: Mean over samples.
        metrics: Of `segmentation_metrics` or `classification_metrics`.
        outputs: For each sample, in order. Segmentation: pixel counts, int64, shape (samples, 4),
            as `count_pixels` gives them. Classification: probabilities, float32, shape (samples,
            classes).
    """

    loss: float
    metrics: dict[str, float]
    outputs: NDArray[Any]


def evaluate(
    forward: Forward, loss: nn.Module, task: AnyTask, part: Part, epoch: int
) -> Evaluation:
    """Loss and metrics of a model on a part.

    Args:
        forward: Holds the model, which is put into eval mode.
        loss: As trained with.
        task: Names kind and classes.
        part: At least one sample.
        epoch: For the error message.

    Raises:
        DivergedError: An output is not finite.
    """
    forward.model.eval()
    total = torch.zeros((), dtype=torch.float64, device=forward.device)
    finite = torch.ones((), dtype=torch.bool, device=forward.device)
    outputs: list[Tensor] = []
    with torch.inference_mode():
        for picked in in_order(len(part), BATCH):
            images, targets = part.batch(picked, forward.device)
            logits = forward(images)
            finite &= torch.isfinite(logits).all()
            total += loss(logits, targets) * len(picked)
            outputs.append(_output(logits, targets))
    if not finite:
        raise DivergedError(epoch, "the model's output on the validation part")
    collected = torch.cat(outputs).cpu().numpy()
    return Evaluation(float(total) / len(part), _metrics(task, part, collected), collected)


def foreground(logits: Tensor) -> Tensor:
    """Boolean masks of logits."""
    return torch.sigmoid(logits) >= THRESHOLD


def _output(logits: Tensor, targets: Tensor) -> Tensor:
    if logits.ndim == 4:
        return count_pixels(foreground(logits), targets >= THRESHOLD)
    return torch.softmax(logits, dim=1)


def _metrics(task: AnyTask, part: Part, outputs: NDArray[Any]) -> dict[str, float]:
    if isinstance(task, SegmentationTask):
        return segmentation_metrics(outputs.astype(np.int64))
    return classification_metrics(part.labels, outputs, task.classes)
