"""A toy search on a Ray cluster, for tests that kill parts of it: ``ray_search.py FOLDER ADDRESS``.

Trials take a second each; beside the study they leave a line with their number and process, in
``trained`` when they begin and in ``left`` when they end, however that comes. Before so many
processes as the file ``wanted`` says have begun one, no trial goes on: Tune gives the trial of an
actor that is still starting to one whose trial has ended.
"""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from toy_study import TASK, cost_of, measurements, result_of, spec_of

from automed.domain.budget import Budget
from automed.domain.result import Result
from automed.domain.trial import Trial

TRIALS = 12
EPOCHS = 5


def train(trial: Trial, report: Any, *, notes: Path) -> Result:
    note(notes / "trained", trial)
    try:
        for measurement in measurements(trial, EPOCHS):
            time.sleep(0.2)
            while len(processes(notes)) < int((notes / "wanted").read_text()):
                time.sleep(0.05)
            report(measurement)
        return result_of(trial).replace(epochs=EPOCHS)
    finally:
        note(notes / "left", trial)


def note(file: Path, trial: Trial) -> None:
    with file.open("a") as opened:
        opened.write(f"{trial.number} {os.getpid()}\n")


def processes(notes: Path) -> set[str]:
    """Those in which something was trained."""
    return {line.split()[1] for line in (notes / "trained").read_text().splitlines()}


class AtATime:
    """Prints how many trials run whenever one begins: what the live table tells the time by."""

    def __init__(self) -> None:
        self._running: set[int] = set()

    def trial_started(self, trial: Trial) -> None:
        self._running.add(trial.number)
        print(f"at a time: {len(self._running)}", flush=True)  # noqa: T201 - what the test reads

    def trial_measured(self, *_: Any) -> None:
        pass

    def trial_finished(self, trial: Trial) -> None:
        self._running.discard(trial.number)

    def trial_put_back(self, trial: Trial, lost: str | None = None) -> None:
        self.trial_finished(trial)

    trial_rejected = trial_finished


def main(folder: Path, address: str) -> None:
    from automed.executors.ray_tune.executor import run
    from automed.search.study import Study

    task = TASK.replace(training=TASK.training.replace(epochs=EPOCHS))
    budget = Budget(trials=TRIALS, workers=2)
    spec = spec_of(budget=budget, sampler="random", task=task)
    with Study.create(folder, spec, cost_of) as study:
        outcome = run(study, partial(train, notes=folder.parent), [AtATime()], address=address)
    print(outcome.value, flush=True)  # noqa: T201


if __name__ == "__main__":
    # By the name under which the nodes' processes import it: `__main__` is another one there.
    import ray_search

    ray_search.main(Path(sys.argv[1]), sys.argv[2])
