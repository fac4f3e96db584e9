"""One trial, as executors call it. Workers import this and what a training needs, no more."""

from __future__ import annotations

from collections.abc import Callable

from automed.domain.decision import Decision
from automed.domain.measurement import Measurement
from automed.domain.result import Result
from automed.domain.trial import Trial
from automed.pipeline.job import Job
from automed.pipeline.resume import resume_trial


def one_trial(trial: Trial, report: Callable[[Measurement], Decision], *, job: Job) -> Result:
    """Train, or compress, and measure; see `resume_trial`."""
    return resume_trial(trial, job, report)
