"""Stoppers by name."""

from __future__ import annotations

from collections.abc import Callable

from automed.domain.errors import StudyError
from automed.domain.study_spec import StudySpec
from automed.search.known import check_known
from automed.search.stoppers.brackets import Brackets, most_brackets
from automed.search.stoppers.dominance import Dominance
from automed.search.stoppers.halving import Halving
from automed.search.stoppers.median import Median
from automed.search.stoppers.stopper import NoStopper, Stopper


def make_stopper(spec: StudySpec) -> Stopper:
    """The stopper that a study names.

    Raises:
        StudyError: There is none of that name.
    """
    check_stopper(spec.stopper, spec.brackets, spec.task.training.epochs)
    return STOPPERS[spec.stopper](spec)


def default_stopper(sampler: str) -> str:
    """What suits searches that nobody said more about.

    On 220 real configs, ``dominance`` needed the least compute for a front and lost nothing of it:
    ``benchmarks/results/search_efficiency.md``. A grid is there to be compared whole.

    Args:
        sampler: Of the study.
    """
    return "none" if sampler == "grid" else "dominance"


def check_stopper(name: str, brackets: int, epochs: int) -> None:
    """Refuse a name that no stopper has, and brackets that there are no rungs for.

    Args:
        name: Of the stopper.
        brackets: Among which it shares trainings out.
        epochs: Of a whole training.

    Raises:
        StudyError: Naming what there is.
    """
    check_known("stopper", name, STOPPERS)
    if brackets > 1 and name != "halving":
        raise StudyError(
            f"the stopper {name!r} has no brackets",
            found=f"--brackets {brackets}",
            hint="--stopper halving has; or leave --brackets out",
        )
    most = most_brackets(epochs)
    if not 1 <= brackets <= most:
        raise StudyError(
            f"trainings of {epochs} epochs cannot be shared out among {brackets} brackets",
            expected=f"1 to {most}: each leaves out one more rung, the last all of them",
            hint=f"--brackets {most}, or more --epochs",
        )


def _halving(spec: StudySpec) -> Stopper:
    reference = spec.task.quality.reference
    floor = 0.0 if reference is None else -spec.task.quality.loss(reference)
    halving = Halving(epochs=spec.task.training.epochs, floor=floor)
    return halving if spec.brackets == 1 else Brackets(halving, spec.brackets)


STOPPERS: dict[str, Callable[[StudySpec], Stopper]] = {
    "none": lambda _: NoStopper(),
    "halving": _halving,
    "dominance": lambda spec: Dominance(spec.task.training.epochs),
    "median": lambda _: Median(),
}
"""Stoppers by the name that ``StudySpec.stopper`` holds."""
