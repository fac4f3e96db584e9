"""kill -9 at random moments, for every sampler: the study equals one that nobody disturbed.

By default some samplers and few kills; ``AUTOMED_KILL_ALL=1`` runs all of them, 50 trials and 20
kills each, which takes a quarter of an hour.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from pathlib import Path

import pytest
from toy_study import TASK, TIGHT, cost_of, history, measurements, spec_of, train, with_space

from automed.domain.decision import Decision
from automed.domain.result import Result
from automed.domain.trial import Trial
from automed.executors.inline import run
from automed.search.samplers.registry import SAMPLERS
from automed.search.study import Study
from automed.search.view import read_study

ALL = "AUTOMED_KILL_ALL" in os.environ
TRIALS, KILLS = (50, 20) if ALL else (20, 3)
EPOCHS = 9
CHOSEN = list(SAMPLERS) if ALL else ["tpe", "ehvi", "nsga2"]
LONGER = TASK.replace(training=TASK.training.replace(epochs=EPOCHS))
COUNTED = with_space(
    """
    [model.width]
    choices = [0.25, 0.5, 1.0]
    [training.loss]
    choices = ["bce", "dice"]
    [model.dropout]
    low = 0.0
    high = 0.5
    step = 0.1
    [training.batch_size]
    choices = [4, 8, 16, 32]
    """
).space


def spec(sampler: str):
    task = LONGER.replace(space=COUNTED, baselines=()) if sampler == "grid" else LONGER
    constraints = () if sampler == "grid" else TIGHT
    return spec_of(
        trials=TRIALS, sampler=sampler, stopper="halving", task=task, constraints=constraints
    )


def search(folder: Path, sampler: str, pause: float) -> None:
    def trained(trial: Trial, report) -> Result:
        for measurement in measurements(trial, EPOCHS):
            time.sleep(pause)
            if report(measurement) is Decision.STOP:
                break
        return train(trial, lambda _: None)

    exists = (folder / "study.json").exists()
    opened = Study.open(folder, cost_of) if exists else Study.create(folder, spec(sampler), cost_of)
    with opened as study:
        run(study, trained, [])


def forked(*arguments) -> multiprocessing.process.BaseProcess:
    # A fork has optuna imported already: starting python would take longer than the search.
    process = multiprocessing.get_context("fork").Process(target=search, args=arguments)
    process.start()
    return process


def lines(folder: Path) -> int:
    journal = folder / "journal.log"
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


@pytest.mark.timeout(1200)
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.parametrize("sampler", CHOSEN)
def test_random_kills_change_nothing(sampler: str, tmp_path: Path) -> None:
    whole = forked(tmp_path / "whole", sampler, 0.0)
    whole.join()
    assert whole.exitcode == 0
    total = lines(tmp_path / "whole")
    moments = random.Random(sampler)
    folder, kills = tmp_path / "killed", 0
    for moment in sorted(moments.sample(range(3, total - 3), KILLS)):
        process = forked(folder, sampler, 0.002)
        while process.is_alive() and lines(folder) < moment:
            time.sleep(0.001)
        if process.is_alive():
            os.kill(process.pid, signal.SIGKILL)
            kills += 1
        process.join()
        assert process.exitcode in (0, -signal.SIGKILL)
    last = forked(folder, sampler, 0.0)
    last.join()
    assert last.exitcode == 0
    assert kills > KILLS / 2
    undisturbed = read_study(tmp_path / "whole")
    disturbed = read_study(folder)
    assert history(disturbed.trials) == history(undisturbed.trials)
    assert [t.stop for t in disturbed.trials] == [t.stop for t in undisturbed.trials]
    assert [t.continues for t in disturbed.trials] == [t.continues for t in undisturbed.trials]
    assert disturbed.front().trials == undisturbed.front().trials
    assert sum(t.charged for t in disturbed.trials) == TRIALS
    assert any(t.stop for t in disturbed.trials)
