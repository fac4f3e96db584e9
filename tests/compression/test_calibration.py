"""Histograms of activations stay small enough to search."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from onnxruntime.quantization.calibrate import HistogramCollector

from automed.compression.calibration import BINS, BoundedHistograms, coarsened

SETTINGS = {
    "method": "entropy", "symmetric": False, "num_bins": 128, "num_quantized_bins": 128,
    "percentile": 99.99, "scenario": None,
}  # fmt: skip


def collected(*batches, collector=None):
    """What onnxruntime's collector has after some batches."""
    collector = collector or HistogramCollector(**SETTINGS)
    for batch in batches:
        collector.collect({"x": [np.asarray(batch, np.float32)]})
    return collector.histogram_dict["x"]


@pytest.mark.parametrize("bright", [60.0, 333.3, 4000.0])
def test_a_bright_image_leaves_a_histogram_of_few_bins_with_the_same_values(bright):
    source = np.random.default_rng(0)
    values = source.normal(0, 1, 5000)
    histogram = collected(values, [*values[:100], bright])
    counts, edges, low, high, reach = coarsened(*histogram)
    assert len(histogram[0]) > BINS
    assert len(counts) <= BINS
    assert len(edges) == len(counts) + 1
    assert counts.sum() == histogram[0].sum() == 5101
    assert (low, high) == histogram[2:4]
    assert reach == pytest.approx(edges[-1]) == pytest.approx(-edges[0])
    assert np.allclose(np.diff(edges), edges[1] - edges[0], rtol=1e-3)
    # Each value is counted between the edges that hold it.
    inside = np.abs(np.repeat((edges[:-1] + edges[1:]) / 2, counts)).max()
    assert float(inside) == pytest.approx(bright, abs=float(edges[1] - edges[0]))
    middle = counts[len(counts) // 2 - 1 : len(counts) // 2 + 1].sum()
    width = edges[1] - edges[0]
    expected = sum((np.abs(b) < width).sum() for b in (values, values[:100]))
    step = histogram[1][1] - histogram[1][0]
    edge = sum((np.abs(np.abs(b) - width) < step).sum() for b in (values, values[:100]))
    assert abs(middle - expected) <= edge


def test_a_small_one_stays_as_it_is():
    histogram = collected(np.linspace(-1, 2, 500))
    assert coarsened(*histogram) == histogram


@pytest.mark.parametrize("first", [1e-3, 1e-6, 1e-12])
def test_an_activation_that_was_silent_at_first_is_counted_all_the_same(first):
    source = np.random.default_rng(0)
    batches = [source.normal(0, first, 500), source.normal(0, 80, 3000), [-1000.0, 3.0]]
    ours = collected(*batches, collector=BoundedHistograms(SimpleNamespace(**SETTINGS)))
    counts, edges, low, high, reach = ours
    assert counts.sum() == 3502
    assert len(counts) <= 1 << 16
    assert (low, reach) == (-1000, pytest.approx(edges[-1]))
    assert high == pytest.approx(max(b.max() for b in map(np.asarray, batches)))
    values = np.concatenate(batches).astype(np.float32)
    width = edges[1] - edges[0]
    for share in (0.01, 0.3, 0.7, 0.99):
        at = edges[1:][np.searchsorted(np.cumsum(counts), share * len(values))]
        assert float(at) == pytest.approx(np.quantile(values, share), abs=3 * float(width))


def test_without_such_an_activation_histograms_are_onnxruntimes():
    source = np.random.default_rng(0)
    batches = [source.normal(0, scale, 500) for scale in (1, 3, 40)]
    ours = collected(*batches, collector=BoundedHistograms(SimpleNamespace(**SETTINGS)))
    for mine, theirs in zip(ours, collected(*batches), strict=True):
        assert np.array_equal(mine, theirs)
