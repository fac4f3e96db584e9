"""What a sampler may know besides the trials."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from optuna.distributions import BaseDistribution

from automed.domain.config import Config
from automed.domain.study_spec import StudySpec
from automed.search.screen import Verdict

Distributions = Mapping[str, BaseDistribution]


@dataclass(frozen=True)
class Context:
    """Everything that a sampler is made from, for one suggestion.

    Attributes:
        spec: The study's settings.
        distributions: Every parameter of the space, active or not.
        seed: For this suggestion alone.
        judge: The screen: what a config costs, and whether it may be trained. Up to half a second
            for a model that was not judged before.
    """

    spec: StudySpec
    distributions: Distributions
    seed: int
    judge: Callable[[Config], Verdict]
