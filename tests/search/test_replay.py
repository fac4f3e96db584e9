"""A study is recomputed from its log, whatever happened to it: nothing differs."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import toy_family as family
import toy_study as toy

from automed.domain.budget import Budget
from automed.domain.decision import Decision
from automed.domain.errors import StudyError
from automed.domain.objective import Constraint
from automed.domain.result import Failure
from automed.domain.trial import TrialState
from automed.executors.inline import run
from automed.search import journal, journal_place, record
from automed.search.replay import Replay, replay
from automed.search.samplers.registry import SAMPLERS
from automed.search.stoppers.registry import STOPPERS
from automed.search.study import Study

EPOCHS = 9
TASK = toy.TASK.replace(training=toy.TASK.training.replace(epochs=EPOCHS))
FINITE = toy.with_space(
    """
    [model.architecture]
    choices = ["unet", "deeplab"]
    [model.width]
    choices = [0.25, 0.5, 1.0]
    when = { "model.architecture" = "unet" }
    [model.channels]
    low = 32
    high = 256
    step = 32
    when = { "model.architecture" = "deeplab" }
    [model.dropout]
    low = 0.0
    high = 0.5
    step = 0.1
    """,
    training=TASK.training,
)
TASKS = {"grid": FINITE}
"""This one needs a space that has an end."""
TRIALS = {"gp": 15, "ehvi": 15}
"""These take seconds for a suggestion, once there are ten trials."""


def replayed(folder: Path, price=toy.cost_of) -> Replay:
    return replay(folder, lambda _: price, lambda *_: None)


def assert_equal(found: Replay, **least: int) -> None:
    assert found.differences == ()
    assert all(tally.different == 0 for tally in found.tallies.values())
    for check, number in least.items():
        assert found.tallies[check.replace("_", " ")].recomputed >= number


def step(study: Study, epochs: int = EPOCHS):
    """One trial, trained as far as its stopper lets it; now and then one fails."""
    trial = study.ask()
    if trial is None:
        return None
    reports = toy.measurements(trial, EPOCHS)[:epochs]
    stopped = any(study.report(trial, m) is Decision.STOP for m in reports)
    if trial.seed % 5 == 0 and not stopped:
        study.tell(trial, Failure(kind="X", message="x"))
    elif epochs == EPOCHS or stopped:
        study.tell(trial, toy.result_of(trial), stopped=stopped)
    return trial


def train(trial, report):
    for measurement in toy.measurements(trial, EPOCHS):
        if report(measurement) is Decision.STOP:
            break
    return toy.result_of(trial)


def finish(study: Study) -> None:
    while step(study):
        pass


def searched(folder: Path, **changes) -> Study:
    """Killed in the middle of a training twice; the last time the budget is raised."""
    last = changes.pop("trials", 20)
    task = TASKS.get(changes.get("sampler", ""), TASK)
    spec = toy.spec_of(task=task, constraints=toy.TIGHT, trials=last // 2, **changes)
    study = Study.create(folder, spec, toy.cost_of)
    for trials in (3, last // 2, last):
        with study:
            for _ in range(trials - sum(t.charged for t in study.trials)):
                step(study)
            step(study, epochs=1)
        study = Study.open(folder, toy.cost_of, budget=Budget(trials=last))
    with study:
        finish(study)
        return study.trials


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler(tmp_path, sampler):
    trials = searched(tmp_path / "s", sampler=sampler, trials=TRIALS.get(sampler, 20))
    found = replayed(tmp_path / "s")
    assert_equal(found, settings=5, suggestions=len(trials), screens=len(trials))
    assert found.tallies["suggestions"].recomputed == len(trials)
    assert any(t.rejected for t in trials)
    assert any(t.state is TrialState.FAIL for t in trials)


@pytest.mark.parametrize("stopper", STOPPERS)
def test_every_stopper(tmp_path, stopper):
    trials = searched(tmp_path / "s", stopper=stopper, sampler="random", trials=30)
    assert_equal(replayed(tmp_path / "s"), stop_decisions=60)
    assert any(t.stop for t in trials) == (stopper != "none")


def test_children_that_a_resume_added(tmp_path):
    spec = toy.spec_of(trials=4, compress=family.LIST[:1])
    with Study.create(tmp_path / "s", spec, family.cost_of) as study:
        run(study, family.train)
        before = len(study.trials)
    added = (*family.LIST, *family.REFUSED)
    more = Budget(trials=7)
    with Study.open(tmp_path / "s", family.cost_of, budget=more, compress=added) as study:
        run(study, family.train)
        assert any(t.parent is not None for t in study.trials[before:])
        assert any(t.rejected for t in study.trials)
    found = replayed(tmp_path / "s", family.cost_of)
    assert_equal(found, suggestions=12)
    assert any("--compress" in note for note in found.notes)


def test_a_model_that_is_trained_for_the_sake_of_a_child(tmp_path):
    bound = Constraint(metric="size_bytes", bound=1.5e6)
    spec = toy.spec_of(trials=4, compress=family.LIST, constraints=(bound,))
    with Study.create(tmp_path / "s", spec, family.cost_of) as study:
        run(study, family.train)
    assert_equal(replayed(tmp_path / "s", family.cost_of), suggestions=8)


@pytest.mark.parametrize("sampler", ["tpe", "random", "nsga2"])
@pytest.mark.parametrize("workers", [1, 3])
def test_compressions_that_the_sampler_chose(tmp_path, sampler, workers):
    """With several trainings at once, some configs wait for one that is under way."""
    budget = Budget(trials=8, workers=workers)
    spec = toy.spec_of(task=toy.with_space(family.SEARCHED), budget=budget, sampler=sampler)
    out = random.Random(1)
    with Study.create(tmp_path / "s", spec, family.cost_of) as study:
        running = []
        while True:
            while len(running) < workers and (trial := study.ask()):
                running.append(trial)
            if not running:
                break
            trial = running.pop(out.randrange(len(running)))
            failed = trial.parent is None and trial.config["model.width"] == 1.0
            study.tell(trial, Failure(kind="X", message="x") if failed else family.result_of(trial))
        assert any(t.parent is not None for t in study.trials)
    found = replayed(tmp_path / "s", family.cost_of)
    waited = found.tallies["suggestions"].recomputed - found.tallies["screens"].recomputed
    assert_equal(found, suggestions=8)
    assert (waited > 0) == (workers > 1)


def test_workers_that_a_resume_changed(tmp_path):
    """Several of them make TPE note what it drew, which one does not."""
    spec = toy.spec_of(task=TASK, budget=Budget(trials=15, workers=2), sampler="tpe")
    with Study.create(tmp_path / "s", spec, toy.cost_of) as study:
        run(study, toy.train)
    with Study.open(tmp_path / "s", toy.cost_of, budget=Budget(trials=18)) as study:
        run(study, toy.train)
    assert_equal(replayed(tmp_path / "s"), suggestions=18)


def test_a_running_study_is_read_without_its_lock_and_left_as_it_is(tmp_path):
    with Study.create(tmp_path / "s", toy.spec_of(task=TASK), toy.cost_of) as study:
        step(study)
        step(study, epochs=2)
        with (tmp_path / "s" / "journal.log").open("ab") as log:
            log.write(b'{"op_code": 8, "worker')
        before = {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in study.folder.iterdir()}
        assert_equal(replayed(tmp_path / "s"), suggestions=2)
        after = {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in study.folder.iterdir()}
    assert after == before


def test_a_study_that_has_not_begun(tmp_path):
    with Study.create(tmp_path / "s", toy.spec_of(), toy.cost_of):
        pass
    (tmp_path / "s" / "journal.log").unlink()
    found = replayed(tmp_path / "s")
    assert_equal(found)
    assert sum(tally.recomputed for tally in found.tallies.values()) == 0
    assert not (tmp_path / "s" / "journal.log").exists()


def test_trials_that_somebody_added_with_optuna_are_left_alone(tmp_path):
    import optuna

    spec = toy.spec_of(trials=14, sampler="tpe")
    with Study.create(tmp_path / "s", spec, toy.cost_of) as study:
        run(study, toy.train)
    storage = journal.JournalStorage(
        journal_place.JournalFileBackend(str(tmp_path / "s" / "journal.log"))
    )
    visitor = optuna.load_study(study_name=spec.name, storage=storage)
    visitor.tell(visitor.ask(), state=optuna.trial.TrialState.FAIL)
    with Study.open(tmp_path / "s", toy.cost_of, budget=Budget(trials=18)) as study:
        run(study, toy.train)
    found = replayed(tmp_path / "s")
    assert_equal(found, suggestions=18)
    assert "1 trials are not automed's: not recomputed" in found.notes


def test_a_stop_that_a_kill_kept_from_the_log_is_not_held_against_the_study(tmp_path, monkeypatch):
    class KilledError(Exception):
        pass

    searched(tmp_path / "s", stopper="halving", sampler="random")
    study = Study.open(tmp_path / "s", toy.cost_of, budget=Budget(trials=60))
    write = study._journal.note

    def killed(number, key, value):
        if key == record.STOP:
            raise KilledError
        write(number, key, value)

    monkeypatch.setattr(study._journal, "note", killed)
    with study, pytest.raises(KilledError):
        finish(study)
    found = replayed(tmp_path / "s")
    assert_equal(found)
    assert any("1 decisions to stop were due" in note for note in found.notes)
    with Study.open(tmp_path / "s", toy.cost_of) as study:
        step(study)
    assert_equal(replayed(tmp_path / "s"))


def test_a_damaged_log_is_refused_as_elsewhere(tmp_path):
    searched(tmp_path / "s", trials=4, sampler="random")
    log = tmp_path / "s" / "journal.log"
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join([*lines[:9], b"garbage\n", *lines[10:]]))
    with pytest.raises(StudyError, match=r"journal\.log cannot be read"):
        replayed(tmp_path / "s")


def test_no_study_is_refused(tmp_path):
    with pytest.raises(StudyError, match="there is no study"):
        replayed(tmp_path / "nowhere")


def test_a_training_that_the_budget_paused(tmp_path):
    spec = toy.spec_of(task=TASK, budget=Budget(epochs=40), stopper="halving", sampler="random")
    with Study.create(tmp_path / "s", spec, toy.cost_of) as study:
        run(study, train)
        assert study.paused
    assert_equal(replayed(tmp_path / "s"))
    with Study.open(tmp_path / "s", toy.cost_of, budget=Budget(epochs=90)) as study:
        run(study, train)
    assert_equal(replayed(tmp_path / "s"), stop_decisions=90)
