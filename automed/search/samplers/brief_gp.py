"""Optuna's Gaussian processes, in a second however long the study is."""

from __future__ import annotations

from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import GPSampler
from optuna.trial import FrozenTrial, TrialState

MOST = 100
"""Complete trials that the sampler is shown, see `excerpt`: its time grows with their cube."""

STARTS = 3
DRAWN = 256
"""From how many places it then climbs, rather than 10, and how many it chooses them from, rather
than 2048. Below `MOST` trials both are left as optuna has them."""


class BriefGP(GPSampler):
    """Looks for its next config less thoroughly once it has been shown all that it may be.

    With few trials a suggestion takes longer than a second, but a study asks for few of those.
    """

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """As optuna's."""
        done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        if len(done) >= MOST:
            self._n_local_search, self._n_preliminary_samples = STARTS, DRAWN
        found: dict[str, Any] = super().sample_relative(study, trial, search_space)
        return found
