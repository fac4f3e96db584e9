"""Stoppers by name."""

from __future__ import annotations

from collections.abc import Callable

from automed.domain.study_spec import StudySpec
from automed.search.known import check_known
from automed.search.stoppers.dominance import Dominance
from automed.search.stoppers.halving import Halving
from automed.search.stoppers.median import Median
from automed.search.stoppers.stopper import NoStopper, Stopper


def make_stopper(spec: StudySpec) -> Stopper:
    """The stopper that a study names.

    Raises:
        StudyError: There is none of that name.
    """
    check_stopper(spec.stopper)
    return STOPPERS[spec.stopper](spec)


def check_stopper(name: str) -> None:
    """Refuse a name that no stopper has.

    Raises:
        StudyError: Naming those there are.
    """
    check_known("stopper", name, STOPPERS)


def _halving(spec: StudySpec) -> Stopper:
    reference = spec.task.quality.reference
    floor = 0.0 if reference is None else -spec.task.quality.loss(reference)
    return Halving(epochs=spec.task.training.epochs, floor=floor)


STOPPERS: dict[str, Callable[[StudySpec], Stopper]] = {
    "none": lambda _: NoStopper(),
    "halving": _halving,
    "dominance": lambda _: Dominance(),
    "median": lambda _: Median(),
}
"""Stoppers by the name that ``StudySpec.stopper`` holds."""
