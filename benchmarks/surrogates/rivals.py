"""What a user would run instead, each as its documentation shows it, one worker, against a table.

Ray Tune's and Syne Tune's searchers and schedulers are their own classes, driven by hand: what a
trainable reports comes from the table, and no time passes. Models that a scheduler stopped are
counted with the quality that they had come to, for the user has them.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import optuna
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler
from surrogates.simulated import Course
from surrogates.table import COSTS, Table

from automed.domain.config import Config
from automed.search.distributions import distributions_of, suggest

GRACE, REDUCTION = 3, 3


def optuna_search(
    table: Table, seed: int, epochs: int, sampler: Callable[[int], BaseSampler]
) -> Course:
    """``study.optimize`` of three objectives, whole trainings: optuna cannot stop any."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        directions=["maximize", *["minimize"] * len(COSTS)], sampler=sampler(seed)
    )
    course, spent = Course(table), 0
    while spent + table.epochs <= epochs:
        trial = study.ask()
        config = drawn(table, trial)
        quality = table.best_by(config, table.epochs)
        study.tell(trial, [quality, *costs_of(table, config)])
        spent += table.epochs
        course.add(spent, [(config, quality)])
    return course


def random_search(table: Table, seed: int, epochs: int) -> Course:
    """Optuna's ``RandomSampler``."""
    return optuna_search(table, seed, epochs, lambda seed: RandomSampler(seed=seed))


def tpe(table: Table, seed: int, epochs: int) -> Course:
    """What ``optuna.create_study(directions=...)`` gives: TPE with its defaults."""
    return optuna_search(table, seed, epochs, lambda seed: TPESampler(seed=seed))


def nsga2(table: Table, seed: int, epochs: int) -> Course:
    """Optuna's ``NSGAIISampler`` with its defaults."""
    return optuna_search(table, seed, epochs, lambda seed: NSGAIISampler(seed=seed))


def ray_tune(table: Table, seed: int, epochs: int) -> Course:
    """Ray Tune's ``OptunaSearch`` over all objectives, ``AsyncHyperBandScheduler`` on quality."""
    from ray.tune.schedulers import AsyncHyperBandScheduler
    from ray.tune.search.optuna import OptunaSearch

    logging.getLogger("ray").setLevel(logging.ERROR)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    metrics, modes = [table.guide, *COSTS], ["max", *["min"] * len(COSTS)]

    def space(trial: optuna.Trial) -> None:
        drawn(table, trial)

    searcher = OptunaSearch(space, metric=metrics, mode=modes, seed=seed)
    scheduler = AsyncHyperBandScheduler(
        time_attr="epoch", metric=table.guide, mode="max", max_t=table.epochs,
        grace_period=GRACE, reduction_factor=REDUCTION,
    )  # fmt: skip
    course, spent = Course(table), 0
    while spent + table.epochs <= epochs:
        trial: Any = SimpleNamespace(trial_id=str(course.trainings))
        config = Config(searcher.suggest(trial.trial_id))
        scheduler.on_trial_add(None, trial)
        result: dict[str, Any] = {}
        for epoch in range(1, table.epochs + 1):
            result = told(table, config, epoch)
            searcher.on_trial_result(trial.trial_id, result)
            if scheduler.on_trial_result(None, trial, result) == scheduler.STOP:
                break
        scheduler.on_trial_complete(None, trial, result)
        searcher.on_trial_complete(trial.trial_id, result)
        spent += result["epoch"]
        course.add(spent, [(config, result[table.guide])])
    return course


def moasha(table: Table, seed: int, epochs: int) -> Course:
    """Syne Tune's ``MOASHA``, which draws at random and ranks a rung by non-dominated sorting."""
    from syne_tune.backend.trial_status import Trial
    from syne_tune.config_space import choice
    from syne_tune.optimizer.scheduler import SchedulerDecision
    from syne_tune.optimizer.schedulers.multiobjective.moasha import MOASHA

    # Its domains draw from the global generators, whatever its random_seed.
    random.seed(seed)
    np.random.seed(seed)
    space = {key: choice(list(p.values())) for key, p in table.space.parameters.items()}
    metrics = ["loss", *COSTS]
    scheduler = MOASHA(
        config_space=space, metrics=metrics, time_attr="epoch", max_t=table.epochs,
        grace_period=GRACE, reduction_factor=REDUCTION, random_seed=seed,
    )  # fmt: skip
    course, spent = Course(table), 0
    while spent + table.epochs <= epochs:
        # It knows no conditions: what has no effect is drawn and left out.
        config = table.space.complete(scheduler.suggest().config)
        assert config is not None
        trial = Trial(course.trainings, dict(config.items()), None)
        scheduler.on_trial_add(trial)
        result: dict[str, Any] = {}
        for epoch in range(1, table.epochs + 1):
            result = told(table, config, epoch)
            result["loss"] = -result[table.guide]
            if scheduler.on_trial_result(trial, result) == SchedulerDecision.STOP:
                break
        spent += result["epoch"]
        course.add(spent, [(config, result[table.guide])])
    return course


def drawn(table: Table, trial: optuna.Trial) -> Config:
    """A config that the trial's sampler draws, parameter after parameter."""
    values: dict[str, Any] = {}
    for key, distribution in distributions_of(table.space).items():
        if table.space.is_active(key, values):
            values[key] = suggest(trial, key, distribution)
    return Config(values)


def costs_of(table: Table, config: Config) -> list[float]:
    """In the order of the objectives."""
    return [table.rows[config].costs[name] for name in COSTS]


def told(table: Table, config: Config, epoch: int) -> dict[str, Any]:
    """What a trainable reports after an epoch: its best model until then, and what that costs."""
    costs = dict(zip(COSTS, costs_of(table, config), strict=True))
    return {"epoch": epoch, table.guide: table.best_by(config, epoch), **costs}
