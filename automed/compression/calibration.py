"""Ranges of activations, from training images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader
from onnxruntime.quantization.calibrate import (
    CalibraterBase,
    EntropyCalibrater,
    HistogramCalibrater,
    HistogramCollector,
    MinMaxCalibrater,
    PercentileCalibrater,
    TensorsData,
)

from automed.artifact.export import INPUT
from automed.artifact.session import open_session
from automed.compression.bench import Bench
from automed.domain.compression import Calibration
from automed.domain.digest import derive_seed

Batch = NDArray[np.float32]

IMAGES = {"minmax": 64, "percentile": 32, "entropy": 32}
"""At most so many images calibrate. Histograms of activations cost more than their extremes."""

_AT_ONCE = {"minmax": 4, "percentile": 1, "entropy": 1}
"""Images of a batch. Histograms are made from activations that all lie in memory at once."""

PERCENTILE = 99.99
"""Share of an activation's values inside its range, in percent; the rest is clipped."""


BINS = 1024
"""Of a histogram at most, when the range of least entropy is looked for."""


_MOST_BINS = 1 << 16
"""Of a histogram while it is collected."""

Histogram = tuple[NDArray[np.int64], NDArray[np.float32], float, float, float]
"""As onnxruntime's collector keeps it: counts of shape (bins,), an even number of them; edges of
shape (bins + 1,), evenly spaced, from -reach to reach; the least value seen, the largest; reach."""


@dataclass(frozen=True, eq=False)
class CalibrationImages:
    """Training images as the model sees them.

    Attributes:
        bench: Gives the images, their normalization and the seed that draws them.
        instead: Chooses the ranges, rather than what the bench asks for.
    """

    bench: Bench
    instead: Calibration | None = None

    @property
    def method(self) -> Calibration:
        """How ranges are chosen."""
        return self.instead or self.bench.compression.calibration

    def by(self, method: Calibration) -> CalibrationImages:
        """The same, with ranges chosen in another way."""
        return CalibrationImages(self.bench, method)

    @property
    def picked(self) -> NDArray[np.int64]:
        """Positions in the training part, shape (images,): without repetition, in rising order."""
        source = np.random.default_rng(derive_seed(self.bench.seed, "calibration"))
        count = min(IMAGES[self.method], len(self.bench.train))
        return np.sort(source.permutation(len(self.bench.train))[:count])

    def batches(self, size: int | None = None) -> Iterator[Batch]:
        """Normalized images, float32, shape (batch, channels, height, width)."""
        normalization, picked = self.bench.normalization, self.picked
        mean, std = (
            torch.tensor(values).view(1, -1, 1, 1)
            for values in (normalization.mean, normalization.std)
        )
        step = size or _AT_ONCE[self.method]
        for start in range(0, len(picked), step):
            images, _ = self.bench.train.batch(picked[start : start + step], torch.device("cpu"))
            yield ((images - mean) / std).contiguous().numpy()


def activation_ranges(
    graph: Path, images: CalibrationImages, op_types: tuple[str, ...], folder: Path
) -> TensorsData:
    """Calibrate, through onnxruntime's own calibrators, a batch at a time.

    Args:
        graph: The float model, preprocessed for quantization.
        images: What it is run with.
        op_types: Of the operators whose inputs and outputs are looked at.
        folder: For temporary files.
    """
    calibrator = _calibrator(images.method, graph, op_types, folder / "observed.onnx")
    calibrator.augment_graph()
    # The calibrators' own session reports warnings to the terminal.
    calibrator.infer_session = open_session(Path(calibrator.augmented_model_path))
    if isinstance(calibrator, HistogramCalibrater):
        calibrator.collector = BoundedHistograms(calibrator)
    for batch in images.batches():
        # Each call merges what it sees into the ranges or histograms and forgets the activations.
        calibrator.collect_data(_OneBatch(batch))
        calibrator.clear_collected_data()
    if isinstance(calibrator, EntropyCalibrater):
        found = calibrator.collector.histogram_dict
        found.update({name: coarsened(*histogram) for name, histogram in found.items()})
    return calibrator.compute_data()


class BoundedHistograms(HistogramCollector):  # type: ignore[misc]  # onnxruntime has no types
    """onnxruntime's collector, for activations that are tiny in the first image and not in others.

    It keeps the width of the first batch's bins. Where a channel was all but silent there, the next
    batch would need millions of bins: NumPy refuses, or memory ends. Here what was seen so far
    moves into as many bins of the new range.

    Args:
        calibrator: Whose settings it takes.
    """

    def __init__(self, calibrator: HistogramCalibrater) -> None:
        super().__init__(
            method=calibrator.method, symmetric=calibrator.symmetric,
            num_bins=calibrator.num_bins, num_quantized_bins=calibrator.num_quantized_bins,
            percentile=calibrator.percentile, scenario=calibrator.scenario,
        )  # fmt: skip

    def merge_histogram(
        self, old_histogram: Histogram, data_arr: Batch, new_min: float, new_max: float,
        new_threshold: float,
    ) -> Histogram:  # fmt: skip
        """The histogram with another batch in it."""
        counts, _, _, _, reach = old_histogram
        if float(new_threshold) * len(counts) > _MOST_BINS * float(reach) > 0:
            old_histogram = _stretched(old_histogram, new_threshold)
        merged: Histogram = super().merge_histogram(
            old_histogram, data_arr, new_min, new_max, new_threshold
        )
        return merged


def _stretched(histogram: Histogram, reach: float) -> Histogram:
    """The same values in as many bins of a wider range."""
    counts, edges, low, high, _ = histogram
    centres = (edges[:-1] + edges[1:]) / 2
    moved, wider = np.histogram(centres, len(counts), range=(-reach, reach), weights=counts)
    return moved.astype(counts.dtype), wider.astype(edges.dtype), low, high, reach


def coarsened(
    counts: NDArray[np.int64], edges: NDArray[np.float32], low: float, high: float, reach: float
) -> Histogram:
    """A histogram of onnxruntime's collector with at most `BINS` bins.

    It is given more bins, of the width of the first batch's, for each batch that reaches further;
    the search for the least entropy takes time with their square: after one bright image, minutes
    for each tensor.

    Args:
        counts: Shape (bins,), an even number of them.
        edges: Shape (bins + 1,), evenly spaced, from -reach to reach.
        low: Least value seen.
        high: Largest value seen.
        reach: Of the edges.
    """
    together = -(-len(counts) // BINS)
    if together == 1:
        return counts, edges, low, high, reach
    missing = -(len(counts) // 2) % together
    merged = np.pad(counts, missing).reshape(-1, together).sum(axis=1)
    reach = reach * (1 + 2 * missing / len(counts))
    return merged, np.linspace(-reach, reach, len(merged) + 1, dtype=edges.dtype), low, high, reach


def _calibrator(
    method: Calibration, graph: Path, op_types: tuple[str, ...], observed: Path
) -> CalibraterBase:
    if method == "percentile":
        return PercentileCalibrater(graph, op_types, str(observed), percentile=PERCENTILE)
    if method == "entropy":
        return EntropyCalibrater(graph, op_types, str(observed))
    return MinMaxCalibrater(graph, op_types, str(observed))


class _OneBatch(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no types
    def __init__(self, batch: Batch) -> None:
        self._left: Batch | None = batch

    def get_next(self) -> dict[str, Batch] | None:
        batch, self._left = self._left, None
        return None if batch is None else {INPUT: batch}
