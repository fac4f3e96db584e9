"""What every executor owes a study. Later ones are added to ``EXECUTORS`` and pass the same tests.

``run_trial`` functions stand in `toy_trainings`: an executor may send them to another process.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest
from toy_study import TIGHT, cost_of, history, measurements, result_of, spec_of, with_space
from toy_trainings import (
    all_raise,
    breaks_the_study,
    in_environment,
    interrupted,
    obedient,
    one_is_nan,
    one_raises,
    sound,
)

from automed.domain.budget import Budget, Limits
from automed.domain.decision import Decision
from automed.domain.errors import StudyError
from automed.domain.measurement import Measurement
from automed.domain.trial import Trial, TrialState
from automed.executors import inline, processes
from automed.executors.outcome import Outcome
from automed.executors.slots import assign
from automed.search.samplers.registry import SAMPLERS
from automed.search.study import Study

VARIABLES = ("RESUMED", "DRIVER", "BY")


def on_ray(study, run_trial, observers):
    from automed.executors.ray_tune import executor
    from automed.executors.ray_tune.share import Wish

    known = {name: os.environ.get(name, "") for name in VARIABLES}
    trial = partial(in_environment, run_trial=run_trial, environment=known)
    return executor.run(study, trial, observers, address="auto", wish=Wish(workers=1))


EXECUTORS = {
    "inline": inline.run,
    "processes": partial(processes.run, slots=assign(1)),
    "ray_tune": on_ray,
}


STARTED_OFTEN = (
    "test_a_finished_study_runs_nothing_until_its_budget_grows",
    "test_an_exhausted_space_is_no_endless_loop",
    "test_a_search_without_hope_ends_with_its_cause",
    "test_an_error_of_the_study_ends_the_search_and_costs_no_trial",
    "test_nan_fails_the_trial_and_the_search_goes_on",
)
"""On Ray each search takes seconds to begin: these are only run there by `make test-thorough`."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every executor, in every test."""
    if "run" in metafunc.fixturenames:
        rare = pytest.mark.thorough if metafunc.function.__name__ in STARTED_OFTEN else ()
        executors = [pytest.param(n, marks=rare if n == "ray_tune" else ()) for n in EXECUTORS]
        metafunc.parametrize("run", executors, indirect=True)


@pytest.fixture
def run(request: pytest.FixtureRequest):
    if request.param == "ray_tune":
        request.getfixturevalue("ray_cluster")
    return EXECUTORS[request.param]


def driven_by_hand(folder: Path, spec) -> list:
    """The reference: ask, train, tell, one after the other."""
    with Study.create(folder, spec, cost_of) as study:
        while (trial := study.ask()) is not None:
            for measurement in measurements(trial):
                study.report(trial, measurement)
            study.tell(trial, result_of(trial))
        return history(study.trials)


@pytest.mark.parametrize("sampler", [s for s in SAMPLERS if s not in ("gp", "grid")])
def test_same_study_same_seed_same_trials(run, tmp_path: Path, sampler: str) -> None:
    if run is on_ray and sampler != "ehvi":
        pytest.skip("the study is the same; one sampler shows that Ray changes nothing")
    spec = spec_of(trials=14, sampler=sampler, seed=11, constraints=TIGHT)
    with Study.create(tmp_path / "s", spec, cost_of) as study:
        assert run(study, sound, []) is Outcome.FINISHED
        assert study.spent == Limits(trials=14)
        found = history(study.trials)
    assert found == driven_by_hand(tmp_path / "reference", spec)


def test_an_exception_fails_the_trial_and_the_search_goes_on(run, tmp_path: Path) -> None:
    with Study.create(tmp_path / "s", spec_of(trials=5), cost_of) as study:
        assert run(study, one_raises, []) is Outcome.FINISHED
        assert [t.label for t in study.trials] == ["done", "done", "failed", "done", "done"]
        failure = study.trials[2].failure
        assert failure is not None
        assert failure.kind == "RuntimeError"
        assert "a layer is missing" in failure.message


def test_nan_fails_the_trial_and_the_search_goes_on(run, tmp_path: Path) -> None:
    with Study.create(tmp_path / "s", spec_of(trials=5), cost_of) as study:
        assert run(study, one_is_nan, []) is Outcome.FINISHED
        assert study.trials[2].state is TrialState.FAIL
        assert study.trials[2].failure is not None
        assert study.trials[2].failure.kind == "NonFiniteObjective"
        assert len(study.trials) == 5


