"""A budget of epochs is never overspent: not by several trainings at once, not across crashes."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from toy_study import TASK, cost_of, dice_of, history, result_of, spec_of

from automed.domain.budget import Budget, Limits
from automed.domain.decision import Decision
from automed.domain.measurement import Measurement
from automed.domain.trial import Trial
from automed.executors.inline import run
from automed.executors.outcome import Outcome
from automed.search.study import Study

EPOCHS = 5
SHORT = TASK.replace(training=TASK.training.replace(epochs=EPOCHS))


def spec_with(**limits: float):
    return spec_of(task=SHORT, budget=Budget(**limits), sampler="random")


def measurement(trial: Trial, epoch: int) -> Measurement:
    value = dice_of(trial.config) * epoch / EPOCHS
    return Measurement(epoch=epoch, metrics={"dice": value}, seconds=float(epoch))


class Workers:
    """Trainings that go on beside one another, and whatever may befall them."""

    def __init__(self, folder: Path, limit: int, seed: int) -> None:
        self.folder, self.limit = folder, limit
        self.random = random.Random(seed)
        self.study = Study.create(folder, spec_with(epochs=limit), cost_of)
        self.out: dict[int, tuple[Trial, int]] = {}
        self.reached: dict[int, int] = {}
        self.trained: set[tuple[int, int]] = set()
        self.refused = False

    def ask(self) -> None:
        trial = self.study.ask()
        self.refused = trial is None
        if trial is not None:
            # From a checkpoint, which may be an old one, or be missing.
            self.out[trial.number] = (
                trial,
                self.random.randint(0, self.reached.get(trial.number, 0)),
            )

    def train(self) -> None:
        trial, done = self.out[self.random.choice(list(self.out))]
        epoch = done + 1
        if epoch <= EPOCHS:
            self.trained.add((trial.number, epoch))
            assert len(self.trained) <= self.limit, "an epoch was trained that nobody paid for"
            decision = self.study.report(trial, measurement(trial, epoch))
            self.reached[trial.number] = max(epoch, self.reached.get(trial.number, 0))
            if decision is Decision.PAUSE:
                self.put_back(trial)
                return
            self.out[trial.number] = trial, epoch
        # Some lose patience before the last epoch.
        if epoch >= EPOCHS or self.random.random() < 0.1:
            self.study.tell(trial, result_of(trial))
            del self.out[trial.number]

    def put_back(self, trial: Trial) -> None:
        self.study.put_back(trial)
        del self.out[trial.number]

    def crash(self) -> None:
        self.study.close()
        self.out.clear()
        self.study = Study.open(self.folder, cost_of)


@settings(max_examples=40)
@given(st.integers(1, 23), st.integers(1, 4), st.integers(0, 10**6))
@example(limit=1, most=4, seed=0)
@example(limit=EPOCHS, most=2, seed=1)
def test_no_interleaving_overspends_and_all_is_used(limit: int, most: int, seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        workers = Workers(Path(folder) / "s", limit, seed)
        dice = workers.random
        for _ in range(2000):
            chance = dice.random()
            if workers.out and chance < 0.05:
                workers.put_back(dice.choice(list(workers.out.values()))[0])
            elif chance < 0.08:
                workers.crash()
            elif len(workers.out) < most and (not workers.out or chance < 0.5):
                workers.ask()
                if workers.refused and not workers.out:
                    break
            else:
                workers.train()
        else:
            pytest.fail("the search does not end")
        spent = workers.study.spending
        assert spent.epochs == len(workers.trained) == limit
        assert workers.study.spent == Limits(epochs=limit)
        workers.study.close()


class Trainings:
    """A run_trial with checkpoints, whose trials lose patience now and then."""

    def __init__(self) -> None:
        self.trained: list[tuple[int, int]] = []

    def __call__(self, trial: Trial, report):
        done = max((e for n, e in self.trained if n == trial.number), default=0)
        last = 3 if trial.seed % 3 == 0 else EPOCHS
        for epoch in range(done + 1, last + 1):
            self.trained.append((trial.number, epoch))
            report(measurement(trial, epoch))
        return result_of(trial)


@pytest.mark.parametrize("stops", [(12, 40), (1, 2, 3, 39, 40), (20, 40)])
def test_a_budget_in_parts_gives_the_study_of_the_whole(tmp_path: Path, stops) -> None:
    whole, parts = Trainings(), Trainings()
    with Study.create(tmp_path / "whole", spec_with(epochs=40), cost_of) as study:
        assert run(study, whole, []) is Outcome.FINISHED
        expected = history(study.trials)
        paused = study.paused
    Study.create(tmp_path / "parts", spec_with(epochs=stops[0]), cost_of).close()
    for stop in stops:
        with Study.open(tmp_path / "parts", cost_of, budget=Budget(epochs=stop)) as study:
            assert run(study, parts, []) is Outcome.FINISHED
            assert len(parts.trained) == study.spending.epochs == stop
            found = history(study.trials)
            assert study.paused == (paused if stop == 40 else study.paused)
    assert found == expected
    assert parts.trained == whole.trained


def test_a_training_at_its_last_epoch_is_not_paused(tmp_path: Path) -> None:
    with Study.create(tmp_path / "s", spec_with(epochs=EPOCHS), cost_of) as study:
        trial = study.ask()
        assert trial is not None
        decisions = [study.report(trial, measurement(trial, e)) for e in range(1, EPOCHS + 1)]
        assert decisions == [Decision.CONTINUE] * EPOCHS
        study.tell(trial, result_of(trial))
        assert study.ask() is None
        assert study.paused == {}


def test_one_that_was_killed_after_its_last_epoch_is_finished_all_the_same(tmp_path: Path) -> None:
    with Study.create(tmp_path / "s", spec_with(epochs=EPOCHS), cost_of) as study:
        trial = study.ask()
        assert trial is not None
        for epoch in range(1, EPOCHS + 1):
            study.report(trial, measurement(trial, epoch))
    with Study.open(tmp_path / "s", cost_of) as study:
        again = study.ask()
        assert again == trial
        # Without a checkpoint it trains anew, and is not charged twice.
        for epoch in range(1, EPOCHS + 1):
            assert study.report(trial, measurement(trial, epoch)) is Decision.CONTINUE
        study.tell(trial, result_of(trial))
        assert study.ask() is None
        assert study.spending.epochs == EPOCHS


def test_a_paused_training_goes_on_first_and_names_its_epoch(tmp_path: Path) -> None:
    trainings = Trainings()
    with Study.create(tmp_path / "s", spec_with(epochs=2, trials=3), cost_of) as study:
        assert run(study, trainings, []) is Outcome.FINISHED
        assert study.paused == {0: 2}
        assert study.spent == Limits(epochs=2)
        assert [t.label for t in study.trials] == ["running"]
        assert study.ask() is None
    with Study.open(tmp_path / "s", cost_of, budget=Budget(epochs=99, trials=3)) as study:
        assert run(study, trainings, []) is Outcome.FINISHED
        assert study.paused == {}
        assert study.spent == Limits(trials=3)
        assert trainings.trained[2] == (0, 3)


def test_with_several_at_once_the_last_epoch_is_handed_out_once(tmp_path: Path) -> None:
    with Study.create(tmp_path / "s", spec_with(epochs=3), cost_of) as study:
        first, second, third = study.ask(), study.ask(), study.ask()
        assert first is not None
        assert second is not None
        assert third is not None
        assert study.ask() is None, "three epochs are promised"
        assert study.spent is None
        study.put_back(third)
        assert study.report(first, measurement(first, 1)) is Decision.CONTINUE
        assert study.ask() is None
        assert study.report(second, measurement(second, 1)) is Decision.PAUSE
        study.put_back(second)
        assert study.report(first, measurement(first, 2)) is Decision.PAUSE
        assert study.spending.epochs == 3
