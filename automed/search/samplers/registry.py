"""Samplers by name, with settings for budgets of tens to hundreds of trials."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

from optuna.exceptions import ExperimentalWarning
from optuna.samplers import (
    BaseSampler,
    BruteForceSampler,
    NSGAIIISampler,
    NSGAIISampler,
    RandomSampler,
    TPESampler,
)
from optuna.trial import FrozenTrial

from automed.domain.compression import PREFIX
from automed.domain.errors import StudyError
from automed.domain.study_spec import StudySpec
from automed.domain.task import AnyTask
from automed.search.known import check_known
from automed.search.samplers.brief_gp import MOST, BriefGP
from automed.search.samplers.context import Context
from automed.search.samplers.ehvi import ExactCostEHVI
from automed.search.samplers.excerpt import excerpt
from automed.search.samplers.full_space_qmc import make_qmc
from automed.search.samplers.outside import HUB, outside_sampler, registered
from automed.search.samplers.price_list import PriceList

STARTUP_TRIALS = 10
"""Random trials before a model is trusted. No function of the budget: a study that is resumed
with a larger one must go on as if it had had it from the start."""

POPULATION = 12
"""Of NSGA-II and III. With optuna's 50 they still draw random generations when budgets end."""


def make_sampler(context: Context) -> BaseSampler:
    """A fresh sampler for one suggestion.

    Raises:
        PluginError: It is another package's, and broken.
        StudyError: There is no sampler of that name, or a package it needs is missing.
    """
    name = context.spec.sampler
    with warnings.catch_warnings():
        # Optuna marks some samplers as experimental.
        warnings.simplefilter("ignore", ExperimentalWarning)
        try:
            return SAMPLERS[name](context) if name in SAMPLERS else outside_sampler(context)
        except ImportError as error:
            raise StudyError(
                f"the sampler {name!r} needs a package that is missing",
                found=str(error),
                hint="install it, or choose another sampler, such as tpe",
            ) from error


def check_sampler(name: str) -> None:
    """Refuse a name that no sampler has.

    Raises:
        StudyError: Naming those there are.
    """
    if name not in SAMPLERS and not name.startswith(HUB):
        check_known("sampler", name, [*SAMPLERS, *registered()])


def check_fits(spec: StudySpec) -> None:
    """Refuse a sampler that cannot serve a study.

    Raises:
        StudyError: Saying why, and what to do.
    """
    if spec.sampler == "ehvi":
        PriceList(spec)
    real = spec.task.space.real_valued
    if spec.sampler == "grid" and real:
        raise StudyError(
            "the sampler 'grid' needs a space that can be counted",
            found=f"real numbers: {', '.join(real)}",
            hint=f"give each a list of values, such as --set {real[0]}=..., or use --sampler qmc",
        )


def shown_to(spec: StudySpec, trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """What a study's sampler sees of the trials: all of them, where it can bear that.

    Ours chooses on its own what its model learns from, and draws from all.
    """
    return excerpt(trials, spec.task, MOST) if spec.sampler == "gp" else list(trials)


def default_sampler(task: AnyTask) -> str:
    """The sampler for those who name none: ours, where all but one objective are exact costs.

    And where costs are quickly had: how far a model can be pruned takes seconds to say.
    """
    compressed = any(key.startswith(PREFIX) for key in task.space.parameters)
    return "ehvi" if len(task.uncertain) == 1 and task.certain and not compressed else "tpe"


def _tpe(context: Context) -> BaseSampler:
    return TPESampler(
        seed=context.seed,
        n_startup_trials=STARTUP_TRIALS,
        multivariate=True,
        constant_liar=context.spec.budget.workers > 1,
    )


def _gp(context: Context) -> BaseSampler:
    return BriefGP(
        seed=context.seed, n_startup_trials=STARTUP_TRIALS, warn_independent_sampling=False
    )


SAMPLERS: dict[str, Callable[[Context], BaseSampler]] = {
    "ehvi": ExactCostEHVI,
    "tpe": _tpe,
    "gp": _gp,
    "nsga2": lambda c: NSGAIISampler(seed=c.seed, population_size=POPULATION),
    "nsga3": lambda c: NSGAIIISampler(seed=c.seed, population_size=POPULATION),
    "qmc": make_qmc,
    "random": lambda c: RandomSampler(seed=c.seed),
    "grid": lambda c: BruteForceSampler(seed=c.seed),
}
"""Samplers by the name that ``StudySpec.sampler`` holds; see `outside` for others."""
