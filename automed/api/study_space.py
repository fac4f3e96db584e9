"""What a study's space held, and which of its parameters mattered."""

from __future__ import annotations

import numpy as np

from automed.api.opened_study import OpenedStudy
from automed.domain.errors import AutomedError
from automed.domain.space import SearchSpace
from automed.domain.trial import Trial, TrialState
from automed.registry.tasks import load_task
from automed.search.importance import FEWEST, SHUFFLES, Importance, importances

__all__ = ["FEWEST", "SHUFFLES", "Importance", "original_space", "weigh", "weighed_trials"]


def weighed_trials(study: OpenedStudy) -> list[Trial]:
    """The trials whose results tell what matters: complete, and whole configs of the space.

    Compressed children share their parents' config, so they would count it several times over,
    unless the space itself varies how they are compressed.
    """
    compresses = any(key.startswith("compression.") for key in study.spec.task.space.parameters)
    return [
        trial for trial in study.trials
        if trial.state is TrialState.COMPLETE and trial.result is not None
        and (trial.parent is None or compresses)
    ]  # fmt: skip


def weigh(study: OpenedStudy, metric: str | None) -> tuple[Importance, ...]:
    """How much each parameter decides.

    Args:
        study: The study.
        metric: Of one objective; None: all of them, that is, for reaching the front.

    Returns:
        The most important first; nothing where fewer than `FEWEST` trials are complete.
    """
    wanted = [o for o in study.spec.task.objectives if metric in (None, o.metric)]
    trials = weighed_trials(study)
    losses = np.full((len(trials), len(wanted)), np.nan)
    for row, trial in enumerate(trials):
        values = {} if trial.result is None else trial.result.values()
        losses[row] = [o.loss(values.get(o.metric, np.nan)) for o in wanted]
    return importances([t.config for t in trials], losses, study.spec.task.space)


def original_space(study: OpenedStudy) -> SearchSpace | None:
    """The space of the study's task, before the command line; None: the task is not to be had."""
    try:
        return load_task(study.spec.task.name).space
    except AutomedError:  # a plugin of somebody else's, or one that is broken today
        return None
