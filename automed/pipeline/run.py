"""One trial, from its config to its result."""

from __future__ import annotations

from collections.abc import Callable

from automed.domain.decision import Decision
from automed.domain.measurement import Measurement
from automed.domain.result import Result
from automed.domain.trial import Trial
from automed.pipeline.child import run_child
from automed.pipeline.job import Job
from automed.pipeline.parent import run_parent

Report = Callable[[Measurement], Decision]


def run_trial(trial: Trial, job: Job, report: Report) -> Result:
    """Train a model, or compress the one that an earlier trial trained; see the two functions.

    Raises:
        AutomedError: As they do.
    """
    run = run_parent if trial.parent is None else run_child
    return run(trial, job, report)
