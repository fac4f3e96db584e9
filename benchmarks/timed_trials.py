"""Trials that write down when they ran, whatever process or node they ran in."""

from __future__ import annotations

import json
import os
import statistics
import time
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from automed.domain.decision import Decision
from automed.domain.measurement import Measurement
from automed.domain.result import Result
from automed.domain.trial import Trial
from automed.executors.run_trial import Report, RunTrial

BEGUN = "AUTOMED_SCALING_BEGUN"
"""When the command was given. The monotonic clock is the machine's, not a process's."""

WARM_UP = 2
"""Trials of each worker that its gaps are not counted of."""


@dataclass(frozen=True)
class Timed:
    """A ``run_trial`` that writes down when it ran, and how long its reports took.

    Attributes:
        run_trial: What to time.
        notes: A file that all workers add a line to.
    """

    run_trial: RunTrial
    notes: Path

    def __call__(self, trial: Trial, report: Report) -> Result:
        """Train, and add a line."""
        begun = time.monotonic()
        waited: list[float] = []
        stepped: list[float] = []

        def timed(measurement: Measurement) -> Decision:
            asked = time.monotonic()
            stepped.append(asked - measurement.seconds)
            answer = report(measurement)
            waited.append(time.monotonic() - asked)
            return answer

        result = self.run_trial(trial, timed)
        line = {"worker": os.getpid(), "begun": begun, "ended": time.monotonic(),
                "waited": sum(waited), "first_step": stepped[0]}  # fmt: skip
        with self.notes.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        return result


def figures(notes: Path, seconds: float) -> dict[str, float]:
    """What the workers wrote down, in short.

    Args:
        notes: The file.
        seconds: That the search took.
    """
    lines = [json.loads(line) for line in notes.read_text(encoding="utf-8").splitlines()]
    by_worker: dict[int, list[dict[str, float]]] = defaultdict(list)
    for line in lines:
        by_worker[line["worker"]].append(line)
    turns = [turn for own in by_worker.values() for turn in pairwise(own[WARM_UP - 1 :])]
    gaps = [after["begun"] - before["ended"] for before, after in turns]
    waited = statistics.mean(line["waited"] for line in lines)
    return {
        "trials": len(lines),
        "seconds": seconds,
        "trials_per_hour": 3600 * len(lines) / seconds,
        "first_step": min(line["first_step"] for line in lines) - float(os.environ[BEGUN]),
        "overhead_ms": 1000 * (waited + (statistics.mean(gaps) if gaps else 0.0)),
        "trial_seconds": statistics.mean(line["ended"] - line["begun"] for line in lines),
    }
