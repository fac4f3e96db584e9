"""Optuna's samplers by name, with settings for budgets of tens to hundreds of trials."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, NSGAIISampler, QMCSampler, RandomSampler, TPESampler

from automed.domain.digest import derive_seed
from automed.domain.errors import StudyError
from automed.domain.study_spec import StudySpec
from automed.search.known import check_known

STARTUP_TRIALS = 10
"""Random trials before a model is trusted. No function of the budget: a study that is resumed
with a larger one must go on as if it had had it from the start."""

POPULATION = 12
"""Of NSGA-II. With optuna's 50 it is still drawing its random generation when budgets end."""

Distributions = Mapping[str, BaseDistribution]


def make_sampler(spec: StudySpec, distributions: Distributions, seed: int) -> BaseSampler:
    """A fresh sampler for one suggestion.

    Args:
        spec: Names the sampler; its seed is shared by all suggestions of a QMC sequence.
        distributions: Every parameter of the space, active or not.
        seed: For this suggestion alone.

    Raises:
        StudyError: There is no sampler of that name, or a package it needs is missing.
    """
    check_sampler(spec.sampler)
    with warnings.catch_warnings():
        # Optuna marks QMC as experimental.
        warnings.simplefilter("ignore", ExperimentalWarning)
        try:
            return SAMPLERS[spec.sampler](spec, distributions, seed)
        except ImportError as error:
            raise StudyError(
                f"the sampler {spec.sampler!r} needs a package that is missing",
                found=str(error),
                hint="install it, or choose another sampler, such as tpe",
            ) from error


def check_sampler(name: str) -> None:
    """Refuse a name that no sampler has.

    Raises:
        StudyError: Naming those there are.
    """
    check_known("sampler", name, SAMPLERS)


class FullSpaceQMC(QMCSampler):
    """Sobol points over all parameters, those without effect included and then ignored.

    Optuna's own covers only what the first trial happened to hold; whatever another branch of
    the conditions needs would be drawn at random.
    """

    def __init__(self, distributions: Distributions, **settings: Any) -> None:  # noqa: ANN401
        super().__init__(**settings)
        self._space = {k: d for k, d in distributions.items() if not d.single()}

    def infer_relative_search_space(
        self, study: optuna.Study, trial: optuna.trial.FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """All parameters that can vary, from the first trial on."""
        return dict(self._space)


def _tpe(spec: StudySpec, _: Distributions, seed: int) -> BaseSampler:
    return TPESampler(
        seed=seed,
        n_startup_trials=STARTUP_TRIALS,
        multivariate=True,
        constant_liar=spec.budget.workers > 1,
    )


def _random(_spec: StudySpec, _: Distributions, seed: int) -> BaseSampler:
    return RandomSampler(seed=seed)


def _nsga2(_spec: StudySpec, _: Distributions, seed: int) -> BaseSampler:
    return NSGAIISampler(seed=seed, population_size=POPULATION)


def _gp(_spec: StudySpec, _: Distributions, seed: int) -> BaseSampler:
    return optuna.samplers.GPSampler(
        seed=seed, n_startup_trials=STARTUP_TRIALS, warn_independent_sampling=False
    )


def _qmc(spec: StudySpec, distributions: Distributions, seed: int) -> BaseSampler:
    return FullSpaceQMC(
        distributions,
        scramble=True,
        seed=derive_seed(spec.seed, "qmc"),
        independent_sampler=RandomSampler(seed=seed),
        warn_independent_sampling=False,
    )


SAMPLERS: dict[str, Callable[[StudySpec, Distributions, int], BaseSampler]] = {
    "tpe": _tpe,
    "random": _random,
    "nsga2": _nsga2,
    "gp": _gp,
    "qmc": _qmc,
}
"""Samplers by the name that ``StudySpec.sampler`` holds."""
