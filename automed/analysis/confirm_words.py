"""What a confirmation says, in sentences."""

from __future__ import annotations

from automed.domain.bundle import Interval
from automed.domain.confirmation import Confirmation, Estimate, Step
from automed.domain.objective import SCALES

_UNITS = {
    "macs": "GFLOPs",
    "size_bytes": "MB",
    "parameters": "M parameters",
    "latency_ms": "ms",
}


def step_words(step: Step, confirmation: Confirmation) -> str:
    """Such as ``3 to 7: 0.5 GFLOPs more buys +.012 Dice (-.004 to .028): not significant``."""
    better = step.gain >= 0
    does = "buys" if better else "loses"
    label = confirmation.quality.label
    gain = f"{does} {signed(step.gain)} {label} ({_range(step.interval)})"
    return f"{step.cheaper} to {step.dearer}: {_extra(step)} {gain}: {_verdict(step)}"


def verdict_words(confirmation: Confirmation) -> str:
    """What to take along, and why."""
    supported, best = confirmation.supported, confirmation.best
    if len(confirmation.points) == 1:
        return f"Trial {supported} was confirmed alone: there is nothing to compare it with."
    if supported == confirmation.points[0].trial:
        told = (
            f"Trial {supported} is the cheapest, and none dearer is proven to be better: take it."
        )
    else:
        told = (
            f"Trial {supported} is proven to be better than cheaper ones, and none dearer is "
            "proven to be better still: take it."
        )
    if supported == best:
        return f"{told} It has the best mean, too."
    return (
        f"{told} Trial {best} has the best mean, but what it adds may be chance; more partitions "
        "may tell."
    )


def interval_words(estimate: Estimate | None) -> str:
    """``.842 (.811 to .873)``; empty where nothing is known."""
    if estimate is None:
        return ""
    if estimate.interval is None:
        return short(estimate.mean)
    return f"{short(estimate.mean)} ({_range(estimate.interval)})"


def short(value: float) -> str:
    """Three decimals without the leading zero: ``.842``."""
    text = f"{value:.3f}"
    text = text.replace("-0.000", "0.000")
    return text.replace("0.", ".", 1) if abs(float(text)) < 1 else text


def signed(value: float) -> str:
    """`short` with a plus where the value is not negative."""
    text = short(value)
    return text if text.startswith("-") else f"+{text}"


def cost_unit(metric: str) -> str:
    """``GFLOPs`` for ``macs``."""
    return _UNITS.get(metric, metric)


def cost_text(metric: str, value: float) -> str:
    """A cost in its unit, such as ``0.190``."""
    return f"{value / SCALES.get(metric, 1.0):.3f}"


def _range(interval: Interval) -> str:
    return f"{short(interval.low)} to {short(interval.high)}"


def _extra(step: Step) -> str:
    """What the step costs: ``0.5 GFLOPs more and 2.000 MB less``."""
    told = []
    for metric, extra in step.extra.items():
        amount = cost_text(metric, abs(extra))
        if float(amount):
            told.append(f"{amount} {cost_unit(metric)} {'more' if extra > 0 else 'less'}")
    return " and ".join(told) if told else "at the same cost"


def _verdict(step: Step) -> str:
    p = "p < .001" if step.adjusted < 0.001 else f"p {short(step.adjusted)}"
    if step.significant:
        return f"significant, {p}"
    alone = step.interval.low > 0 or step.interval.high < 0
    return f"not significant, {p}" + (" for all steps together" if alone else "")
