"""Channel statistics against numpy in float64."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automed.training.part import Part
from automed.training.statistics import statistics


def part_of(images, rows=None):
    rows = np.arange(len(images)) if rows is None else np.array(rows)
    return Part(images, np.zeros(len(images), np.int64), rows)


@settings(max_examples=30, deadline=None)
@given(
    samples=st.integers(1, 40), channels=st.integers(1, 5), seed=st.integers(0, 2**32 - 1),
    low=st.integers(0, 200), span=st.integers(1, 55), data=st.data(),
)  # fmt: skip
def test_they_are_numpys_over_the_rows_of_the_part(samples, channels, seed, low, span, data):
    source = np.random.default_rng(seed)
    images = source.integers(low, low + span, (samples, 5, 7, channels), dtype=np.uint8)
    rows = data.draw(st.lists(st.integers(0, samples - 1), min_size=1, max_size=40, unique=True))
    found = statistics(part_of(images, rows))
    pixels = images[rows].astype(np.float64) / 255
    np.testing.assert_allclose(found.mean, pixels.mean((0, 1, 2)), rtol=1e-12, atol=1e-15)
    expected = np.maximum(pixels.std((0, 1, 2)), 1e-3)
    np.testing.assert_allclose(found.std, expected, rtol=1e-9)


def test_a_channel_that_is_the_same_everywhere_divides_by_no_zero():
    images = np.full((3, 4, 4, 2), 255, np.uint8)
    images[..., 1] = np.arange(16).reshape(4, 4)
    found = statistics(part_of(images))
    assert found.mean[0] == pytest.approx(1, abs=1e-15)
    assert found.std[0] == 1e-3
    assert found.std[1] == pytest.approx(np.arange(16).std() / 255)


def test_the_order_of_the_rows_does_not_matter():
    images = np.random.default_rng(0).integers(0, 256, (50, 4, 4, 3), dtype=np.uint8)
    assert statistics(part_of(images)) == statistics(part_of(images, range(49, -1, -1)))
