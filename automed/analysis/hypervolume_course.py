"""How the hypervolume of a study grew, trial by trial."""

from __future__ import annotations

from collections.abc import Sequence

from automed.domain.front import front_of, losses_of, non_dominated, reference_loss
from automed.domain.objective import Objective
from automed.domain.trial import Trial, TrialState


def hypervolume_course(
    trials: Sequence[Trial], objectives: Sequence[Objective]
) -> list[tuple[int, float]]:
    """The hypervolume after each trial that changed the front.

    Measured with the reference that the study has at its end, so that the course only rises and
    its last value is the hypervolume of the study's front.

    Args:
        trials: The complete ones that keep the constraints; others are passed over.
        objectives: The study's.

    Returns:
        Pairs of a trial's number and the hypervolume, a share in [0, 1], in the order of the
        trials' numbers.
    """
    done = sorted(
        (t for t in trials if t.state is TrialState.COMPLETE and t.result is not None),
        key=lambda t: t.number,
    )
    if not done:
        return []
    fixed = _with_reference(done, objectives)
    losses = losses_of(done, fixed)
    course: list[tuple[int, float]] = []
    members: list[int] = []
    for index, trial in enumerate(done):
        candidates = [*members, index]
        kept = non_dominated(losses[candidates])
        if not kept[-1]:
            continue
        members = [i for i, keep in zip(candidates, kept, strict=True) if keep]
        course.append((trial.number, front_of([done[i] for i in members], fixed).hypervolume))
    return course


def _with_reference(
    trials: Sequence[Trial], objectives: Sequence[Objective]
) -> tuple[Objective, ...]:
    """The objectives with the reference that `front_of` takes for all trials together."""
    losses = losses_of(trials, objectives)
    return tuple(
        # Turning the sign back and forth gives the same number.
        objective.replace(reference=objective.loss(reference_loss(objective, column)))
        for objective, column in zip(objectives, losses.T, strict=True)
    )
