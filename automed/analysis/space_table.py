"""A search space as rows of a table, beside the one that it was made from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from automed.analysis.slices import spelled_value
from automed.domain.config import Value
from automed.domain.exclusion import spelled
from automed.domain.parameter import CategoricalParameter, Parameter
from automed.domain.space import SearchSpace
from automed.domain.trial import Trial


@dataclass(frozen=True)
class SpaceRow:
    """One parameter.

    Attributes:
        key: The parameter.
        domain: Its values in one line.
        state: ``free``, ``fixed``, ``narrowed`` from the original space, or ``added`` to it.
        before: The domain in the original space, where it is another one; else empty.
        when: Where it has an effect; empty: everywhere.
        paper: The values that a paper used.
        barred: Choices that cannot go with others, a sentence each.
        tried: How many of its values were proposed, or between which bounds.
    """

    key: str
    domain: str
    state: str
    before: str
    when: str
    paper: str
    barred: tuple[str, ...]
    tried: str


def space_rows(
    space: SearchSpace, original: SearchSpace | None, trials: Sequence[Trial]
) -> tuple[SpaceRow, ...]:
    """Every parameter of a space, in its order.

    Args:
        space: The study's.
        original: The task's own, before the flags of the command line; None: not known.
        trials: Of the study, rejected ones included.
    """
    tried: dict[str, list[Value]] = defaultdict(list)
    for trial in trials:
        for key, value in trial.config.items():
            tried[key].append(value)
    return tuple(
        _row(key, parameter, original, tried[key]) for key, parameter in space.parameters.items()
    )


def left_out(space: SearchSpace, original: SearchSpace | None) -> tuple[str, ...]:
    """Parameters of the original space that never have an effect in this one."""
    if original is None or original.name != space.name:
        return ()
    return tuple(key for key in original.parameters if key not in space.parameters)


def _row(
    key: str, parameter: Parameter, original: SearchSpace | None, tried: Sequence[Value]
) -> SpaceRow:
    known = None if original is None else original.parameters.get(key)
    domain = parameter.describe()
    before = "" if known is None or known.describe() == domain else known.describe()
    return SpaceRow(
        key=key,
        domain=domain,
        state=_state(parameter, original, known, before),
        before=before,
        when=spelled(parameter.when),
        paper=", ".join(map(spelled_value, parameter.paper)),
        barred=_barred(parameter),
        tried=_tried(parameter, tried),
    )


def _state(
    parameter: Parameter, original: SearchSpace | None, known: Parameter | None, before: str
) -> str:
    if parameter.count() == 1:
        return "fixed"
    if original is not None and known is None:
        return "added"
    return "narrowed" if before else "free"


def _barred(parameter: Parameter) -> tuple[str, ...]:
    if not isinstance(parameter, CategoricalParameter):
        return ()
    sentences = []
    for exclusion in parameter.exclude:
        names = ", ".join(map(spelled_value, exclusion.choices))
        where = f" where {spelled(exclusion.when)}" if exclusion.when else ""
        only = f" unless {spelled(exclusion.unless)}" if exclusion.unless else ""
        sentences.append(f"without {names}{where}{only}")
    return tuple(sentences)


def _tried(parameter: Parameter, tried: Sequence[Value]) -> str:
    if not tried:
        return "none"
    count = parameter.count()
    if count is not None:
        return f"{len(set(tried))} of {count}"
    numbers = [float(value) for value in tried]
    return f"{min(numbers):.3g} to {max(numbers):.3g}"
