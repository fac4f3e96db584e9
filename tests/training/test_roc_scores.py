"""The ROC curve over pixels against scikit-learn on the same scores."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score, roc_curve

from automed.training.metrics.roc import roc_auc, roc_of_scores
from automed.training.metrics.scores import BINS, REACH, count_scores


def pixels(seed, spread=3.0, shift=2.0, share=0.3, shape=(3, 1, 9, 11)):
    source = np.random.default_rng(seed)
    truth = source.random(shape) < share
    logits = (source.normal(0, spread, shape) + shift * truth).astype(np.float32)
    return torch.from_numpy(logits), torch.from_numpy(truth)


def bins_of(logits):
    scaled = np.floor((logits.numpy().astype(np.float64) + REACH) / (2 * REACH) * BINS)
    return np.clip(scaled, 0, BINS - 1).ravel()


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**32 - 1), st.floats(0.1, 30), st.floats(-5, 20), st.floats(0.05, 0.95)
)  # fmt: skip
def test_the_area_and_the_curve_are_scikit_learns_on_the_same_bins(seed, spread, shift, share):
    logits, truth = pixels(seed, spread, shift, share)
    scores = count_scores(logits, truth).numpy()
    assert scores.sum() == truth.numel()
    expected = roc_auc_score(truth.ravel(), bins_of(logits))
    assert roc_auc(scores) == pytest.approx(expected, abs=1e-12)
    false, true, _ = roc_curve(truth.ravel(), bins_of(logits), drop_intermediate=False)
    found = roc_of_scores(scores)
    np.testing.assert_allclose(found, (false, true), atol=1e-12)


@pytest.mark.parametrize("spread", [0.5, 3.0])
def test_the_bins_cost_little_of_the_exact_area(spread):
    logits, truth = pixels(1, spread, 2 * spread, 0.2, (4, 1, 64, 64))
    exact = roc_auc_score(truth.ravel(), logits.ravel())
    assert roc_auc(count_scores(logits, truth).numpy()) == pytest.approx(exact, abs=2e-3)


def test_a_confident_model_is_told_apart_where_probabilities_would_tie():
    truth = torch.tensor([0, 0, 1, 1] * 4).bool().view(1, 1, 4, 4)
    logits = torch.tensor([-12.0, -11.0, -9.0, -8.0] * 4).view(1, 1, 4, 4)
    assert (torch.sigmoid(logits) * 256).floor().unique().numel() == 1
    assert roc_auc(count_scores(logits, truth).numpy()) == 1.0


def test_the_counts_of_batches_add_up():
    logits, truth = pixels(2)
    one_by_one = sum(count_scores(logits[i : i + 1], truth[i : i + 1]) for i in range(3))
    assert torch.equal(one_by_one, count_scores(logits, truth))


def test_a_probability_of_one_half_begins_the_upper_bins():
    logits = torch.tensor([-1e-3, 0.0, 1e-3]).view(1, 1, 1, 3)
    scores = count_scores(logits, torch.ones_like(logits).bool()).numpy()
    assert scores[1, BINS // 2] == 2
    assert scores[1, BINS // 2 - 1] == 1


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan"), 1e30, -1e30])
def test_extremes_are_counted_at_the_ends(value):
    scores = count_scores(torch.full((1, 1, 2, 2), value), torch.zeros(1, 1, 2, 2).bool()).numpy()
    assert scores[0, BINS - 1 if value > 0 else 0] == 4


@pytest.mark.parametrize("kind", [0.0, 1.0])
def test_one_kind_of_pixels_has_no_curve(kind):
    logits, _ = pixels(3)
    scores = count_scores(logits, torch.full_like(logits, kind).bool()).numpy()
    assert roc_auc(scores) is None
    assert roc_of_scores(scores) is None
