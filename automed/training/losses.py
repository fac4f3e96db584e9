"""Loss functions by name, and sums of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import segmentation_models_pytorch as smp
import torch
from torch import Tensor, nn
from torch.nn import functional

from automed.domain.errors import TrainingError
from automed.domain.space_edit import suggestion

FOCUS = 2.0
"""Focal loss's gamma, as Lin et al. (2017) recommend."""

Kind = Literal["segmentation", "classification"]


class SoftmaxFocalLoss(nn.Module):
    """Mean of (1 - p)^gamma (-log p), p the softmax probability of the true class.

    Lin et al., Focal Loss for Dense Object Detection (2017), for several classes. With class
    weights w the mean is weighted by the true class's w, as in torch's cross entropy.

    Args:
        gamma: How strongly easy samples are played down; 0 gives the cross entropy.
        weight: Shape (classes,); None: all classes count alike.
    """

    weight: Tensor | None

    def __init__(self, gamma: float, weight: Tensor | None = None) -> None:
        super().__init__()
        self.gamma = gamma
        self.register_buffer("weight", weight)

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss of logits (batch, classes) at class indices (batch,)."""
        entropy = functional.cross_entropy(logits, targets, reduction="none")
        focal = (1 - torch.exp(-entropy)) ** self.gamma * entropy
        if self.weight is None:
            return focal.mean()
        weight = self.weight[targets]
        return (weight * focal).sum() / weight.sum()


@dataclass(frozen=True)
class _Row:
    """One loss: how it is made for a mask, and for classes with their weights."""

    mask: Callable[[], nn.Module] | None = None
    classes: Callable[[Tensor | None], nn.Module] | None = None


def _softmax_focal(weight: Tensor | None) -> nn.Module:
    return SoftmaxFocalLoss(FOCUS, weight)


# smp's Dice and Jaccard are computed over the whole batch; a batch without foreground adds 0.
LOSSES = {
    "bce": _Row(mask=nn.BCEWithLogitsLoss),
    "dice": _Row(mask=lambda: smp.losses.DiceLoss("binary")),
    "focal": _Row(mask=lambda: smp.losses.FocalLoss("binary", gamma=FOCUS), classes=_softmax_focal),
    "jaccard": _Row(mask=lambda: smp.losses.JaccardLoss("binary")),
    "ce": _Row(classes=lambda weight: nn.CrossEntropyLoss(weight=weight)),
}


class Loss(nn.Module):
    """An unweighted sum of losses.

    Args:
        name: For error messages.
        mask: Terms for masks; empty where one of the names has none.
        classes: Terms for classes; empty where one of the names has none.
    """

    def __init__(self, name: str, mask: Sequence[nn.Module], classes: Sequence[nn.Module]) -> None:
        super().__init__()
        self.name = name
        self.mask = nn.ModuleList(mask)
        self.classes = nn.ModuleList(classes)

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """A scalar, computed in float32.

        Args:
            logits: (batch, 1, height, width) for masks, (batch, classes) for classes.
            targets: Float 0 or 1 of the same shape for masks, class indices (batch,) for classes.

        Raises:
            TrainingError: The loss is not made for such targets.
        """
        kind: Kind = "segmentation" if logits.ndim == 4 else "classification"
        terms = self.mask if kind == "segmentation" else self.classes
        if not terms:
            raise TrainingError(
                f"the loss {self.name!r} cannot be used for a {kind}",
                expected=", ".join(losses_for(kind)),
            )
        total = torch.zeros((), device=logits.device)
        for term in terms:
            total = total + term(logits.float(), targets)
        return total


def losses_for(kind: Kind) -> list[str]:
    """The names of the losses for a kind of task."""
    return [n for n, r in LOSSES.items() if (r.mask if kind == "segmentation" else r.classes)]


def build_loss(name: str, class_weights: Tensor | None = None) -> Loss:
    """A loss by its name, such as ``bce`` or ``bce+dice``; which kind it serves shows in the call.

    Args:
        name: Names of `LOSSES`, joined by ``+``; the sum is not weighted.
        class_weights: Shape (classes,), for ``ce`` and ``focal`` over classes.

    Raises:
        TrainingError: A name is unknown, or given twice.
    """
    names = name.split("+")
    for part in names:
        if part not in LOSSES:
            raise TrainingError(
                f"there is no loss {part!r}{suggestion(part, LOSSES)}",
                found=name,
                expected=f"one of {', '.join(LOSSES)}, or a sum such as bce+dice",
            )
    if len(set(names)) != len(names):
        raise TrainingError(f"the loss {name!r} names one of its terms twice")
    rows = [LOSSES[part] for part in names]
    mask = [row.mask() for row in rows if row.mask is not None]
    classes = [row.classes(class_weights) for row in rows if row.classes is not None]
    return Loss(
        name,
        mask if len(mask) == len(rows) else [],
        classes if len(classes) == len(rows) else [],
    )
