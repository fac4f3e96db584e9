"""Ask, report, tell: what each does, and what each refuses."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from toy_study import (
    BASE,
    TASK,
    TIGHT,
    build_error,
    cost_of,
    measurements,
    result_of,
    spec_of,
)

from automed.domain.budget import Budget
from automed.domain.decision import Decision
from automed.domain.errors import StudyError
from automed.domain.front import front_of
from automed.domain.measurement import Measurement
from automed.domain.result import Failure
from automed.domain.task import Baseline
from automed.domain.trial import Trial, TrialState
from automed.search.study import Study


def asked(study: Study) -> Trial:
    trial = study.ask()
    assert trial is not None
    return trial


def test_a_trial_from_ask_to_tell(tmp_path: Path) -> None:
    with Study.create(tmp_path / "s", spec_of(), cost_of) as study:
        trial = asked(study)
        assert (trial.number, trial.state, trial.origin) == (0, TrialState.RUNNING, "paper base")
        assert trial.predicted == cost_of(trial.config)
        assert study.spending.trials == 1
        for measurement in measurements(trial):
            assert study.report(trial, measurement) is Decision.CONTINUE
        result = result_of(trial, iou=0.4)
        told = study.tell(trial, result)
        assert told.state is TrialState.COMPLETE
        assert told.result == result
        assert study.trials == (told,)
    with Study.open(tmp_path / "s", cost_of) as study:
        assert study.trials == (told,)
        assert study.spec == spec_of()


def test_only_the_guide_metric_makes_the_curve(tmp_path: Path) -> None:
    with Study.create(tmp_path / "s", spec_of(), cost_of) as study:
        trial = asked(study)
        study.report(trial, Measurement(epoch=1, metrics={"dice": 0.25, "loss": 3}, seconds=1))
        study.report(trial, Measurement(epoch=2, metrics={"loss": 2}, seconds=2))
        study.report(trial, Measurement(epoch=3, metrics={"dice": math.nan}, seconds=3))
    storage = JournalStorage(JournalFileBackend(str(tmp_path / "s" / "journal.log")))
    curve = storage.get_all_trials(0)[0].intermediate_values
    assert curve.pop(1) == 0.25
    assert list(curve) == [3]
    assert math.isnan(curve[3])


@pytest.mark.parametrize(
    ("value", "message"), [(math.nan, "dice is nan"), (math.inf, "dice is inf")]
)
def test_an_objective_that_is_not_finite_fails_the_trial(tmp_path: Path, value, message) -> None:
    with Study.create(tmp_path / "s", spec_of(), cost_of) as study:
        trial = asked(study)
        told = study.tell(trial, result_of(trial, dice=value))
        assert told.state is TrialState.FAIL
        assert told.failure == Failure(kind="NonFiniteObjective", message=message, epoch=2)
        assert study.spending.trials == 1
        result = result_of(asked(study))
        missing = result.replace(metrics={"iou": 0.3})
        told = study.tell(study.trials[1], missing)
        assert told.failure is not None
        assert told.failure.message == "dice is missing"
        assert study.front().trials == ()


def test_a_stopped_trial_keeps_its_result_off_the_front(tmp_path: Path) -> None:
    with Study.create(tmp_path / "s", spec_of(), cost_of) as study:
        stopped = asked(study)
        told = study.tell(stopped, result_of(stopped, dice=0.98), stopped=True)
        assert (told.state, told.label) == (TrialState.PRUNED, "stopped")
        assert told.result is not None
        complete = asked(study)
        study.tell(complete, result_of(complete))
        assert [t.number for t in study.front().trials] == [complete.number]
        assert study.spending.trials == 2
        # Its curve and result must not trip the sampler.
        for _ in range(6):
            trial = asked(study)
            study.report(trial, measurements(trial)[0])
            study.tell(trial, result_of(trial), stopped=True)
        assert study.ask() is None


def test_nothing_is_told_twice(tmp_path: Path) -> None:
    with Study.create(tmp_path / "s", spec_of(), cost_of) as study:
        trial = asked(study)
        study.tell(trial, result_of(trial))
        journal = (tmp_path / "s" / "journal.log").read_bytes()
        stranger = trial.replace(number=77)
        for act in (
            lambda: study.tell(trial, result_of(trial)),
            lambda: study.tell(trial, Failure(kind="E", message="m")),
            lambda: study.report(trial, measurements(trial)[0]),
        ):
            with pytest.raises(StudyError, match="trial 0 of study 'toy-study' is not running"):
                act()
        with pytest.raises(StudyError, match="trial 77"):
            study.tell(stranger, result_of(trial))
        assert (tmp_path / "s" / "journal.log").read_bytes() == journal


def test_what_was_running_is_handed_out_again_first(tmp_path: Path) -> None:
    with Study.create(tmp_path / "s", spec_of(trials=3), cost_of) as study:
        first, second = asked(study), asked(study)
        assert second.number == 1
        study.report(second, measurements(second)[0])
        study.tell(first, result_of(first))
    with Study.open(tmp_path / "s", cost_of) as study:
        again = asked(study)
        assert again == second
        third = asked(study)
        assert third.number == 2
        assert study.ask() is None, "running trials are charged"
        study.put_back(again)
        assert asked(study) == again
        study.tell(again, result_of(again))
        study.tell(third, result_of(third))
        assert study.ask() is None
        assert len(study.trials) == 3


def test_a_failed_training_is_charged_and_a_rejected_config_is_not(tmp_path: Path) -> None:
    heard: list[Trial] = []
    spec = spec_of(trials=4, constraints=TIGHT)
    with Study.create(tmp_path / "s", spec, cost_of, heard.append) as study:
        failed = asked(study)
        study.tell(failed, Failure(kind="DivergedError", message="m", epoch=1))
        while (trial := study.ask()) is not None:
            study.tell(trial, result_of(trial))
        labels = [t.label for t in study.trials]
        assert labels.count("failed") == 1
        assert labels.count("done") == 3
        assert labels.count("rejected") == len(heard) > 0
        assert [t for t in study.trials if t.rejected] == heard
        assert heard[0].rejected == "GFLOPs (MACs) 1.6, allowed: at most 1"
        assert heard[0].predicted is not None
        assert all(t.result.cost.macs.value <= 1e9 for t in study.front().trials if t.result)
        notes = "\n".join(study.notes)
        assert "the baseline 'paper base' was rejected: GFLOPs (MACs) 1.6" in notes
    storage = JournalStorage(JournalFileBackend(str(tmp_path / "s" / "journal.log")))
    for theirs, label in zip(storage.get_all_trials(0), labels, strict=True):
        (violation,) = theirs.constraints.values()
        assert (violation > 0) == (label == "rejected")


def test_a_config_that_cannot_be_built_is_rejected_not_fatal(tmp_path: Path) -> None:
    with Study.create(tmp_path / "s", spec_of(trials=6), build_error) as study:
        while (trial := study.ask()) is not None:
            assert trial.config["model.architecture"] == "unet"
            study.tell(trial, result_of(trial))
        rejected = [t for t in study.trials if t.rejected]
        assert rejected
        assert {t.rejected for t in rejected} == {"deeplab needs 64 pixels"}
        assert {t.predicted for t in rejected} == {None}


def test_a_bug_in_the_cost_is_not_taken_for_a_rejection(tmp_path: Path) -> None:
    def bug(_: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Study.create(tmp_path / "s", spec_of(), bug)


class TestBaselines:
    def test_narrowed_away_or_equal_ones_are_left_out_and_said(self, tmp_path: Path) -> None:
        narrowed = TASK.replace(
            space=TASK.space.narrow("training.learning_rate", "1e-2..1e-1"),
            baselines=(*TASK.baselines, Baseline(
                name="fast", config=BASE | {"training.learning_rate": 0.05}
            )),
        )  # fmt: skip
        with Study.create(tmp_path / "a", spec_of(task=narrowed), cost_of) as study:
            assert asked(study).origin == "fast"
            assert asked(study).origin == "tpe"
            assert [n.split("'")[1] for n in study.notes] == ["paper base", "paper final"]
            assert "outside the search space" in study.notes[0]
        fixed = TASK.replace(space=TASK.space.fix("training.loss", "dice"))
        with Study.create(tmp_path / "b", spec_of(task=fixed), cost_of) as study:
            assert asked(study).origin == "paper base (changed)"
            assert asked(study).origin == "tpe"
            assert study.notes == ("the baseline 'paper final' is left out: it now equals "
                                   "'paper base (changed)'",)  # fmt: skip

    def test_a_budget_smaller_than_their_number(self, tmp_path: Path) -> None:
        with Study.create(tmp_path / "s", spec_of(trials=1), cost_of) as study:
            assert asked(study).origin == "paper base"
            assert study.ask() is None


def test_the_front_is_that_of_the_domain(tmp_path: Path) -> None:
    with Study.create(tmp_path / "s", spec_of(trials=10), cost_of) as study:
        assert study.front().trials == ()
        while (trial := study.ask()) is not None:
            study.tell(trial, result_of(trial))
        assert study.front() == front_of(study.trials, TASK.objectives)
        assert study.front().knee is not None


def test_a_trial_added_by_hand_is_ignored(tmp_path: Path) -> None:
    Study.create(tmp_path / "s", spec_of(trials=2), cost_of).close()
    storage = JournalStorage(JournalFileBackend(str(tmp_path / "s" / "journal.log")))
    storage.create_new_trial(0)
    with Study.open(tmp_path / "s", cost_of, budget=Budget(trials=2)) as study:
        assert study.trials == ()
        assert asked(study).number == 1
        assert study.spending.trials == 1
