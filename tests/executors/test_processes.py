"""Several workers: what they share, and what they survive."""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path

import pytest
import toy_family as family
import toy_study as toy
import toy_trainings as trainings
from toy_study import cost_of, spec_of

from automed.domain.budget import Budget
from automed.domain.errors import StudyError
from automed.domain.measurement import Measurement
from automed.domain.trial import Trial, TrialState
from automed.executors.outcome import Outcome
from automed.executors.processes import LOGS, run
from automed.executors.slots import assign
from automed.search.replay import replay
from automed.search.stoppers.registry import STOPPERS
from automed.search.study import Study

TASK = toy.TASK.replace(training=toy.TASK.training.replace(epochs=3))
TRIALS = {"random": 20, "ehvi": 12, "nsga2": 20}
"""Samplers of every kind: one that knows no other trials, one that models them, one that breeds."""


@pytest.fixture(autouse=True)
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "notes"
    folder.mkdir()
    monkeypatch.setenv("NOTES", str(folder))
    monkeypatch.setenv("DRIVER", str(os.getpid()))
    monkeypatch.setenv("RESUMED", "")
    return folder


def lines(file: Path) -> list[str]:
    return file.read_text().split()


def make(tmp_path: Path, workers: int, trials: int | None = None, **changes) -> Study:
    limits = changes.pop("limits", {"trials": trials})
    spec = spec_of(budget=Budget(**limits, workers=workers), **{"task": TASK, **changes})
    return Study.create(tmp_path / "s", spec, changes.pop("price", cost_of))


def differences(study: Study, price=cost_of) -> tuple[object, ...]:
    return replay(study.folder, lambda _: price, lambda *_: None).differences


def test_trials_train_at_the_same_time(tmp_path: Path) -> None:
    with make(tmp_path, 2, 4) as study:
        assert run(study, trainings.waits_for_another, slots=assign(2)) is Outcome.FINISHED
        assert [t.label for t in study.trials] == ["done"] * 4


@pytest.mark.parametrize("sampler", TRIALS)
def test_no_config_twice_budget_exact_and_replayed(
    tmp_path: Path, notes: Path, sampler: str
) -> None:
    trials = TRIALS[sampler]
    with make(tmp_path, 3, trials, sampler=sampler, constraints=toy.TIGHT) as study:
        assert run(study, trainings.slow, slots=assign(3)) is Outcome.FINISHED
        trained = [t for t in study.trials if t.rejected is None]
        assert [t.label for t in trained] == ["done"] * trials
        assert len({t.config.digest for t in study.trials}) == len(study.trials)
        assert sorted(map(int, lines(notes / "trained"))) == [t.number for t in trained]
        if sampler == "random":  # the quickest to choose: the order of the others is chance
            assert lines(notes / "ended") != sorted(lines(notes / "ended"), key=int)
        assert differences(study) == ()


@pytest.mark.parametrize(
    ("stopper", "train"),
    [
        *((stopper, trainings.slow) for stopper in STOPPERS if stopper != "none"),
        pytest.param("halving", trainings.killed_now_and_then, marks=pytest.mark.thorough),
    ],
)
def test_stop_decisions_are_replayed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopper: str, train
) -> None:
    monkeypatch.setenv("EPOCHS", "9")
    task = TASK.replace(training=TASK.training.replace(epochs=9))
    with make(tmp_path, 3, 14, sampler="random", stopper=stopper, task=task) as study:
        assert run(study, train, slots=assign(3)) is Outcome.FINISHED
        assert sum(t.charged for t in study.trials) == 14
        assert all(t.label in ("done", "stopped") for t in study.trials)
        assert any(t.label == "stopped" for t in study.trials)
        assert differences(study) == ()


def test_children_wait_for_their_parents_and_are_replayed(tmp_path: Path) -> None:
    spec = spec_of(
        budget=Budget(trials=5, workers=3), compress=family.LIST, sampler="random", task=TASK
    )
    with Study.create(tmp_path / "s", spec, family.cost_of) as study:
        assert run(study, family.train, slots=assign(3)) is Outcome.FINISHED
        complete = {t.number for t in study.trials if t.parent is None and t.label == "done"}
        children = Counter(t.parent for t in study.trials if t.parent is not None)
        assert children == dict.fromkeys(complete, len(family.LIST))
        assert differences(study, family.cost_of) == ()


def test_compressions_that_the_sampler_chose_are_replayed(tmp_path: Path) -> None:
    task = toy.with_space(family.SEARCHED, training=TASK.training)
    spec = spec_of(budget=Budget(trials=6, workers=3), sampler="random", task=task)
    with Study.create(tmp_path / "s", spec, family.cost_of) as study:
        run(study, family.train, slots=assign(3))
        assert any(t.parent is not None for t in study.trials)
        assert differences(study, family.cost_of) == ()


def test_a_budget_of_epochs_is_kept_to_the_epoch(tmp_path: Path) -> None:
    with make(tmp_path, 3, limits={"epochs": 10}) as study:
        assert run(study, trainings.slow, slots=assign(3)) is Outcome.FINISHED
        assert study.spending.epochs == 10
        assert study.paused


