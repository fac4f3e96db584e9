"""The epochs of a trial as points of MLflow's curves."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from automed.domain.history import HISTORY
from automed.domain.measurement import Measurement
from automed.domain.trial import Trial, TrialState
from automed.tracking.limits import clean_key
from automed.tracking.run import Point, Run, same


def points_of(history: Sequence[Measurement], start: int) -> list[Point]:
    """One point a metric and epoch; ``start`` in milliseconds since 1970."""
    return [
        Point(clean_key(key), m.epoch, value, start + round(m.seconds * 1000))
        for m in history
        for key, value in m.metrics.items()
    ]


def is_stale(run: Run, trial: Trial, history: Sequence[Measurement]) -> bool:
    """Whether a run holds epochs of an earlier attempt, which MLflow cannot take back."""
    if trial.state is not TrialState.RUNNING and not history:
        return False  # the study's folder was tidied up: what MLflow holds is all there is
    expected = {(p.key, p.step): p.value for p in points_of(history, run.start)}
    for key in run.metric_names():
        if key.startswith("best_"):
            continue
        for step, value in run.points(key).items():
            # Step 0 holds the figures that belong to no epoch.
            if step > 0 and not same(expected.get((key, step)), value):
                return True
    return False


def duration_of(trial: Trial, history: Sequence[Measurement]) -> int:
    """How long a trial trained, in milliseconds."""
    if trial.result is not None:
        return round(trial.result.seconds * 1000)
    return round(history[-1].seconds * 1000) if history else 0


def beginning_of(folder: Path, history: Sequence[Measurement]) -> float:
    """When a trial began, in seconds since 1970, from its files where nobody watched it."""
    try:
        ended = (folder / HISTORY).stat().st_mtime
    except FileNotFoundError:
        ended = time.time()
    return ended - (history[-1].seconds if history else 0.0)
