"""How far a mean on the test part may be off: other patients, and other trainings."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import norm as normal
from scipy.stats import t as student

from automed.analysis.group_scores import GroupScore
from automed.domain.bundle import Interval
from automed.domain.confirmation import Estimate

RESAMPLES = 2000
FEWEST_GROUPS = 2
_SEED = 0


def bootstrap_estimate(
    scores: Sequence[GroupScore], groups: int, level: float = 0.95, seed: int = _SEED
) -> Estimate:
    """The mean of some models' metric with a percentile interval.

    Groups and models are both drawn with replacement (Owen 2007, "The pigeonhole bootstrap"): the
    interval is of what training the config once more gives on other groups like these. With few
    groups percentiles are too narrow: they are taken further out, as Student's t lies further out
    than the normal distribution (Hesterberg 2015, "What Teachers Should Know About the Bootstrap").

    Args:
        scores: One a model, at least one.
        groups: How many the part holds. Of fewer than `FEWEST_GROUPS` there is no interval.
        level: Of the interval.
        seed: Same seed, same groups drawn: points can be compared.
    """
    mean = float(np.mean([metric_of(score, groups) for score in scores]))
    if groups < FEWEST_GROUPS:
        return Estimate(mean=mean, interval=None)
    source = np.random.default_rng(seed)
    drawn = source.multinomial(groups, np.full(groups, 1 / groups), RESAMPLES)
    models = source.multinomial(len(scores), np.full(len(scores), 1 / len(scores)), RESAMPLES)
    values = np.stack([score(drawn.astype(np.float64)) for score in scores], axis=1)
    means = (values * models).sum(axis=1) / len(scores)
    few = math.sqrt(groups / (groups - 1))
    tail = float(normal.cdf(few * student.ppf((1 - level) / 2, groups - 1)))
    low, high = np.nanquantile(means, [tail, 1 - tail])
    return Estimate(mean=mean, interval=Interval(low=float(low), high=float(high)))


def metric_of(score: GroupScore, groups: int) -> float:
    """The metric itself: each group once."""
    return float(score(np.ones((1, groups)))[0])
