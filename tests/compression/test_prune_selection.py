"""How many channels stay, and which."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from automed.compression.prune_selection import kept_count, kept_counts, least

CHANNELS = st.integers(1, 2048)
RATIOS = st.floats(0.01, 0.99)
MULTIPLES = st.sampled_from([1, 2, 4, 8])


@given(CHANNELS, RATIOS, MULTIPLES)
def test_what_stays_is_the_nearest_multiple_but_never_nothing(channels, ratio, multiple):
    kept = kept_count(channels, ratio, multiple)
    assert 1 <= kept <= channels
    assert kept == channels or kept % multiple == 0
    wanted = channels * (1 - ratio)
    assert abs(kept - wanted) <= multiple / 2 + 1e-4 or kept <= multiple


@given(CHANNELS, RATIOS, RATIOS, MULTIPLES)
def test_a_larger_ratio_never_keeps_more(channels, one, other, multiple):
    assert kept_count(channels, max(one, other), multiple) <= kept_count(
        channels, min(one, other), multiple
    )


@pytest.mark.parametrize(
    ("channels", "ratio", "kept"),
    [(64, 0.5, 32), (24, 0.5, 8), (40, 0.5, 16), (64, 0.3, 48), (64, 0.9, 8), (8, 0.9, 8),
     (6, 0.5, 6)],
)  # fmt: skip
def test_counts_of_common_layers(channels, ratio, kept):
    assert kept_count(channels, ratio) == kept


def test_uniform_scope_takes_the_same_share_of_each_layer_whatever_it_is_worth():
    scores = [torch.linspace(0, 2, 32), torch.linspace(100, 200, 64)]
    assert kept_counts(scores, 0.5, "uniform", [8, 8]) == [16, 32]


def test_global_scope_takes_the_least_worth_of_the_whole_model():
    scores = [torch.full((32,), 0.1), torch.full((32,), 1.9)]
    assert kept_counts(scores, 0.5, "global", [8, 8]) == [8, 32]  # some of each layer stay


@given(st.lists(st.floats(0, 2), min_size=1, max_size=40), st.data())
def test_the_least_worth_goes(values, data):
    scores = torch.tensor(values)
    count = data.draw(st.integers(0, len(values)))
    removed = least(scores, count).tolist()
    assert len(set(removed)) == count
    assert removed == sorted(removed)
    stays = [v for i, v in enumerate(scores.tolist()) if i not in removed]
    if removed and stays:
        assert max(scores[removed].tolist()) <= min(stays)
