"""What every part of a split should hold in equal measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automed.data.dataset import Dataset
from automed.data.parallel import in_threads
from automed.data.read_sample import read_target
from automed.domain.sample import Sample

MOST_BINS = 4
SAMPLES_A_BIN = 20


@dataclass(frozen=True)
class Strata:
    """The stratum of each sample, in the order of ``dataset.samples``.

    Attributes:
        of: Index of the stratum, shape (samples,).
        required: Names of what train and validation cannot do without: the classes, or foreground.
        holds: Whether a sample holds it, shape (samples, required).
    """

    of: NDArray[np.int64]
    required: tuple[str, ...]
    holds: NDArray[np.bool_]


def strata_of(dataset: Dataset) -> Strata:
    """By class; for segmentation by the size of the foreground, empty masks apart.

    Raises:
        DataError: A mask cannot be read.
    """
    labels = [sample.label for sample in dataset.samples]
    if all(label is not None for label in labels):
        classes, index = np.unique(np.array(labels, dtype=str), return_inverse=True)
        holds = index[:, None] == np.arange(len(classes))
        return Strata(index.astype(np.int64), tuple(map(str, classes)), holds)
    shares = foreground_shares(dataset)
    return Strata(bins_of(shares), ("foreground",), (shares > 0)[:, None])


def foreground_shares(dataset: Dataset) -> NDArray[np.float64]:
    """Share of foreground pixels in each sample, decoded in parallel threads.

    Raises:
        DataError: A mask cannot be read.
    """

    def share(sample: Sample) -> float:
        return float((read_target(dataset, sample) > 0).mean())

    return np.fromiter(in_threads(share, dataset.samples), dtype=np.float64)


def bins_of(shares: Sequence[float] | NDArray[np.float64]) -> NDArray[np.int64]:
    """Bin 0 holds the empty masks; the rest is cut at quantiles of the foreground's share.

    As many bins as leave `SAMPLES_A_BIN` in each, at most `MOST_BINS`.
    """
    values = np.asarray(shares, dtype=np.float64)
    filled = values[values > 0]
    bins = int(np.clip(len(filled) // SAMPLES_A_BIN, 1, MOST_BINS))
    edges = np.quantile(filled, np.arange(1, bins) / bins) if len(filled) else np.empty(0)
    return np.where(values > 0, 1 + np.searchsorted(edges, values, side="right"), 0)
