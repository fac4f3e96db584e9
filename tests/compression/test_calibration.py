"""Histograms of activations stay small enough to search."""

from __future__ import annotations

import numpy as np
import pytest
from onnxruntime.quantization.calibrate import HistogramCollector

from automed.compression.calibration import BINS, coarsened


def collected(*batches):
    """What onnxruntime's collector has after some batches."""
    collector = HistogramCollector("entropy", False, 128, 128, 99.99, None)
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
