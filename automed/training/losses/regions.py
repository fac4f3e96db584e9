"""Losses of whole regions, for masks: all pixels of a batch are compared as one region."""

from __future__ import annotations

import segmentation_models_pytorch as smp
import torch
from torch import Tensor, nn


class RegionLoss(nn.Module):
    """1 - overlap / (overlap + a false positives + b false negatives), of probabilities.

    Dice with a = b = 1/2, Jaccard with 1 and 1, else Tversky's index (Salehi et al., 2017). The
    overlap of prediction and target is the smaller one of both, so that a soft mask is best met
    exactly (Wang et al., Dice Semimetric Losses, 2023); with targets of 0 and 1 that is their
    product. A batch without a target pixel adds 0.

    smp's losses are the same but for their rounding: smp 0.6 takes the overlap from a difference
    of sums, of which float32 on a CPU leaves one digit where lesions are small.

    Of several classes, the mean over the foreground classes: the background is left out, as it is
    from the metrics, since it is large, easy, and what the others leave. A class without a pixel
    in the batch adds 0.

    Args:
        false_positives: a.
        false_negatives: b.
    """

    def __init__(self, false_positives: float, false_negatives: float) -> None:
        super().__init__()
        self.false_positives = false_positives
        self.false_negatives = false_negatives

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss of logits at a binary mask or at a mask of classes; see `Kind`."""
        p, y = _regions(logits, targets)
        pixels = (0, 2, 3)
        overlap = torch.minimum(p, y).sum(pixels)
        false_positives = torch.relu(p - y).sum(pixels)
        false_negatives = torch.relu(y - p).sum(pixels)
        missed = self.false_positives * false_positives + self.false_negatives * false_negatives
        there = (y > 0).any(dim=3).any(dim=2).any(dim=0)
        whole = torch.where(there, overlap + missed, 1)
        return torch.where(there, missed / whole, 0).mean()


class BinaryLovasz(nn.Module):
    """Lovasz hinge of a binary mask (Berman et al., 2018), over the batch; smp's.

    It is defined for sets of pixels: of a smoothed mask, those from one half on.
    """

    def __init__(self) -> None:
        super().__init__()
        self.hinge = smp.losses.LovaszLoss("binary")

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss of logits at targets in [0, 1] of the same shape."""
        loss: Tensor = self.hinge(logits, (targets >= 0.5).to(logits.dtype))
        return loss


def _regions(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Probabilities and masks of shape (batch, foreground classes, height, width)."""
    if targets.ndim == logits.ndim:
        return torch.sigmoid(logits), targets
    foreground = torch.arange(1, logits.shape[1], device=targets.device).view(1, -1, 1, 1)
    masks = (targets.unsqueeze(1) == foreground).to(logits.dtype)
    return logits.softmax(dim=1)[:, 1:], masks
