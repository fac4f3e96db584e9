"""Compressed children: trials of their own that the budget is not charged for."""

from __future__ import annotations

from itertools import pairwise

import pytest
import toy_study as toy
from toy_family import cost_of, train
from toy_family import result_of as result

from automed.domain.budget import Budget, Limits
from automed.domain.compression import compression_of, dense, read_compressions
from automed.domain.config import Config
from automed.domain.objective import Constraint
from automed.domain.result import Failure
from automed.domain.trial import TrialState
from automed.executors.inline import run
from automed.search.screen import screen_family
from automed.search.study import Study

LARGE = Config({"model.architecture": "unet", "model.width": 1.0, "training.loss": "dice"})
LIST = read_compressions("ptq,prune:0.5+ptq")
SEARCHED = """
[model.width]
choices = [0.25, 0.5, 1.0]
[training.loss]
choices = ["bce", "dice"]
[compression.method]
choices = ["none", "ptq", "prune"]
[compression.calibration]
choices = ["minmax", "percentile"]
when = { "compression.method" = "ptq" }
[compression.ratio]
choices = [0.3, 0.5]
when = { "compression.method" = "prune" }
"""


def opened(tmp_path, name="s", **changes):
    return Study.create(tmp_path / name, toy.spec_of(**changes), cost_of)


def family(trials):
    return [(t.number, t.parent, str(compression_of(t.config))) for t in trials]


def test_each_complete_trial_is_followed_by_its_children_and_the_budget_counts_trainings(tmp_path):
    with opened(tmp_path, trials=5, compress=LIST) as study:
        run(study, train)
        trials = study.trials
    parents = [t for t in trials if t.parent is None]
    assert len(parents) == 5
    assert sum(t.charged for t in trials) == 5
    for parent in parents:
        children = [t for t in trials if t.parent == parent.number]
        if parent.state is not TrialState.COMPLETE:
            assert not children
            continue
        assert [c.number - parent.number for c in children] == [1, 2]
        assert [str(compression_of(c.config)) for c in children] == ["ptq", "prune:0.5+ptq"]
        assert {dense(c.config) for c in children} == {parent.config}
    assert any(t.state is TrialState.COMPLETE for t in parents)


def test_children_stand_on_the_front_and_no_sampler_sees_what_a_flag_asked_for(tmp_path):
    with opened(tmp_path, "with", trials=8, compress=LIST) as study:
        run(study, train)
        compressed, front = study.trials, study.front()
    with opened(tmp_path, "without", trials=8) as study:
        run(study, train)
        alone = study.trials
    assert any(t.parent is not None for t in front.trials)
    # Numbers differ, and with them what a sampler draws; the first sampled config must not know
    # of the children, whose values would contradict their parents'.
    first = [t.config for t in compressed if t.parent is None][:2]
    assert first == [t.config for t in alone][:2]


def test_a_cut_off_search_goes_on_to_the_same_families(tmp_path):
    with opened(tmp_path, "whole", trials=5, compress=LIST) as study:
        run(study, train)
        whole = [*toy.history(study.trials)], family(study.trials)
    study = opened(tmp_path, "cut", trials=5, compress=LIST)
    asked = []
    for _ in range(4):  # each process is killed while its second trial runs
        with study:
            done = study.ask()
            study.tell(done, told(done))
            asked += [done.number, study.ask().number]
        study = Study.open(tmp_path / "cut", cost_of)
    with study:
        run(study, train)
        assert ([*toy.history(study.trials)], family(study.trials)) == whole
    assert any(a == b for a, b in pairwise(asked))


def told(trial):
    try:
        return train(trial, lambda _: None)
    except Exception as error:  # noqa: BLE001 - as the executor does
        return Failure(kind=type(error).__name__, message=str(error), epoch=1)


def test_a_finished_study_gets_more_children_without_a_training(tmp_path):
    with opened(tmp_path, trials=4, compress=LIST[:1]) as study:
        run(study, train)
        before = study.trials
    with Study.open(tmp_path / "s", cost_of, compress=LIST) as study:
        assert study.spent == Limits(trials=4)
        run(study, train)
        after = study.trials
    assert after[: len(before)] == before
    complete = [t.number for t in before if t.parent is None and t.state is TrialState.COMPLETE]
    added = after[len(before) :]
    assert [t.parent for t in added] == complete
    assert {str(compression_of(t.config)) for t in added} == {"prune:0.5+ptq"}


