"""The next config of a study that no earlier trial had."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from optuna.samplers import BaseSampler, RandomSampler
from optuna.trial import FrozenTrial

from automed.domain.config import Config, Value
from automed.domain.digest import derive_seed
from automed.domain.study_spec import StudySpec
from automed.search.baselines import baselines_of
from automed.search.distributions import distributions_of
from automed.search.enumeration import configs_of
from automed.search.samplers import make_sampler
from automed.search.shadow import Proposal, Shadow

ATTEMPTS = 20
"""How often the sampler is asked, with another seed each time, before a duplicate counts."""

RANDOM_DRAWS = 200
COUNTABLE = 5000
"""Spaces of at most this many configs are listed, to find the last ones that are left."""

Key = tuple[tuple[str, Value], ...]


class Proposer:
    """Baselines first, then the sampler; a function of the study's seed and its history.

    Args:
        spec: The study's settings.
    """

    def __init__(self, spec: StudySpec) -> None:
        self._spec = spec
        self._distributions = distributions_of(spec.task.space)
        baselines = baselines_of(spec.task)
        self.baselines = baselines.configs
        """The configs to try first, by name."""
        self.notes = baselines.notes
        """Which baselines were left out and why."""

    def propose(self, history: Sequence[FrozenTrial], number: int) -> Proposal | None:
        """The next config; None where every config of the space has had its trial.

        Args:
            history: The trials so far, in order.
            number: Of the trial that is to come.
        """
        seen = {_key(Config(trial.params)) for trial in history}
        shadow = Shadow(self._spec.task.space, self._spec.task.objectives, history)
        for name, config in self.baselines.items():
            if _key(config) not in seen:
                return shadow.ask(self._sampler(number, 0), name, fixed=config)
        for sampler, origin in self._samplers(number):
            proposal = shadow.ask(sampler, origin)
            if _key(proposal.config) not in seen:
                return proposal
        return self._leftover(shadow, seen, number)

    def _samplers(self, number: int) -> Iterator[tuple[BaseSampler, str]]:
        for attempt in range(ATTEMPTS):
            yield self._sampler(number, attempt), self._spec.sampler
        for draw in range(RANDOM_DRAWS):
            yield RandomSampler(derive_seed(self._spec.seed, "random", number, draw)), "random"

    def _sampler(self, number: int, attempt: int) -> BaseSampler:
        seed = derive_seed(self._spec.seed, "ask", number, attempt)
        return make_sampler(self._spec, self._distributions, seed)

    def _leftover(self, shadow: Shadow, seen: set[Key], number: int) -> Proposal | None:
        configs = configs_of(self._spec.task.space, at_most=COUNTABLE) or []
        left = [config for config in configs if _key(config) not in seen]
        if not left:
            return None
        chosen = left[derive_seed(self._spec.seed, "leftover", number) % len(left)]
        return shadow.ask(self._sampler(number, 0), "leftover", fixed=chosen)


def _key(config: Config) -> Key:
    # Values, not the digest: 0.0 and -0.0 are one config.
    return tuple(config.items())
