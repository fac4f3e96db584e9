"""Where most of a space is too dear, all of the budget goes to what is not."""

from __future__ import annotations

import random
from functools import partial

import pytest
import toy_study as toy

from automed.api.screened_cost import screened_cost
from automed.domain.errors import AutomedError
from automed.domain.objective import Constraint
from automed.domain.result import Result
from automed.executors.inline import run
from automed.registry.tasks import load_task
from automed.search.study import Study

BUDGET = 50
FEWER = 8
"""Where each model is built to be costed: half a second for each, twice as many as are trained."""

DEAR = (Constraint(metric="macs", bound=1e9), Constraint(metric="size_bytes", bound=10.5e6))
"""Of the toy space: unet at full width, and deeplab but for the smallest of eight."""

CELL = load_task("cell").replace(image_size=(64, 64))
DEAR_CELLS = (Constraint(metric="macs", bound=0.1e9), Constraint(metric="size_bytes", bound=10e6))


def keeps(cost, constraints):
    return all(c.violation(cost.as_metrics()[c.metric]) <= 0 for c in constraints)


def infeasible_share(space, cost_of, constraints, draws):
    """Of random configs, those that break a bound or cannot be built at all."""
    source = random.Random(1)

    def breaks(config):
        try:
            return not keeps(cost_of(config), constraints)
        except AutomedError:
            return True

    return sum(breaks(space.sample(source)) for _ in range(draws)) / draws


def quality(trial):
    """Without training: dearer is better, up to a point that the seed moves."""
    return 0.5 + 0.3 * trial.predicted.gmacs / (1 + trial.predicted.gmacs) + trial.seed % 97 / 1e3


class Trainer:
    """Trains nothing, notes each trial that it is handed, and each of its steps."""

    def __init__(self):
        self.handed = []
        self.steps = []

    def __call__(self, trial, report):
        self.handed.append(trial)
        for measurement in toy.measurements(trial, 2):
            self.steps.append(trial.number)
            report(measurement)
        return Result(
            metrics={"dice": quality(trial)}, cost=trial.predicted, epochs=2, best_epoch=2,
            seconds=1.0, split_digest="split",
        )  # fmt: skip


def check(folder, spec, cost_of):
    budget = spec.budget.trials
    trained, refused = Trainer(), []
    with Study.create(folder, spec, cost_of, on_rejected=refused.append) as study:
        run(study, trained)
        trials, spent = study.trials, study.spending
    assert len(trained.handed) == len({t.config for t in trained.handed}) == budget
    assert all(keeps(cost_of(trial.config), spec.constraints) for trial in trained.handed)
    assert spent.trials == budget
    assert spent.epochs == len(trained.steps) == 2 * budget
    rejected = [t for t in trials if t.rejected is not None]
    assert [t.number for t in refused] == [t.number for t in rejected]
    assert {t.number for t in rejected}.isdisjoint(trained.steps)
    assert all(t.result is None and t.failure is None for t in rejected)
    assert len(trials) == budget + len(rejected)
    return rejected


def test_most_of_the_toy_space_is_too_dear():
    """A true 0.604: a sixth of all is unet at full width, seven sixteenths deeplab."""
    share = infeasible_share(toy.SPACE, toy.cost_of, DEAR, 4000)
    assert share == pytest.approx(0.604, abs=0.03)


@pytest.mark.parametrize("sampler", ["tpe", "ehvi", "nsga2", "random"])
def test_a_budget_of_fifty_trains_fifty_feasible_configs(tmp_path, sampler):
    spec = toy.spec_of(trials=BUDGET, constraints=DEAR, sampler=sampler)
    rejected = check(tmp_path / "s", spec, toy.cost_of)
    if sampler == "random":
        drawn = BUDGET + len(rejected)
        assert len(rejected) / drawn == pytest.approx(0.6, abs=0.12)
    if sampler == "ehvi":
        assert {t.origin for t in rejected} <= {b.name for b in toy.BASELINES}, "it asks first"


@pytest.mark.thorough
def test_nor_does_a_real_space_with_real_costs_spend_a_step_on_what_is_too_dear(tmp_path):
    cost_of = partial(screened_cost, task=CELL)
    spec = toy.spec_of(task=CELL, trials=FEWER, constraints=DEAR_CELLS, sampler="random")
    rejected = check(tmp_path / "s", spec, cost_of)
    assert len(rejected) / (FEWER + len(rejected)) == pytest.approx(0.6, abs=0.25)
    assert any("GFLOPs" in t.rejected for t in rejected)
    assert any("Size" in t.rejected for t in rejected)
