"""What a sampler is shown of a long study, where its time grows with the cube of the trials."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from optuna.trial import FrozenTrial, TrialState

from automed.domain.front import non_dominated
from automed.domain.task import AnyTask
from automed.search.record import CONSTRAINT

FRONT, NEWEST, BEST = 0.4, 0.2, 0.2
"""Shares of an excerpt, one after the other; what is left goes to trials of all qualities."""


def excerpt(trials: Sequence[FrozenTrial], task: AnyTask, most: int) -> list[FrozenTrial]:
    """No more than so many complete trials, in their order, and all others.

    Kept are the front, as far as it fits, the newest, which say where the search is, the best by
    the guide metric, and of the rest every so many in the order of quality: a model that was shown
    good trials alone would expect good ones everywhere. A function of the trials alone.

    Args:
        trials: As samplers see them. Complete ones have values in the order of the objectives.
        task: Names the objectives.
        most: Complete trials to keep.
    """
    done = [at for at, trial in enumerate(trials) if trial.state is TrialState.COMPLETE]
    if len(done) <= most:
        return list(trials)
    rows = np.asarray([trials[at].values for at in done], np.float64)
    losses = np.column_stack(
        [[o.loss(v) for v in rows[:, column]] for column, o in enumerate(task.objectives)]
    )
    quality = losses[:, task.objectives.index(task.quality)]
    by_quality = [done[at] for at in np.argsort(quality, kind="stable")]
    kept: set[int] = set()
    for share, wanted in (
        (FRONT, reversed(_front([trials[at] for at in done], losses, done))),
        (NEWEST, reversed(done)),
        (BEST, iter(by_quality)),
    ):
        _fill(kept, wanted, round(share * most))
    left = [at for at in by_quality if at not in kept]
    places = np.linspace(0, len(left) - 1, most - len(kept)).round().astype(int)
    kept.update(left[place] for place in places)
    return [t for at, t in enumerate(trials) if at in kept or t.state is not TrialState.COMPLETE]


def _front(
    done: Sequence[FrozenTrial], losses: NDArray[np.float64], places: Sequence[int]
) -> list[int]:
    """Places of the non-dominated among those that keep the constraints."""
    allowed = np.asarray([_allowed(trial) for trial in done])
    inside = [place for place, keeps in zip(places, allowed, strict=True) if keeps]
    leads = non_dominated(losses[allowed])
    return [place for place, on in zip(inside, leads, strict=True) if on]


def _allowed(trial: FrozenTrial) -> bool:
    attrs = trial.system_attrs.items()
    return all(value <= 0 for key, value in attrs if key.startswith(CONSTRAINT))


def _fill(kept: set[int], wanted: Iterable[int], count: int) -> None:
    """Add the first so many that are not there yet."""
    for at in wanted:
        if count == 0:
            return
        if at not in kept:
            kept.add(at)
            count -= 1
