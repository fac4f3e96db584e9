"""The threshold that a deployed mask is cut at."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from automed.training.metrics.scores import BINS, count_scores
from automed.training.metrics.threshold import best_threshold


def dice_at(logits, truth, threshold):
    called = torch.sigmoid(logits) >= threshold
    both = (called & truth).sum()
    return float(2 * both / (called.sum() + truth.sum()))


@given(st.integers(0, 2**16), st.floats(-3, 3), st.floats(0.2, 3))
def test_no_other_threshold_gives_a_better_pooled_dice(seed, shift, scale):
    generator = torch.Generator().manual_seed(seed)
    truth = torch.rand(2, 1, 8, 8, generator=generator) < 0.3
    noise = torch.randn(2, 1, 8, 8, generator=generator)
    logits = (truth.float() * 2 - 1 + noise) * scale + shift
    if not truth.any():
        return
    chosen = best_threshold(count_scores(logits, truth).numpy())
    assert 0 < chosen < 1
    # The edges of the bins themselves lie on the safe side of rounding.
    ours = dice_at(logits, truth, chosen)
    edges = 1 / (1 + np.exp(-(np.arange(1, BINS) - BINS / 2) / 8))
    assert ours >= max(dice_at(logits, truth, float(edge)) for edge in edges) - 1e-6


def test_what_is_cut_equally_well_anywhere_is_cut_at_one_half():
    truth = torch.tensor([True, False]).view(1, 1, 1, 2)
    logits = torch.tensor([9.0, -9.0]).view(1, 1, 1, 2)
    assert best_threshold(count_scores(logits, truth).numpy()) == 0.5


def test_without_foreground_there_is_none():
    truth = torch.zeros(1, 1, 4, 4, dtype=torch.bool)
    assert best_threshold(count_scores(torch.zeros(1, 1, 4, 4), truth).numpy()) is None
