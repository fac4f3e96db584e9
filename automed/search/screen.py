"""What a config costs, and whether the constraints allow it, before any training."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from automed.domain.compression import with_compression
from automed.domain.config import Config
from automed.domain.cost import Cost
from automed.domain.errors import AutomedError, ConstraintError
from automed.domain.objective import COST_METRICS, LABELS, SCALES, Constraint
from automed.domain.space import SearchSpace
from automed.domain.study_spec import StudySpec
from automed.domain.suggestion import suggestion
from automed.domain.task import CLASSIFICATION_METRICS, SEGMENTATION_METRICS

CostOf = Callable[[Config], Cost]

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
    broken = [describe_broken(c, values) for c in known if c.violation(values[c.metric]) > 0]
    return Verdict(cost, violations_of(known, values), "; ".join(broken) or None)


def screen_family(config: Config, spec: StudySpec, cost_of: CostOf) -> Verdict:
    """Judge a config together with the children that ``--compress`` will make of its model.

    A model that breaks a constraint may be trained all the same, for the sake of a child that
    keeps it.
    """
    space, constraints = spec.task.space, spec.constraints
    verdict = screen(config, space, cost_of, constraints)
    if verdict.rejected is None or verdict.cost is None:
        return verdict
    for compression in spec.compress:
        child = screen(with_compression(config, compression), space, cost_of, constraints)
        if child.rejected is None:
            return Verdict(verdict.cost, child.violations)
    return verdict


def violations_of(
    constraints: Sequence[Constraint], values: Mapping[str, float]
) -> dict[str, float]:
    """Violations by constraint, as shares of the bounds, so that samplers may add them up."""
    found = {}
    for constraint in constraints:
        violation = constraint.violation(values.get(constraint.metric, math.nan))
        share = violation / (abs(constraint.bound) or 1.0)
        name = f"{constraint.metric} {constraint.kind.replace('_', ' ')}"
        found[name] = share if math.isfinite(share) else HOPELESS
    return found


def split_constraints(
    constraints: Sequence[Constraint],
) -> tuple[list[Constraint], list[Constraint]]:
    """Those on costs, which the screen judges, and those on quality, which only a result can."""
    costs = [c for c in constraints if c.metric in COST_METRICS]
    return costs, [c for c in constraints if c.metric not in COST_METRICS]


def check_constraints(spec: StudySpec) -> None:
    """Refuse a constraint on what no trial measures.

    Raises:
        ConstraintError: Naming the metric.
    """
    kinds = {"segmentation": SEGMENTATION_METRICS, "classification": CLASSIFICATION_METRICS}
    known = (*COST_METRICS, *kinds[spec.task.kind])
    for constraint in spec.constraints:
        if constraint.metric not in known:
            raise ConstraintError(
                f"there is no metric {constraint.metric!r} to constrain"
                f"{suggestion(constraint.metric, known)}",
                expected=f"one of {', '.join(known)}",
            )


def describe_broken(constraint: Constraint, values: Mapping[str, float]) -> str:
    """For example ``GFLOPs (MACs) 3.151, allowed: at most 2``."""
    metric = constraint.metric
    bound = constraint.bound / SCALES.get(metric, 1.0)
    allowed = f"{constraint.kind.replace('_', ' ')} {bound:g}"
    return f"{in_units(metric, values[metric])}, allowed: {allowed}"


def in_units(metric: str, value: float) -> str:
    """A metric as users read it, for example ``Size (MB) 12.3``."""
    return f"{LABELS.get(metric, metric)} {value / SCALES.get(metric, 1.0):.4g}"