def test_what_cannot_be_compressed_is_refused_before_anything_is_done(tmp_path):
    rejected = []
    spec = toy.spec_of(trials=2, compress=read_compressions("prune:0.99,ptq"))
    with Study.create(tmp_path / "s", spec, cost_of, rejected.append) as study:
        run(study, train)
        trials = study.trials
    refused = [t for t in trials if t.rejected]
    assert [t.rejected for t in refused] == ["nothing would be left of the model"] * len(refused)
    assert refused == rejected
    assert {t.parent for t in refused} == {t.parent for t in trials if t.parent is not None}


def test_a_model_above_a_bound_is_trained_for_a_child_below_it(tmp_path):
    bound = Constraint(metric="size_bytes", bound=1.5e6)
    with opened(tmp_path, trials=4, compress=LIST, constraints=(bound,)) as study:
        run(study, train)
        trials, front = study.trials, study.front()
    above = [t for t in trials if t.parent is None and t.charged and t.predicted.megabytes > 1.5]
    assert above
    assert front.trials
    assert all(t.result.cost.megabytes <= 1.5 for t in front.trials)


def test_a_child_that_surely_breaks_a_bound_is_not_priced():
    priced = []

    def counted(config):
        priced.append(compression_of(config))
        return cost_of(config)

    def judged(bound):
        priced.clear()
        bounds = (Constraint(metric="macs", bound=bound),)
        spec = toy.spec_of(compress=read_compressions("ptq,prune:0.5"), constraints=bounds)
        return screen_family(LARGE, spec, counted)

    whole = toy.cost_of(LARGE).macs.value
    assert judged(whole / 4).rejected is None
    assert [str(c) for c in priced] == ["None", "prune:0.5"]  # int8 takes as many MACs
    assert judged(whole / 8).rejected is not None
    assert [str(c) for c in priced] == ["None", "prune:0.5"]
    assert judged(whole / 100).rejected is not None
    assert [str(c) for c in priced] == ["None"]


def test_a_sampler_that_chooses_the_compression_gets_the_training_first(tmp_path):
    task = toy.with_space(SEARCHED)
    with opened(tmp_path, trials=4, task=task) as study:
        run(study, train)
        trials = study.trials
    children = [t for t in trials if t.parent is not None]
    assert children
    for child in children:
        parent = trials[child.parent]
        assert parent.number < child.number
        assert dense(parent.config) == dense(child.config)
        assert parent.config["compression.method"] == "none"
    models = [dense(t.config) for t in trials if t.parent is None]
    assert len(set(models)) == len(models), "a model was trained twice"
    assert len({t.config for t in trials}) == len(trials)
    assert sum(t.charged for t in trials) == 4


@pytest.mark.parametrize("sampler", ["tpe", "random", "nsga2"])
def test_the_whole_of_a_small_space_is_found_with_one_training_a_model(tmp_path, sampler):
    task = toy.with_space(SEARCHED)
    with opened(tmp_path, trials=20, task=task, sampler=sampler) as study:
        run(study, lambda trial, _: result(trial))
        trials = study.trials
    assert len({t.config for t in trials}) == 3 * 2 * (1 + 2 + 2)
    assert sum(t.charged for t in trials) == 3 * 2


def test_a_model_that_failed_is_not_tried_again_for_a_child(tmp_path):
    task = toy.with_space(SEARCHED)
    with opened(tmp_path, trials=8, task=task) as study:
        while trial := study.ask():
            failed = trial.parent is None and trial.config["model.width"] == 1.0
            study.tell(trial, Failure(kind="X", message="x") if failed else result(trial))
        trials = study.trials
    failed = {t.number for t in trials if t.failure}
    assert failed
    assert not any(t.parent in failed for t in trials if t.parent is not None)
    assert len(failed) == len({dense(trials[n].config) for n in failed})


def test_budgets_grow_over_a_study_with_children(tmp_path):
    with opened(tmp_path, trials=2, compress=LIST) as study:
        run(study, train)
    with Study.open(tmp_path / "s", cost_of, budget=Budget(trials=4)) as study:
        run(study, train)
        grown = toy.history(study.trials), family(study.trials)
    with opened(tmp_path, "once", trials=4, compress=LIST) as study:
        run(study, train)
        assert (toy.history(study.trials), family(study.trials)) == grown
