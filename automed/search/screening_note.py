"""What to tell a user whose constraints leave next to nothing of the space."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from optuna.trial import FrozenTrial

from automed.domain.objective import Constraint
from automed.search.record import CONSTRAINT, PARENT, REJECTED, config_of, predicted_of
from automed.search.screen import in_units, name_of, split_constraints

ENOUGH = 30
"""Proposals before anything is said."""
MOST = 0.9
"""Share of rejected ones from which on it is said."""


def screening_note(history: Sequence[FrozenTrial], constraints: Sequence[Constraint]) -> str | None:
    """Which constraints reject nearly all proposals, and what the cheapest ones would cost.

    Args:
        history: The study's trials.
        constraints: Its constraints.

    Returns:
        None where enough proposals pass, or few were made.
    """
    proposed = [trial for trial in history if PARENT not in trial.user_attrs]
    rejected = [trial for trial in proposed if REJECTED in trial.user_attrs]
    if len(proposed) < ENOUGH or len(rejected) < MOST * len(proposed):
        return None
    known, _ = split_constraints(constraints)
    why = ", ".join(_counts(rejected, known))
    found = "; ".join(price for c in known if (price := _best(proposed, c)))
    return f"{len(rejected)} of {len(proposed)} proposals were rejected unseen: {why}" + (
        f"; {found}" if found else ""
    )


def _counts(rejected: Sequence[FrozenTrial], known: Sequence[Constraint]) -> Iterator[str]:
    """For example ``38 break GFLOPs (MACs) at most 1``, most first."""
    words = {CONSTRAINT + name_of(c): f"break {c.describe()}" for c in known}
    words |= {
        f"{CONSTRAINT}excluded": "are excluded by the space",
        f"{CONSTRAINT}builds": "cannot be built",
    }
    counts = {
        text: sum(trial.system_attrs.get(key, 0) > 0 for trial in rejected)
        for key, text in words.items()
    }
    for text, count in sorted(counts.items(), key=lambda item: -item[1]):
        if count:
            yield f"{count} {text}"


def _best(proposed: Sequence[FrozenTrial], constraint: Constraint) -> str | None:
    """What comes closest to a constraint, or keeps it best, and which config that is."""
    priced = [
        (cost.as_metrics()[constraint.metric], trial)
        for trial in proposed
        if (cost := predicted_of(trial)) is not None
    ]
    if not priced:
        return None
    value, trial = min(priced, key=lambda pair: constraint.violation(pair[0]))
    config = config_of(trial)
    model = ", ".join(f"{k}={v}" for k, v in config.items() if k.startswith("model."))
    least = "cheapest" if constraint.kind == "at_most" else "largest"
    return (
        f"the {least} seen has {in_units(constraint.metric, value)} "
        f"(trial {trial.number}{f': {model}' if model else ''})"
    )
