"""A study whose stopper ends trainings."""

from __future__ import annotations

import pytest
from toy_study import cost_of, measurements, result_of, spec_of, with_space

from automed.domain.budget import Budget
from automed.domain.decision import Decision
from automed.domain.errors import StudyError
from automed.domain.trial import TrialState
from automed.executors.inline import run
from automed.search.study import Study

EPOCHS = 9
TASK = spec_of().task.replace(training=spec_of().task.training.replace(epochs=EPOCHS))


def spec(trials, stopper="halving"):
    return spec_of(trials=trials, stopper=stopper, task=TASK)


def trainer(spent):
    """Trains as told, and notes the epochs; what a stopped trial had trained is only told again."""
    trained = {}

    def train(trial, report):
        begun = trained.get(trial.continues, 0)
        for measurement in measurements(trial, EPOCHS):
            trained[trial.number] = measurement.epoch
            spent[trial.number] = max(0, measurement.epoch - begun)
            if report(measurement) is Decision.STOP:
                break
        return result_of(trial)

    return train


def searched(folder, trials, stopper="halving", then=None):
    spent = {}
    with Study.create(folder, spec(trials, stopper), cost_of) as study:
        run(study, trainer(spent), [])
        shown = study.trials
    if then is not None:
        with Study.open(folder, cost_of, budget=Budget(trials=then)) as study:
            run(study, trainer(spent), [])
            shown = study.trials
    return shown, spent


def facts(trials):
    return [(t.number, t.config.items(), t.state.value, t.stop) for t in trials]


def test_stopped_trials_keep_why_and_never_reach_the_front(tmp_path):
    trials, spent = searched(tmp_path / "study", 20)
    stopped = [t for t in trials if t.stop is not None]
    assert len(stopped) >= 5
    for trial in stopped:
        assert trial.state is TrialState.PRUNED
        assert trial.label == "stopped"
        assert trial.result is not None
        assert trial.stop.epoch == 3
        assert "pass this rung" in trial.stop.why
    with Study.open(tmp_path / "study", cost_of) as study:
        on_front = {t.number for t in study.front().trials}
    assert on_front.isdisjoint(t.number for t in stopped)
    assert sum(spent.values()) < 0.85 * EPOCHS * 20


@pytest.mark.parametrize("stopper", ["halving", "dominance", "median"])
def test_a_search_in_two_parts_is_the_search_in_one(tmp_path, stopper):
    whole, _ = searched(tmp_path / "whole", 16, stopper)
    parts, _ = searched(tmp_path / "parts", 7, stopper, then=16)
    assert facts(parts) == facts(whole)


def test_a_training_that_was_to_end_ends_there_after_a_crash_too(tmp_path):
    searched(tmp_path / "study", 12)
    folder = tmp_path / "study"
    with Study.open(folder, cost_of, budget=Budget(trials=30)) as study:
        while True:
            trial = study.ask()
            ended = [m.epoch for m in measurements(trial, EPOCHS)
                     if study.report(trial, m) is Decision.STOP]  # fmt: skip
            if ended:
                break
            study.tell(trial, result_of(trial))
    with Study.open(folder, cost_of) as study:
        again = study.ask()
        assert again.number == trial.number
        decisions = {m.epoch: study.report(again, m) for m in measurements(again, EPOCHS)}
        first = min(e for e, d in decisions.items() if d is Decision.STOP)
    assert first == ended[0]


def test_no_stopper_trains_everything_to_the_end(tmp_path):
    trials, spent = searched(tmp_path / "study", 6, "none")
    assert all(t.stop is None for t in trials)
    assert set(spent.values()) == {EPOCHS}


def test_an_unknown_stopper_is_refused_with_those_there_are(tmp_path):
    with pytest.raises(StudyError, match=r"there is no stopper 'halvin'.*halving"):
        Study.create(tmp_path / "study", spec(3, "halvin"), cost_of)
    assert not (tmp_path / "study").exists()


def test_a_stopped_training_goes_on_as_a_trial_of_its_own(tmp_path):
    trials, spent = searched(tmp_path / "study", 24)
    continued = [t for t in trials if t.continues is not None]
    assert continued
    for trial in continued:
        begun = trials[trial.continues]
        assert (trial.config, trial.seed, trial.origin) == (begun.config, begun.seed, begun.origin)
        assert begun.stop is not None
        assert begun.label == "stopped"
        assert not trial.charged
        assert spent[trial.number] <= EPOCHS - begun.stop.epoch
    assert sum(t.charged for t in trials) == 24
    with Study.open(tmp_path / "study", cost_of) as study:
        assert study.spending.trials == 24
        assert study.spending.epochs == sum(spent.values())


def test_it_goes_on_before_anything_new_is_trained(tmp_path):
    trials, _ = searched(tmp_path / "study", 24)
    with Study.open(tmp_path / "study", cost_of, budget=Budget(trials=60)) as study:
        while (trial := study.ask()) is not None:
            waiting = study._stopping.resumed(study._chooser.history())
            assert trial.continues is not None or waiting is None
            told = trainer({})(trial, lambda m, trial=trial: study.report(trial, m))
            study.tell(trial, told, stopped=study.trials[trial.number].stop is not None)
    assert trials


def test_at_last_a_space_that_is_used_up_is_trained_to_its_end(tmp_path):
    small = TASK.replace(
        baselines=(),
        space=with_space(
            """
            [model.width]
            choices = [0.25, 0.5, 1.0]
            [training.loss]
            choices = ["bce", "dice"]
            """
        ).space,
    )
    spent = {}
    setting = spec_of(trials=50, stopper="halving", task=small)
    with Study.create(tmp_path / "study", setting, cost_of) as study:
        run(study, trainer(spent), [])
        trials = study.trials
        assert "no config is left" in " ".join(study.notes)
    done = {t.config for t in trials if t.state is TrialState.COMPLETE}
    assert len(done) == 6
    assert sum(spent.values()) == 6 * EPOCHS
