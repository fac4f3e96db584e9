"""One pass over the validation part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from automed.domain.errors import DivergedError
from automed.domain.task import AnyTask, SegmentationTask
from automed.training.batches import in_order
from automed.training.metrics.classification import classification_metrics
from automed.training.metrics.multiclass import count_confusions, multiclass_metrics
from automed.training.metrics.own import OwnMetrics
from automed.training.metrics.roc import Scores, roc_auc
from automed.training.metrics.scores import BINS, count_scores
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
        metrics: Of `segmentation_metrics` with ``roc_auc`` (over all pixels, left out where they
            are of one kind), of `multiclass_metrics` or of `classification_metrics`.
        outputs: For each sample, in order. Binary masks: pixel counts, int64, shape (samples, 4),
            as `count_pixels` gives them. Masks of several classes: confusion matrices, int64, shape
            (samples, 1 + classes, 1 + classes), as `count_confusions` gives them. Classification:
            probabilities, float32, shape (samples, classes).
        scores: Of binary masks: the histogram behind the ROC curve, as `count_scores` gives it.
    """

    loss: float
    metrics: dict[str, float]
    outputs: NDArray[Any]
    scores: Scores | None = None


class Answers(Protocol):
    """What gives logits for images: a model in PyTorch, or a file in another runtime."""

    device: torch.device
    """Where the images are to lie."""

    def eval(self) -> None:
        """Get ready to predict rather than to train."""

    def __call__(self, images: Tensor) -> Tensor:
        """Float32 logits of float images (batch, channels, height, width) in [0, 1]."""


def evaluate(
    forward: Answers, loss: nn.Module, task: AnyTask, part: Part, epoch: int
) -> Evaluation:
    """Loss and metrics of a model on a part.

    Args:
        forward: The model; is put into eval mode.
        loss: As trained with.
        task: Names kind and classes.
        part: At least one sample.
        epoch: For the error message.

    Raises:
        DivergedError: An output is not finite.
    """
    forward.eval()
    device = forward.device
    total = torch.zeros((), dtype=torch.float64, device=device)
    finite = torch.ones((), dtype=torch.bool, device=device)
    scores = torch.zeros((2, BINS), dtype=torch.int64, device=device)
    outputs: list[Tensor] = []
    own = OwnMetrics(task)
    with torch.inference_mode():
        for picked in in_order(len(part), BATCH):
            images, targets = part.batch(picked, device)
            logits = forward(images)
            finite &= torch.isfinite(logits).all()
            total += loss(logits, targets) * len(picked)
            outputs.append(_output(logits, targets))
            if logits.ndim == 4:
                own.add(*_masks(logits, targets))
            if is_binary(logits):
                scores += count_scores(logits, targets >= THRESHOLD)
    if not finite:
        raise DivergedError(epoch, "the model's output on the validation part")
    collected = torch.cat(outputs).cpu().numpy()
    counted = scores.cpu().numpy() if task.outputs == 1 else None
    metrics = own.values(part.labels, collected) | _metrics(task, part, collected, counted)
    return Evaluation(float(total) / len(part), metrics, collected, counted)


def is_binary(logits: Tensor) -> bool:
    """Whether logits are those of a binary mask, rather than of classes."""
    return logits.ndim == 4 and logits.shape[1] == 1


def foreground(logits: Tensor) -> Tensor:
    """Boolean masks of the logits of binary masks."""
    return torch.sigmoid(logits) >= THRESHOLD


def _masks(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    if is_binary(logits):
        return foreground(logits), targets >= THRESHOLD
    return logits.argmax(dim=1), targets


def _output(logits: Tensor, targets: Tensor) -> Tensor:
    if is_binary(logits):
        return count_pixels(foreground(logits), targets >= THRESHOLD)
    if logits.ndim == 4:
        return count_confusions(logits.argmax(dim=1), targets, logits.shape[1])
    return torch.softmax(logits, dim=1)


def _metrics(
    task: AnyTask, part: Part, outputs: NDArray[Any], scores: Scores | None
) -> dict[str, float]:
    if not isinstance(task, SegmentationTask):
        return classification_metrics(part.labels, outputs, task.classes)
    if scores is None:
        return multiclass_metrics(outputs, task.classes)
    area = roc_auc(scores)
    return segmentation_metrics(outputs) | ({} if area is None else {"roc_auc": area})
