"""What a config costs, and whether the constraints allow it, before any training."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from automed.domain.compression import Compression, least_share, with_compression
from automed.domain.config import Config
from automed.domain.cost import Cost
from automed.domain.errors import AutomedError, ConstraintError
from automed.domain.objective import COST_METRICS, LABELS, SCALES, Constraint
from automed.domain.space import SearchSpace
from automed.domain.study_spec import StudySpec
from automed.domain.suggestion import suggestion
from automed.domain.task import CLASSIFICATION_METRICS, SEGMENTATION_METRICS, AnyTask

CostOf = Callable[[Config], Cost]

LATENCY = "latency_ms"
"""The cost that only a finished file has."""

HOPELESS = 1000.0
"""Violation where there is no value to compare: worse than any price."""


@dataclass(frozen=True)
class Verdict:
    """The outcome of the screen.

    Attributes:
        cost: None where the config is excluded, or its model cannot be built.
        violations: By constraint, as a share of its bound; above 0 where it is broken.
        rejected: Why the config must not be trained; None: it may be.
    """

    cost: Cost | None
    violations: dict[str, float] = field(default_factory=dict)
    rejected: str | None = None

    @property
    def violation(self) -> float:
        """Sum of what is broken; 0 for a config that may be trained."""
        return sum(v for v in self.violations.values() if v > 0)


def screen(
    config: Config, space: SearchSpace, cost_of: CostOf, constraints: Sequence[Constraint]
) -> Verdict:
    """Judge a config by the space's exclusions, then by its predicted cost.

    Constraints on other metrics are left for later.
    """
    clashes = space.clashes(dict(config.items()))
    if clashes:
        return Verdict(None, {"excluded": HOPELESS}, "; ".join(clashes))
    try:
        cost = cost_of(config)
    except AutomedError as error:
        return Verdict(None, {"builds": HOPELESS}, error.problem)
    known, _ = split_constraints(constraints)
    values = cost.as_metrics()
    broken = broken_by(known, values)
    return Verdict(cost, violations_of(known, values), "; ".join(broken) or None)


def screen_family(config: Config, spec: StudySpec, cost_of: CostOf) -> Verdict:
    """Judge a config together with the children that ``--compress`` will make of its model.

    A model that breaks a constraint may be trained all the same, for the sake of a child that
    keeps it. A child that is sure to break it is not priced: pruning a model takes seconds.
    """
    space, constraints = spec.task.space, spec.constraints
    verdict = screen(config, space, cost_of, constraints)
    if verdict.rejected is None or verdict.cost is None:
        return verdict
    for compression in spec.compress:
        if not _may_keep(constraints, verdict.cost, compression):
            continue
        child = screen(with_compression(config, compression), space, cost_of, constraints)
        if child.rejected is None:
            return Verdict(verdict.cost, child.violations)
    return verdict


def _may_keep(constraints: Sequence[Constraint], cost: Cost, compression: Compression) -> bool:
    """Whether the least that a compression could leave of a model keeps all upper bounds."""
    known, _ = split_constraints(constraints)
    values = cost.as_metrics()
    return all(
        values[c.metric] * least_share(compression, c.metric) <= c.bound
        for c in known
        if c.kind == "at_most"
    )


def violations_of(
    constraints: Sequence[Constraint], values: Mapping[str, float]
) -> dict[str, float]:
    """Violations by constraint, as shares of the bounds, so that samplers may add them up."""
    found = {}
    for constraint in constraints:
        violation = constraint.violation(values.get(constraint.metric, math.nan))
        share = violation / (abs(constraint.bound) or 1.0)
        found[name_of(constraint)] = share if math.isfinite(share) else HOPELESS
    return found


def name_of(constraint: Constraint) -> str:
    """Under which its violations are kept."""
    return f"{constraint.metric} {constraint.kind.replace('_', ' ')}"


def split_constraints(
    constraints: Sequence[Constraint],
) -> tuple[list[Constraint], list[Constraint]]:
    """Those on costs, which the screen judges, and those that only a result can.

    The latter are on quality and latency.
    """
    costs = [c for c in constraints if c.metric in COST_METRICS]
    return costs, [c for c in constraints if c.metric not in COST_METRICS]


def check_constraints(
    constraints: Sequence[Constraint], task: AnyTask, artifact: Literal["onnx", "weights"]
) -> None:
    """Refuse a constraint on what no trial measures, and two bounds where one would do.

    Args:
        constraints: Of a study.
        task: Its task.
        artifact: What its trials leave: latencies are those of exported files.

    Raises:
        ConstraintError: Naming the metric.
    """
    kinds = {"segmentation": SEGMENTATION_METRICS, "classification": CLASSIFICATION_METRICS}
    known = (*COST_METRICS, LATENCY, *kinds[task.kind], *task.metrics)
    for number, constraint in enumerate(constraints):
        metric = constraint.metric
        if metric not in known:
            raise ConstraintError(
                f"there is no metric {metric!r} to constrain{suggestion(metric, known)}",
                expected=f"one of {', '.join(known)}",
            )
        if metric == LATENCY and artifact == "weights":
            raise ConstraintError(
                "--artifact weights leaves nothing whose latency could be measured",
                found=constraint.describe(),
                expected="--artifact onnx: the exported file is timed",
            )
        for other in constraints[:number]:
            if (other.metric, other.kind) == (metric, constraint.kind):
                raise ConstraintError(
                    f"{metric} is bounded twice",
                    found=f"{other.describe()}, and {constraint.describe()}",
                    expected="one bound of a kind",
                )


def broken_by(constraints: Sequence[Constraint], values: Mapping[str, float]) -> list[str]:
    """The constraints that a result breaks, in words; what was not measured breaks its own."""
    return [
        describe_broken(c, values)
        for c in constraints
        if not c.violation(values.get(c.metric, math.nan)) <= 0
    ]


def describe_broken(constraint: Constraint, values: Mapping[str, float]) -> str:
    """For example ``GFLOPs (MACs) 3.151, allowed: at most 2``."""
    metric = constraint.metric
    bound = constraint.bound / SCALES.get(metric, 1.0)
    allowed = f"{constraint.kind.replace('_', ' ')} {bound:g}"
    found = values.get(metric)
    shown = f"{metric} is not known" if found is None else in_units(metric, found)
    return f"{shown}, allowed: {allowed}"


def in_units(metric: str, value: float) -> str:
    """A metric as users read it, for example ``Size (MB) 12.3``."""
    return f"{LABELS.get(metric, metric)} {value / SCALES.get(metric, 1.0):.4g}"
