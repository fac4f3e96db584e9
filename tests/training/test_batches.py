"""Which samples go together."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from automed.training.batches import in_order, shuffled, steps_per_epoch


def epoch(samples, batch_size, seed=0):
    return list(shuffled(samples, batch_size, torch.Generator().manual_seed(seed)))


@given(st.integers(1, 60), st.integers(1, 70))
def test_an_epoch_is_never_empty_and_leaves_out_one_sample_at_most(samples, batch_size):
    batches = epoch(samples, batch_size)
    seen = np.concatenate(batches)
    assert len(set(seen)) == len(seen)
    assert set(seen) <= set(range(samples))
    assert samples - len(seen) in (0, 1)
    assert steps_per_epoch(samples, batch_size) == len(batches) >= 1
    if samples > 1 and batch_size > 1:
        assert all(len(batch) > 1 for batch in batches)
    if samples % batch_size != 1 or batch_size == 1:
        assert len(seen) == samples


def test_the_order_is_a_function_of_the_generator_and_new_in_each_epoch():
    generator = torch.Generator().manual_seed(1)
    first, second = (np.concatenate(list(shuffled(50, 8, generator))) for _ in range(2))
    assert not np.array_equal(first, second)
    assert np.array_equal(first, np.concatenate(epoch(50, 8, seed=1)))


def test_validation_keeps_every_sample_in_order():
    batches = list(in_order(33, 16))
    assert np.array_equal(np.concatenate(batches), np.arange(33))
    assert [len(batch) for batch in batches] == [16, 16, 1]
