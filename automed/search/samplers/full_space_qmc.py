"""Sobol points for conditional spaces."""

from __future__ import annotations

from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import QMCSampler, RandomSampler

from automed.domain.digest import derive_seed
from automed.search.samplers.context import Context, Distributions


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


def make_qmc(context: Context) -> FullSpaceQMC:
    """One scrambled sequence for the whole study: its seed is shared by all suggestions."""
    return FullSpaceQMC(
        context.distributions,
        scramble=True,
        seed=derive_seed(context.spec.seed, "qmc"),
        independent_sampler=RandomSampler(seed=context.seed),
        warn_independent_sampling=False,
    )
