"""What can be refused of a search before an image is read."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from automed.domain.config import Config
from automed.domain.study_spec import StudySpec
from automed.search.probe import find_feasible
from automed.search.samplers.registry import check_fits, check_sampler
from automed.search.screen import CostOf, Verdict, check_constraints, screen_family
from automed.search.stoppers.registry import check_stopper


def _silent(done: int) -> None:
    del done


def check_settings(spec: StudySpec, cost_of: CostOf, tick: Callable[[int], None] = _silent) -> None:
    """Refuse settings that do not fit together, and limits that no config of the space can keep.

    Args:
        spec: The settings of a new study.
        cost_of: Predicts a config's cost.
        tick: Called with how many configs were priced so far.

    Raises:
        StudyError: The sampler or the stopper is unknown, or made for other settings.
        ConstraintError: A constraint is invalid, or nothing in the space can meet them all.
    """
    check_sampler(spec.sampler)
    check_fits(spec)
    check_stopper(spec.stopper, spec.brackets, spec.task.training.epochs)
    check_constraints(spec.constraints, spec.task, spec.artifact)
    numbers = count(1)

    def judge(config: Config) -> Verdict:
        verdict = screen_family(config, spec, cost_of)
        tick(next(numbers))
        return verdict

    find_feasible(spec, judge)
