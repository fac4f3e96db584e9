"""From the retrained models of some trials to what is proven about them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from automed.analysis.group_bootstrap import bootstrap_estimate, metric_of
from automed.analysis.group_scores import GroupScore
from automed.analysis.resampled_test import FEWEST, corrected_estimate, corrected_p, holm
from automed.domain.confirmation import LEVEL, ConfirmedPoint, Estimate, Step
from automed.domain.objective import Objective
from automed.domain.trial import Trial


@dataclass(frozen=True)
class Retrained:
    """What came of training one trial anew.

    Attributes:
        trial: Of the study, with its result.
        values: The guide metric on each partition's validation samples; None: it failed.
        scores: Of the models that came out, on the groups of the test part; in the partitions'
            order, None where it failed.
        failures: Why trainings failed.
    """

    trial: Trial
    values: tuple[float | None, ...]
    scores: tuple[GroupScore | None, ...]
    failures: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proven:
    """The figures of a confirmation; see `automed.domain.confirmation.Confirmation`."""

    points: tuple[ConfirmedPoint, ...]
    steps: tuple[Step, ...]
    supported: int
    best: int


def costs_of(
    objectives: Sequence[Objective], guide: str, trials: Sequence[Trial]
) -> tuple[str, ...]:
    """The costs among the objectives, one in which the trials differ first; MACs if there is none.

    Compressed children have their parents' MACs, and differ in size.
    """
    costs = [o.metric for o in objectives if o.direction == "minimize" and o.metric != guide]
    differ = {c for c in costs if len({t.result and t.result.values()[c] for t in trials}) > 1}
    return tuple(sorted(costs, key=lambda c: c not in differ)) or ("macs",)


def proven(
    retrained: Sequence[Retrained],
    quality: Objective,
    costs: Sequence[str],
    ratio: float,
    groups: int,
) -> Proven:
    """Means with intervals of each trial, and tests between neighbours.

    Args:
        retrained: At least one trial, all on the same partitions.
        quality: The guide metric and which way is better.
        costs: Metrics to sort by, and to say what a step costs; see `costs_of`.
        ratio: Validation samples by training samples of a partition.
        groups: In the test part.
    """
    points = tuple(
        sorted(
            (_point(r, quality, costs, ratio, groups) for r in retrained),
            key=lambda p: (p.costs[costs[0]], quality.loss(_mean(p)), p.trial),
        )
    )
    return Proven(
        points, _steps(points, quality, ratio), _supported(points, quality, ratio).trial,
        min(points, key=lambda p: quality.loss(_mean(p)) if p.validation else float("inf")).trial,
    )  # fmt: skip


def _point(
    retrained: Retrained, quality: Objective, costs: Sequence[str], ratio: float, groups: int
) -> ConfirmedPoint:
    result = retrained.trial.result
    assert result is not None
    known = [value for value in retrained.values if value is not None]
    locked = tuple(None if s is None else metric_of(s, groups) for s in retrained.scores)
    # A ROC AUC is not defined where the test part holds one class only.
    scores = [
        score
        for score, value in zip(retrained.scores, locked, strict=True)
        if score is not None and value is not None and math.isfinite(value)
    ]
    test = bootstrap_estimate(scores, groups) if scores else None
    search = result.metrics[quality.metric]
    return ConfirmedPoint(
        trial=retrained.trial.number, costs={c: result.values()[c] for c in costs},
        search=search, values=retrained.values,
        validation=_estimate(known, ratio, 0.0),
        locked=tuple(v if v is not None and math.isfinite(v) else None for v in locked),
        test=test,
        optimism=None if test is None else quality.loss(test.mean) - quality.loss(search),
        failures=retrained.failures,
    )  # fmt: skip


def _steps(points: Sequence[ConfirmedPoint], quality: Objective, ratio: float) -> tuple[Step, ...]:
    compared = [p for p in points if p.validation is not None]
    pairs = [
        (cheaper, dearer, gains)
        for cheaper, dearer in pairwise(compared)
        if len(gains := _gains(cheaper, dearer, quality)) >= FEWEST
    ]
    ps = [corrected_p(gains, ratio) for *_, gains in pairs]
    steps = []
    for (cheaper, dearer, gains), p, adjusted in zip(pairs, ps, holm(ps), strict=True):
        gain = _estimate(gains, ratio, -1.0)
        assert gain is not None
        assert gain.interval is not None
        steps.append(
            Step(
                cheaper=cheaper.trial,
                dearer=dearer.trial,
                extra={c: dearer.costs[c] - cheaper.costs[c] for c in dearer.costs},
                gain=gain.mean,
                interval=gain.interval,
                partitions=len(gains),
                p=p,
                adjusted=adjusted,
            )
        )
    return tuple(steps)


def _supported(
    points: Sequence[ConfirmedPoint], quality: Objective, ratio: float
) -> ConfirmedPoint:
    """Climb from the cheapest point: on to a dearer one only where it is proven to be better.

    Each dearer point is compared once, with the one stood on, so Bonferroni's correction holds.
    """
    standing, *others = [p for p in points if p.validation is not None] or points
    for other in others:
        gains = _gains(standing, other, quality)
        if len(gains) < FEWEST or sum(gains) <= 0:
            continue
        if len(others) * corrected_p(gains, ratio) < LEVEL:
            standing = other
    return standing


def _gains(cheaper: ConfirmedPoint, dearer: ConfirmedPoint, quality: Objective) -> list[float]:
    """How much better the dearer one is, on each partition that both were trained on."""
    pairs = zip(cheaper.values, dearer.values, strict=True)
    return [
        quality.loss(low) - quality.loss(high)
        for low, high in pairs
        if low is not None and high is not None
    ]


def _estimate(values: Sequence[float], ratio: float, least: float) -> Estimate | None:
    """Of a quality, which lies between 0 and 1, or of differences between two."""
    if len(values) < FEWEST:
        return None
    return corrected_estimate(values, ratio, within=(least, 1.0))


def _mean(point: ConfirmedPoint) -> float:
    return point.search if point.validation is None else point.validation.mean