def test_workers_are_reused_and_no_more_than_there_are_trials(tmp_path: Path, notes: Path) -> None:
    slots = assign(4, cores=8)
    with make(tmp_path, 4, 2) as study:
        run(study, trainings.notes_its_surroundings, slots=slots)
    assert len(set(lines(notes / "pids"))) == 2
    assert set(lines(notes / "threads")) == {"2"}
    with Study.open(tmp_path / "s", cost_of, budget=Budget(trials=12)) as study:
        run(study, trainings.notes_its_surroundings, slots=assign(2))
    assert len(set(lines(notes / "pids"))) == 4, "two for two trials, two for ten"
    assert os.environ.get("OMP_NUM_THREADS") != "2"


def test_each_worker_sees_its_gpu(tmp_path: Path, notes: Path) -> None:
    with make(tmp_path, 2, 6) as study:
        run(study, trainings.notes_its_surroundings, slots=assign(2, gpus=["GPU-a", "GPU-b"]))
    assert set(lines(notes / "gpus")) == {"GPU-a", "GPU-b"}


def test_a_worker_that_is_killed_costs_its_trial_one_attempt(tmp_path: Path, notes: Path) -> None:
    heard: list[tuple[str, int]] = []
    why: list[str] = []

    class Listener:
        def trial_started(self, trial: Trial) -> None:
            heard.append(("started", trial.number))

        def trial_measured(self, trial: Trial, measurement: Measurement) -> None:
            pass

        def trial_finished(self, trial: Trial) -> None:
            heard.append((trial.label, trial.number))

        def trial_put_back(self, trial: Trial, lost: str | None = None) -> None:
            heard.append(("put back", trial.number))
            why.append(lost or "")

        trial_rejected = trial_finished

    with make(tmp_path, 2, 5) as study:
        outcome = run(study, trainings.killed_once, [Listener()], slots=assign(2))
        assert outcome is Outcome.FINISHED
        assert [t.label for t in study.trials] == ["done"] * 5
        assert differences(study) == ()
    assert heard.count(("started", 1)) == 2
    assert heard.count(("put back", 1)) == 1
    assert ["killed by SIGKILL" in one for one in why] == [True]
    assert heard.count(("done", 1)) == 1
    assert sum(what == "started" for what, _ in heard) == 6


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("SIGKILL", ["killed by SIGKILL", "memory runs out", "fewer --workers"]),
        ("SIGSEGV", ["killed by SIGSEGV", f"{LOGS}/"]),
        ("SIGTERM", ["killed by SIGTERM"]),
    ],
)
def test_a_trial_that_kills_two_workers_fails(
    tmp_path: Path, notes: Path, monkeypatch: pytest.MonkeyPatch, number: str, words: list[str]
) -> None:
    monkeypatch.setenv("BY", number)
    with make(tmp_path, 2, 5) as study:
        assert run(study, trainings.killed_always, slots=assign(2)) is Outcome.FINISHED
        assert [t.label for t in study.trials] == ["done", "failed", "done", "done", "done"]
        failure = study.trials[1].failure
        assert failure is not None
        assert failure.kind == "WorkerDied"
        assert all(word in failure.message for word in words)
    assert (notes / "killed").read_text() == "\n\n"
    if number == "SIGSEGV":
        logs = "".join(file.read_text() for file in (study.folder / LOGS).iterdir())
        assert "Segmentation fault" in logs
        assert "killed_always" in logs


def test_a_worker_that_exits_leaves_its_words(tmp_path: Path) -> None:
    with make(tmp_path, 1, 20) as study:
        with pytest.raises(StudyError, match="exit code 3"):
            run(study, trainings.exits, slots=assign(1))
        assert len(study.trials) == 5
        assert "I have had enough" in (study.folder / LOGS / "0.log").read_text()


def test_an_idle_worker_that_dies_is_replaced(tmp_path: Path, notes: Path) -> None:
    class Killer:
        """Kills the worker of the trial that has just ended, before it gets another."""

        killed = False

        def trial_finished(self, trial: Trial) -> None:
            if not self.killed:
                self.killed = True
                os.kill(int(lines(notes / "pids")[0]), signal.SIGKILL)

        def trial_started(self, trial: Trial) -> None:
            pass

        def trial_put_back(self, trial: Trial, lost: str | None = None) -> None:
            pass

        def trial_measured(self, trial: Trial, measurement: Measurement) -> None:
            pass

        trial_rejected = trial_started

    with make(tmp_path, 1, 3) as study:
        run(study, trainings.notes_its_surroundings, [Killer()], slots=assign(1))
        assert [t.label for t in study.trials] == ["done"] * 3
    assert len(set(lines(notes / "pids"))) == 2


class Unloadable:
    """What says how to be rebuilt, wrongly."""

    def __reduce__(self):
        return (int, ("no number",))

    def __call__(self, trial, report):
        raise AssertionError


def test_workers_that_cannot_start_end_the_search(tmp_path: Path) -> None:
    with make(tmp_path, 2, 3) as study:
        with pytest.raises(StudyError, match="a worker cannot be started") as error:
            run(study, Unloadable(), slots=assign(2))
        assert "ValueError" in str(error.value)
        assert all(t.state is TrialState.RUNNING for t in study.trials)
        assert run(study, trainings.sound, slots=assign(2)) is Outcome.FINISHED
        assert [t.label for t in study.trials] == ["done"] * 3
