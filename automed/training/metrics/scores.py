"""A histogram of logits, from which the ROC curve over all pixels is drawn.

A histogram keeps memory bounded, whatever the number of pixels. Its bins are even in the logit, not
in the probability: a well trained model puts nearly all pixels within 1/256 of 0 or 1, where bins
of probabilities would hold them all as ties. The curve sees ranks only, so that any scale will do.
"""

from __future__ import annotations

import torch
from torch import Tensor

from automed.training.metrics.score_bins import BINS as BINS
from automed.training.metrics.score_bins import REACH as REACH


def count_scores(logits: Tensor, truth: Tensor) -> Tensor:
    """Pixels by truth and by bin of the logit; the counts of batches add up.

    Args:
        logits: Float32, shape (batch, 1, height, width); what is not a number counts as lowest.
        truth: Boolean masks of the same shape.

    Returns:
        Int64, shape (2, `BINS`), on the same device: background and foreground, lowest logits
        first. The lower edge of bin ``BINS / 2`` is a probability of 1/2.
    """
    bins = (logits * (BINS / (2 * REACH)) + BINS / 2).floor_()
    bins = bins.clamp_(0, BINS - 1).nan_to_num_(0)
    # int16 holds 2 BINS, in a quarter of the memory that int64 would take.
    places = bins.to(torch.int16) + BINS * truth.to(torch.int16)
    return torch.bincount(places.flatten(), minlength=2 * BINS).view(2, BINS)
