"""The next config of a study that no earlier trial had."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence

from optuna.samplers import BaseSampler, RandomSampler
from optuna.trial import FrozenTrial

from automed.domain.config import Config, Value
from automed.domain.digest import derive_seed
from automed.domain.study_spec import StudySpec
from automed.domain.task import Baseline
from automed.search.baselines import baselines_of
from automed.search.distributions import distributions_of
from automed.search.enqueued import waiting, whole_config
from automed.search.enumeration import configs_of
from automed.search.family import wishes_of
from automed.search.feasible import made_feasible
from automed.search.probe import find_feasible
from automed.search.record import REJECTED, config_of
from automed.search.samplers.context import Context
from automed.search.samplers.registry import make_sampler, shown_to
from automed.search.screen import Verdict
from automed.search.shadow import Proposal, Shadow
from automed.search.told import Told
from automed.search.warm_start import Prior
from automed.search.warm_start_told import WarmTrials

ATTEMPTS = 20
"""How often the sampler is asked, with another seed each time, before a duplicate counts."""

RANDOM_DRAWS = 200
COUNTABLE = 5000
"""Spaces of at most this many configs are listed, to find the last ones that are left."""

HELP_AFTER = 10
"""Rejected configs in a row after which the next one is made feasible. In a corner of the space
that only one config in a hundred lies in, a sampler alone would find none for a long time."""

Key = tuple[tuple[str, Value], ...]
Judge = Callable[[Config], Verdict]


class Proposer:
    """Baselines first, then what the user enqueued, then the sampler.

    A function of the study's seed, its history and what it began with.

    Args:
        spec: The study's settings.
        judge: The screen.
        prior: Another study's trials that the sampler hears of as well.
    """

    def __init__(self, spec: StudySpec, judge: Judge, prior: Prior | None = None) -> None:
        self._judge = judge
        self._spec = spec
        self._told = Told(spec)
        self._warm = WarmTrials(spec, prior)
        self._distributions = distributions_of(spec.task.space)
        baselines = baselines_of(spec.task)
        self.baselines = baselines.configs
        """The configs to try first, by name."""
        self.named = {name: f"the baseline {name!r}" for name in self.baselines}
        """How to speak of the configs that were not the sampler's idea."""
        self.named |= {e.name: f"the enqueued config {e.name!r}" for e in spec.enqueued}
        self.notes = (*baselines.notes, *([] if prior is None else [prior.describe()]))
        """Which baselines were left out and why, and what another study's trials are for."""

    def propose(self, history: Sequence[FrozenTrial], number: int) -> Proposal | None:
        """The next config; None where none is left that is new and allowed.

        Args:
            history: The trials so far, in order.
            number: Of the trial that is to come.

        Raises:
            ConstraintError: No config can be found that meets the constraints.
        """
        seen = {_key(config_of(trial)) for trial in history}
        seen |= {_key(wish) for trial in history for wish in wishes_of(trial)}
        task = self._spec.task
        told = self._told(history)
        shown = shown_to(self._spec, [*self._warm(told), *told])
        shadow = Shadow(task.space, task.objectives, shown)
        for name, config in self.baselines.items():
            if _key(config) not in seen:
                return shadow.ask(self._sampler(number, 0), name, fixed=config)
        for entry in waiting(self._spec, history):
            if (asked := self._enqueued(entry, shadow, seen, number)) is not None:
                return asked
        base = self._base(history, number)
        for sampler, origin in self._samplers(number):
            proposal = shadow.ask(sampler, origin)
            if base is not None and self._judge(proposal.config).rejected is not None:
                space = self._spec.task.space
                helped = made_feasible(proposal.config, base, space, self._judge)
                proposal = shadow.ask(sampler, origin, fixed=helped)
            if _key(proposal.config) not in seen:
                return proposal
        return self._leftover(shadow, seen, number)

    def _enqueued(
        self, entry: Baseline, shadow: Shadow, seen: set[Key], number: int
    ) -> Proposal | None:
        """An entry as it is, or with the rest drawn; None where all that was drawn was tried."""
        whole = whole_config(entry, self._spec)
        if whole is not None:
            return shadow.ask(self._sampler(number, 0), entry.name, fixed=whole)
        refused = None
        for sampler, _ in itertools.islice(self._samplers(number), ATTEMPTS):
            proposal = shadow.ask(sampler, entry.name, fixed=Config(entry.config))
            if _key(proposal.config) in seen:
                continue
            if self._judge(proposal.config).rejected is None:
                return proposal
            refused = refused or proposal
        return refused

    def _base(self, history: Sequence[FrozenTrial], number: int) -> Config | None:
        """A feasible config to help out with, where too many in a row were none."""
        if rejected_in_a_row(history) < HELP_AFTER:
            return None
        accepted = [trial for trial in history if REJECTED not in trial.user_attrs]
        if not accepted:
            return find_feasible(self._spec, self._judge)
        chosen = derive_seed(self._spec.seed, "base", number) % len(accepted)
        return Config(accepted[chosen].params)

    def _samplers(self, number: int) -> Iterator[tuple[BaseSampler, str]]:
        for attempt in range(ATTEMPTS):
            yield self._sampler(number, attempt), self._spec.sampler
        for draw in range(RANDOM_DRAWS):
            yield RandomSampler(derive_seed(self._spec.seed, "random", number, draw)), "random"

    def _sampler(self, number: int, attempt: int) -> BaseSampler:
        seed = derive_seed(self._spec.seed, "ask", number, attempt)
        return make_sampler(Context(self._spec, self._distributions, seed, self._judge))

    def _leftover(self, shadow: Shadow, seen: set[Key], number: int) -> Proposal | None:
        configs = configs_of(self._spec.task.space, at_most=COUNTABLE) or []
        left = [config for config in configs if _key(config) not in seen]
        random.Random(derive_seed(self._spec.seed, "leftover", number)).shuffle(left)
        for config in left:
            if self._judge(config).rejected is None:
                return shadow.ask(self._sampler(number, 0), "leftover", fixed=config)
        return None


def rejected_in_a_row(history: Sequence[FrozenTrial]) -> int:
    """How many of the latest trials the screen rejected."""
    rejected = (REJECTED in trial.user_attrs for trial in reversed(history))
    return sum(1 for _ in itertools.takewhile(bool, rejected))


def _key(config: Config) -> Key:
    # Values, not the digest: 0.0 and -0.0 are one config.
    return tuple(config.items())