@pytest.mark.parametrize("signal", ["SIGINT", pytest.param("SIGTERM", marks=pytest.mark.thorough)])
def test_an_interrupt_and_resume_give_the_undisturbed_study(
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signal: str
) -> None:
    monkeypatch.setenv("RESUMED", "")
    monkeypatch.setenv("DRIVER", str(os.getpid()))
    monkeypatch.setenv("BY", signal)
    with Study.create(tmp_path / "s", spec_of(trials=9), cost_of) as study:
        assert run(study, interrupted, []) is Outcome.INTERRUPTED
        assert [t.label for t in study.trials][3:] == ["running"]
        finished = history(study.trials)[:3]
    monkeypatch.setenv("RESUMED", "1")
    with Study.open(tmp_path / "s", cost_of) as study:
        assert run(study, interrupted, []) is Outcome.FINISHED
        resumed = history(study.trials)
    with Study.create(tmp_path / "reference", spec_of(trials=9), cost_of) as study:
        assert inline.run(study, interrupted, []) is Outcome.FINISHED
        assert history(study.trials) == resumed
    assert resumed[:3] == finished


def test_a_finished_study_runs_nothing_until_its_budget_grows(run, tmp_path: Path) -> None:
    with Study.create(tmp_path / "s", spec_of(trials=3), cost_of) as study:
        assert run(study, sound, []) is Outcome.FINISHED
        before = history(study.trials)
        assert run(study, all_raise, []) is Outcome.FINISHED
        assert history(study.trials) == before
    with Study.open(tmp_path / "s", cost_of, budget=Budget(trials=4)) as study:
        assert run(study, sound, []) is Outcome.FINISHED
        assert history(study.trials)[:3] == before
        assert len(study.trials) == 4


def test_an_exhausted_space_is_no_endless_loop(run, tmp_path: Path) -> None:
    task = with_space("[a]\nlow = 1\nhigh = 4\n")
    with Study.create(tmp_path / "s", spec_of(trials=9, task=task), cost_of) as study:
        assert run(study, sound, []) is Outcome.EXHAUSTED
        assert len(study.trials) == 4
        assert study.spent is None


def test_a_search_without_hope_ends_with_its_cause(run, tmp_path: Path) -> None:
    with Study.create(tmp_path / "s", spec_of(trials=30), cost_of) as study:
        with pytest.raises(StudyError, match="no model can be built here"):
            run(study, all_raise, [])
        assert len(study.trials) < 10


def test_an_error_of_the_study_ends_the_search_and_costs_no_trial(run, tmp_path: Path) -> None:
    with Study.create(tmp_path / "s", spec_of(trials=3), cost_of) as study:
        with pytest.raises(StudyError, match="the folder is gone") as error:
            run(study, breaks_the_study, [])
        assert error.value.hint == "restore it"
        assert [t.label for t in study.trials] == ["running"]
        assert run(study, sound, []) is Outcome.FINISHED
        assert [t.label for t in study.trials] == ["done"] * 3


def test_a_stopped_trial_is_told_as_such(
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = Study.report

    def stop_the_second(self: Study, trial: Trial, measurement: Measurement) -> Decision:
        report(self, trial, measurement)
        return Decision.STOP if trial.number == 1 and measurement.epoch == 2 else Decision.CONTINUE

    monkeypatch.setattr(Study, "report", stop_the_second)
    with Study.create(tmp_path / "s", spec_of(trials=3), cost_of) as study:
        assert run(study, obedient, []) is Outcome.FINISHED
        assert [t.label for t in study.trials] == ["done", "stopped", "done"]
        assert study.trials[1].result is not None
        assert study.trials[1].result.epochs == 2


def test_a_budget_that_is_spent_in_the_middle_pauses_and_a_larger_one_goes_on(
    run, tmp_path: Path
) -> None:
    spec = spec_of(budget=Budget(epochs=7))
    with Study.create(tmp_path / "s", spec, cost_of) as study:
        assert run(study, sound, []) is Outcome.FINISHED
        assert [t.label for t in study.trials] == ["done", "done", "running"]
        assert study.spending.epochs == 7
        assert study.paused == {2: 1}
    with Study.open(tmp_path / "s", cost_of, budget=Budget(epochs=9, trials=3)) as study:
        assert run(study, sound, []) is Outcome.FINISHED
        assert study.paused == {2: 3}, "what comes after the last epoch is not known beforehand"
    with Study.open(tmp_path / "s", cost_of, budget=Budget(epochs=10, trials=3)) as study:
        assert run(study, sound, []) is Outcome.FINISHED
        assert [t.label for t in study.trials] == ["done"] * 3
        assert study.spending.epochs == 9
