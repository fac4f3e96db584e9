"""Focal losses: easy pixels or images count less (Lin et al., 2017)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.ops import sigmoid_focal_loss

from automed.training.losses.weighted_mean import weighted_mean

FOCUS = 2.0
"""gamma, as Lin et al., Focal Loss for Dense Object Detection (2017), recommend."""


class BinaryFocalLoss(nn.Module):
    """Mean of (1 - p)^gamma (-log p), p the probability of the true side; torchvision's.

    A soft target y has p y + (1 - p) (1 - y) in the first factor, and y's cross entropy in the
    second.

    Args:
        gamma: How strongly easy pixels are played down; 0 gives the binary cross entropy.
        weights: Shape (2,), of background and foreground; None: both count alike.
    """

    weights: Tensor | None

    def __init__(self, gamma: float = FOCUS, weights: Tensor | None = None) -> None:
        super().__init__()
        self.gamma = gamma
        self.register_buffer("weights", weights)

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss of logits at targets in [0, 1] of the same shape."""
        # alpha is Lin's weight of the foreground, and -1 switches it off; ours are normalized.
        focal: Tensor = sigmoid_focal_loss(logits, targets, alpha=-1, gamma=self.gamma)
        if self.weights is None:
            return focal.mean()
        weight = torch.lerp(self.weights[0], self.weights[1], targets)
        return weighted_mean(weight * focal, weight)


class SoftmaxFocalLoss(nn.Module):
    """Mean of (1 - p)^gamma (-log p), p the softmax probability of the true class.

    Of several classes, in images or in each pixel; smp's focal loss of several classes is another
    one: a mean of binary focal losses, one for each class against the rest.

    Args:
        gamma: How strongly easy samples are played down; 0 gives the cross entropy.
        weights: Shape (classes,); None: all classes count alike.
    """

    weights: Tensor | None

    def __init__(self, gamma: float = FOCUS, weights: Tensor | None = None) -> None:
        super().__init__()
        self.gamma = gamma
        self.register_buffer("weights", weights)

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss of logits (batch, classes, ...) at class indices (batch, ...)."""
        entropy = functional.cross_entropy(logits, targets, reduction="none")
        # 1 - exp(-entropy), without cancellation where p is nearly 1.
        focal = (-torch.expm1(-entropy)) ** self.gamma * entropy
        if self.weights is None:
            return focal.mean()
        weight = self.weights[targets]
        return weighted_mean(weight * focal, weight)
