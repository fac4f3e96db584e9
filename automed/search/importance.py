"""Which parameters of a space decide how good a trial becomes: PED-ANOVA, as optuna has it."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.importance import PedAnovaImportanceEvaluator
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, create_trial

from automed.domain.config import Config
from automed.domain.space import SearchSpace
from automed.search.distributions import distributions_of

logging.getLogger("optuna.storages").setLevel(logging.WARNING)  # a line for each study else

FEWEST = 12
"""Trials below which nothing is said."""
MOST = 300
"""Trials that are looked at; of more, a sample: the answer hardly changes, the time does."""
SHUFFLES = 30
"""Drawings by lot. From ten, a mark varies by half of itself from seed to seed; from thirty, by a
quarter."""

_NAME = "importance"
_BEST = 5
"""Trials that are good, at least; PED-ANOVA's authors ask for as many."""
_QUANTILE = 0.1
"""Share of trials that are good, where there are enough."""


@dataclass(frozen=True)
class Importance:
    """How much a parameter decides.

    Attributes:
        key: Of the parameter.
        share: Of the importance of all parameters, in [0, 1].
        chance: The share that it hardly has where the good trials are drawn by lot, which is done
            `SHUFFLES` times: their mean and three standard deviations.
        trials: In how many trials it had an effect at all.
    """

    key: str
    share: float
    chance: float
    trials: int

    @property
    def above_chance(self) -> bool:
        """Whether it decides more than a parameter without effect would seem to."""
        return self.share > self.chance


def importances(
    configs: Sequence[Config], losses: NDArray[np.float64], space: SearchSpace, seed: int = 0
) -> tuple[Importance, ...]:
    """What tells the best trials from the others, parameter by parameter.

    Conditional parameters are judged by the trials in which they are active (conditional
    PED-ANOVA). The best trials are the best tenth, or the best five where that is more.

    Args:
        configs: Of trials with a result; keys outside the space are passed over.
        losses: Shape (trials, objectives), smaller is better. With one column the best trials are
            those with the smallest losses, with several those on and near the front.
        space: What varied.
        seed: Of the sample and the lots.

    Returns:
        The most important first; parameters that did not vary are left out. Nothing where fewer
        than `FEWEST` trials have finite losses.

    Raises:
        ValueError: There are not as many losses as configs.
    """
    if len(configs) != len(losses):
        raise ValueError(f"{len(configs)} configs, but {len(losses)} losses")
    rng = np.random.default_rng(seed)
    rows = np.flatnonzero(np.isfinite(losses).all(axis=1))
    if len(rows) < FEWEST:
        return ()
    if len(rows) > MOST:
        rows = np.sort(rng.choice(rows, MOST, replace=False))
    study = _study([configs[int(row)] for row in rows], losses[rows], space)
    varied = _varied(study)
    if not varied:
        return ()
    weigh = _weigher(study, list(varied))
    found = weigh(losses[rows, 0] if losses.shape[1] == 1 else None)
    lots = [weigh(rng.random(len(rows))) for _ in range(SHUFFLES)]
    total = sum(found.values()) or 1.0
    return tuple(
        Importance(key, value / total, _hardly([lot[key] for lot in lots]) / total, varied[key])
        for key, value in sorted(found.items(), key=lambda item: -item[1])
    )


def _hardly(values: Sequence[float]) -> float:
    return float(np.mean(values) + 3 * np.std(values))


def _study(configs: Sequence[Config], losses: NDArray[np.float64], space: SearchSpace) -> Study:
    """A study in memory; every objective is minimized."""
    distributions = distributions_of(space)
    storage = optuna.storages.InMemoryStorage()
    # Not by create_study, which tells the user's terminal of it.
    storage.create_new_study([StudyDirection.MINIMIZE] * losses.shape[1], _NAME)
    study = optuna.load_study(
        study_name=_NAME, storage=storage, sampler=optuna.samplers.RandomSampler()
    )
    study.add_trials([
        _trial(config, [float(v) for v in row], distributions, space)
        for config, row in zip(configs, losses, strict=True)
    ])  # fmt: skip
    for trial in study.get_trials(deepcopy=False):
        # The storage has made copies of them. To compare those anew in every drawing takes as long
        # as all the rest.
        trial.distributions = {key: distributions[key] for key in trial.params}
    return study


def _trial(
    config: Config,
    values: list[float],
    distributions: dict[str, optuna.distributions.BaseDistribution],
    space: SearchSpace,
) -> FrozenTrial:
    # A compressed child may hold keys, a trial of an edited space values, that are not in it.
    params = {
        key: value for key, value in config.items()
        if key in space.parameters and space.parameters[key].problem(value) is None
    }  # fmt: skip
    kept = {key: distributions[key] for key in params}
    return create_trial(params=params, distributions=kept, values=values)


def _varied(study: Study) -> dict[str, int]:
    """In how many trials each parameter is active that has more than one value."""
    counts: dict[str, int] = {}
    for trial in study.get_trials(deepcopy=False):
        for key, distribution in trial.distributions.items():
            if not distribution.single():
                counts[key] = counts.get(key, 0) + 1
    return counts


def _weigher(
    study: Study, keys: list[str]
) -> Callable[[NDArray[np.float64] | None], dict[str, float]]:
    """Importances for reaching the smallest of some values; None: the front."""
    count = len(study.get_trials(deepcopy=False))
    quantile = max(_QUANTILE, min(0.5, _BEST / count))
    evaluator = PedAnovaImportanceEvaluator(target_quantile=quantile)

    def weigh(values: NDArray[np.float64] | None) -> dict[str, float]:
        target = None if values is None else lambda trial: float(values[trial.number])
        with warnings.catch_warnings():
            # That small is good, which is what is meant, and that some regimes hold one trial.
            warnings.simplefilter("ignore", UserWarning)
            return evaluator.evaluate(study, keys, target=target)

    return weigh
