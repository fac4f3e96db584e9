"""What a trial was predicted to cost, beside what was measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from automed.domain.cost import Cost, Quantity
from automed.domain.trial import Trial


@dataclass(frozen=True)
class CostRow:
    """One kind of cost, in the unit that its name tells.

    Attributes:
        name: With the unit.
        predicted: Before any training; None: not predicted.
        measured: Of the finished model; None: not measured, or not yet.
    """

    name: str
    predicted: float | None
    measured: float | None

    @property
    def difference(self) -> float | None:
        """Of the measured one to the predicted one, in percent of that."""
        if self.predicted is None or self.measured is None or not self.predicted:
            return None
        return 100 * (self.measured - self.predicted) / self.predicted


_QUANTITIES: tuple[tuple[str, float, Callable[[Cost], Quantity | None]], ...] = (
    ("GFLOPs (MACs)", 1e9, lambda c: c.macs),
    ("Size (MB)", 1e6, lambda c: c.size_bytes),
    ("Parameters (M)", 1e6, lambda c: c.parameters),
    ("Size, zipped (MB)", 1e6, lambda c: c.zipped_bytes),
    ("Peak memory of training (MB)", 1e6, lambda c: c.peak_memory_bytes),
)


def cost_rows(trial: Trial) -> list[CostRow]:
    """The costs that are known of a trial, predicted, measured or both."""
    measured = trial.result.cost if trial.result is not None else None
    rows = [
        CostRow(name, _value(trial.predicted, pick, unit), _value(measured, pick, unit))
        for name, unit, pick in _QUANTITIES
    ]
    latency = None if measured is None else measured.latency
    if latency is not None:
        rows += [
            CostRow("Latency, median (ms)", None, latency.p50_ms),
            CostRow("Latency, 95th percentile (ms)", None, latency.p95_ms),
        ]
    return [row for row in rows if row.predicted is not None or row.measured is not None]


def _value(cost: Cost | None, pick: Callable[[Cost], Quantity | None], unit: float) -> float | None:
    quantity = None if cost is None else pick(cost)
    return None if quantity is None else quantity.value / unit
