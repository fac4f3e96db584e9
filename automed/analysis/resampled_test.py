"""Comparing models over partitions of one data set, which overlap and so are not independent.

Nadeau and Bengio, "Inference for the Generalization Error", Machine Learning 52 (2003): two
partitions share most of their training samples, and some of their validation samples. The plain
t-test takes each as new evidence and finds differences where there are none; here the variance of
the mean is ``(1 / partitions + validation / training) * s**2`` instead of ``s**2 / partitions``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import t as student

from automed.domain.bundle import Interval
from automed.domain.confirmation import Estimate

FEWEST = 3
"""Partitions below which a variance says nothing."""


def corrected_estimate(
    values: Sequence[float],
    ratio: float,
    level: float = 0.95,
    within: tuple[float, float] = (-math.inf, math.inf),
) -> Estimate:
    """The mean over partitions with its interval.

    Args:
        values: One a partition, at least `FEWEST`.
        ratio: Validation samples by training samples of a partition.
        level: Of the interval.
        within: What values can be at all, such as 0 to 1; the interval ends there.
    """
    mean, error = _mean_and_error(values, ratio)
    reach = float(student.ppf((1 + level) / 2, len(values) - 1)) * error
    low, high = max(mean - reach, within[0]), min(mean + reach, within[1])
    return Estimate(mean=mean, interval=Interval(low=low, high=high))


def corrected_p(differences: Sequence[float], ratio: float) -> float:
    """Two-sided p of the hypothesis that the mean difference is 0.

    Args:
        differences: Between two models, one a partition, at least `FEWEST`.
        ratio: As for `corrected_estimate`.
    """
    mean, error = _mean_and_error(differences, ratio)
    if mean == 0:
        return 1.0
    if error == 0:  # the same difference everywhere
        return 0.0
    return float(2 * student.sf(abs(mean) / error, len(differences) - 1))


def holm(ps: Sequence[float]) -> list[float]:
    """Holm's step-down correction (1979): p values that may be compared with one level each."""
    adjusted, highest = [0.0] * len(ps), 0.0
    for rank, index in enumerate(sorted(range(len(ps)), key=lambda i: ps[i])):
        highest = max(highest, min(1.0, (len(ps) - rank) * ps[index]))
        adjusted[index] = highest
    return adjusted


def _mean_and_error(values: Sequence[float], ratio: float) -> tuple[float, float]:
    if len(values) < FEWEST:
        raise ValueError(f"{len(values)} partitions, expected at least {FEWEST}")
    given = np.asarray(values, dtype=np.float64)
    if np.ptp(given) == 0:  # exactly 0, which rounding in the mean would hide
        return float(given[0]), 0.0
    variance = float(given.var(ddof=1))
    return float(given.mean()), math.sqrt((1 / len(given) + ratio) * variance)
