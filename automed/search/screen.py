"""What a config costs, and whether the constraints allow it, before any training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from automed.domain.config import Config
from automed.domain.cost import Cost
from automed.domain.errors import AutomedError
from automed.domain.objective import COST_METRICS, LABELS, SCALES, Constraint

CostOf = Callable[[Config], Cost]

UNBUILDABLE = 1000.0
"""Violation of a config that no model can be built from: worse than any price."""


@dataclass(frozen=True)
class Verdict:
    """The outcome of the screen.

    Attributes:
        cost: None where the model cannot be built.
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


def screen(config: Config, cost_of: CostOf, constraints: Sequence[Constraint]) -> Verdict:
    """Judge a config by its predicted cost. Constraints on other metrics are left for later."""
    try:
        cost = cost_of(config)
    except AutomedError as error:
        return Verdict(None, {"builds": UNBUILDABLE}, error.problem)
    known = [c for c in constraints if c.metric in COST_METRICS]
    values = cost.as_metrics()
    broken = [describe_broken(c, values) for c in known if c.violation(values[c.metric]) > 0]
    return Verdict(cost, violations_of(known, values), "; ".join(broken) or None)


def violations_of(
    constraints: Sequence[Constraint], values: Mapping[str, float]
) -> dict[str, float]:
    """Violations by constraint, as shares of the bounds, so that samplers may add them up."""
    return {
        f"{c.metric} {c.kind.replace('_', ' ')}": c.violation(values[c.metric])
        / (abs(c.bound) or 1.0)
        for c in constraints
        if c.metric in values
    }


def describe_broken(constraint: Constraint, values: Mapping[str, float]) -> str:
    """For example ``GFLOPs (MACs) 3.151, allowed: at most 2``."""
    metric = constraint.metric
    bound = constraint.bound / SCALES.get(metric, 1.0)
    allowed = f"{constraint.kind.replace('_', ' ')} {bound:g}"
    return f"{in_units(metric, values[metric])}, allowed: {allowed}"


def in_units(metric: str, value: float) -> str:
    """A metric as users read it, for example ``Size (MB) 12.3``."""
    return f"{LABELS.get(metric, metric)} {value / SCALES.get(metric, 1.0):.4g}"
