"""Cross entropies, with class weights and label smoothing."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from automed.training.losses.weighted_mean import weighted_mean


class BinaryCrossEntropy(nn.Module):
    """The mean of - y log p - (1 - y) log(1 - p), p the sigmoid of the logit.

    With logits (0, x) it is the same as `CrossEntropy` over background and foreground, also in
    what weights and smoothing do to it.

    Args:
        weights: Shape (2,), of background and foreground; None: both count alike.
        smoothing: s turns the target y into y (1 - s) + s / 2.
    """

    weights: Tensor | None

    def __init__(self, weights: Tensor | None = None, smoothing: float = 0.0) -> None:
        super().__init__()
        self.smoothing = smoothing
        self.register_buffer("weights", weights)

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss of logits at targets in [0, 1] of the same shape."""
        smooth = targets * (1 - self.smoothing) + self.smoothing / 2
        if self.weights is None:
            return functional.binary_cross_entropy_with_logits(logits, smooth)
        background, foreground = self.weights
        entropy = -foreground * smooth * functional.logsigmoid(logits)
        entropy = entropy - background * (1 - smooth) * functional.logsigmoid(-logits)
        return weighted_mean(entropy, torch.lerp(background, foreground, targets))


class CrossEntropy(nn.Module):
    """The mean of -log p, p the softmax probability of the true class; torch's, see there.

    Args:
        weights: Shape (classes,); None: all classes count alike.
        smoothing: Share of each label that goes to all classes alike.
    """

    weights: Tensor | None

    def __init__(self, weights: Tensor | None = None, smoothing: float = 0.0) -> None:
        super().__init__()
        self.smoothing = smoothing
        self.register_buffer("weights", weights)

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss of logits (batch, classes, ...) at class indices (batch, ...)."""
        entropy = functional.cross_entropy(
            logits, targets, self.weights, reduction="none", label_smoothing=self.smoothing
        )
        if self.weights is None:
            return entropy.mean()
        return weighted_mean(entropy, self.weights[targets])
