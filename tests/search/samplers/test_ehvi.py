"""Our sampler: exact costs, expected quality."""

from __future__ import annotations

import random

import numpy as np
import pytest
from toy_study import SPACE, TASK, TIGHT, cost_of, dice_of, result_of, spec_of, with_space

from automed.domain.config import Config
from automed.domain.errors import StudyError
from automed.domain.front import hypervolume
from automed.domain.objective import Constraint, Objective
from automed.executors.inline import run
from automed.search.distributions import distributions_of
from automed.search.samplers.candidates import Candidates
from automed.search.samplers.context import Context
from automed.search.samplers.price_list import PriceList
from automed.search.samplers.quality_model import QualityModel
from automed.search.screen import Verdict, screen
from automed.search.study import Study


def judge(config: Config) -> Verdict:
    return screen(config, SPACE, cost_of, TIGHT)


def context(seed: int = 0) -> Context:
    return Context(spec_of(constraints=TIGHT), distributions_of(SPACE), seed, judge)


def volume(study: Study) -> float:
    points = [
        [-t.result.metrics["dice"], np.log(t.result.cost.macs.value / 1e8),
         np.log(t.result.cost.size_bytes.value / 4e6)]
        for t in study.trials if t.result is not None
    ]  # fmt: skip
    return hypervolume(np.array(points), [0.0, np.log(18.0), np.log(8.0)])


def searched(folder, sampler, seed, trials=16, **changes):
    spec = spec_of(trials=trials, sampler=sampler, seed=seed,
                   task=TASK.replace(baselines=()), **changes)  # fmt: skip
    with Study.create(folder, spec, cost_of) as study:
        run(study, lambda trial, _: result_of(trial), [])
        return study.trials, volume(study)


def test_it_finds_more_of_the_front_than_random_search(tmp_path):
    ours = [searched(tmp_path / f"e{s}", "ehvi", s)[1] for s in range(4)]
    chance = [searched(tmp_path / f"r{s}", "random", s)[1] for s in range(4)]
    assert np.median(ours) > np.median(chance)
    assert min(ours) > min(chance)


def test_it_proposes_nothing_that_the_screen_rejects(tmp_path):
    trials, _ = searched(tmp_path / "study", "ehvi", 1, constraints=TIGHT)
    assert len(trials) == 16
    assert not [t.rejected for t in trials if t.rejected]


def test_candidates_are_new_allowed_and_priced_right():
    seen = [SPACE.sample(random.Random(seed)) for seed in range(30)]
    drawn = Candidates(context(), seen, seen[:3]).drawn()
    assert len(drawn) > 100
    assert not set(drawn) & set(seen)
    for config, cost in drawn.items():
        assert SPACE.validate_config(dict(config.items())) == config
        assert cost.macs.value == cost_of(config).macs.value
        assert judge(config).rejected is None
    again = Candidates(context(), seen, seen[:3]).drawn()
    assert list(again) == list(drawn)
    assert list(Candidates(context(1), seen, seen[:3]).drawn()) != list(drawn)


def test_each_model_is_judged_once_however_many_candidates_share_it():
    asked = []

    def counted(config: Config) -> Verdict:
        asked.append(config)
        return judge(config)

    seen = [SPACE.sample(random.Random(seed)) for seed in range(30)]
    drawn = Candidates(Context(spec_of(), distributions_of(SPACE), 0, counted), seen, []).drawn()
    assert len(asked) <= 40
    assert len(drawn) > 3 * len(asked)


def test_a_small_space_is_searched_to_its_end(tmp_path):
    task = with_space(
        """
        [model.width]
        choices = [0.25, 0.5, 1.0]
        [training.loss]
        choices = ["bce", "dice"]
        """
    )
    spec = spec_of(trials=20, sampler="ehvi", task=task)
    with Study.create(tmp_path / "study", spec, cost_of) as study:
        run(study, lambda trial, _: result_of(trial), [])
        assert len({t.config for t in study.trials}) == len(study.trials) == 6


def test_trainings_under_way_are_not_proposed_again_nor_all_around_them(tmp_path):
    spec = spec_of(trials=40, sampler="ehvi", task=TASK.replace(baselines=()))
    with Study.create(tmp_path / "study", spec, cost_of) as study:
        for _ in range(12):
            trial = study.ask()
            study.tell(trial, result_of(trial))
        batch = [study.ask() for _ in range(6)]
        models = {tuple(t.config.part("model.").items()) for t in batch}
        trainings = {tuple(t.config.part("training.").items()) for t in batch}
    assert len({t.config for t in batch}) == 6
    assert len(models) >= 2
    assert len(trainings) >= 2


def test_prices_are_told_from_quality_by_the_objectives():
    prices = PriceList(
        spec_of(constraints=(Constraint(metric="dice", bound=0.5, kind="at_least"),))
    )
    assert prices.floor == 0.5
    assert prices.ceiling == 1.0
    config = SPACE.sample(random.Random(0))
    logs = prices.of_costs([cost_of(config)])
    assert logs[0] == pytest.approx(
        [np.log(cost_of(config).macs.value), np.log(cost_of(config).size_bytes.value)]
    )


DICE, RECALL = Objective(metric="dice"), Objective(metric="recall")
MACS = Objective(metric="macs", direction="minimize")


@pytest.mark.parametrize("objectives", [(DICE,), (DICE, RECALL, MACS)])
def test_a_study_with_other_objectives_is_refused_at_the_start(tmp_path, objectives):
    spec = spec_of(sampler="ehvi", task=TASK.replace(objectives=objectives))
    with pytest.raises(StudyError, match="one objective that training decides"):
        Study.create(tmp_path / "study", spec, cost_of)
    assert not (tmp_path / "study").exists()


def test_a_failed_training_does_not_flatten_all_others():
    points = np.linspace(0, 1, 12)[:, None]
    quality = 0.8 + 0.1 * points[:, 0]
    quality[3] = 0.0
    mean, _ = QualityModel(points, quality).predict(np.array([[0.0], [1.0]]))
    assert mean[1] - mean[0] > 0.05


def test_quality_is_learned():
    drawn = [SPACE.sample(random.Random(seed)) for seed in range(80)]
    from automed.search.samplers.config_encoding import ConfigEncoding

    points = ConfigEncoding(distributions_of(SPACE))(drawn)
    quality = np.array([dice_of(config) for config in drawn])
    mean, std = QualityModel(points[:60], quality[:60]).predict(points[60:])
    assert np.corrcoef(mean, quality[60:])[0, 1] > 0.8
    assert (std > 0).all()
