"""The Pareto front: the trials that nobody beats at their price."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from automed.domain.frozen import Frozen
from automed.domain.objective import Objective
from automed.domain.trial import Trial, TrialState

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Front(Frozen):
    """The non-dominated among a study's complete trials, best guide metric first."""

    objectives: tuple[Objective, ...]
    trials: tuple[Trial, ...]
    hypervolume: float
    """Between the front and the reference point, as a share of the box from ideal to reference.

    The ideal is 1 for a maximized metric and 0 for a minimized one, so the value lies in [0, 1].
    """
    knee: int | None
    """Number of the trial closest to the ideal, each objective scaled to the extent of those that
    may be it: compressed ones that lost more than the study allows may not, if there are others."""


def front_of(trials: Sequence[Trial], objectives: Sequence[Objective]) -> Front:
    """The front of the complete trials among those given.

    Trials with equal values are all kept: they are different configs at one price.
    """
    done = [t for t in trials if t.state is TrialState.COMPLETE and t.result is not None]
    if not done:
        return Front(objectives=tuple(objectives), trials=(), hypervolume=0.0, knee=None)
    losses = losses_of(done, objectives)
    kept = non_dominated(losses)
    order = sorted((i for i, keep in enumerate(kept) if keep), key=lambda i: tuple(losses[i]))
    return Front(
        objectives=tuple(objectives),
        trials=tuple(done[i] for i in order),
        hypervolume=_share(losses, objectives),
        knee=done[_knee(losses, _eligible(done, order))].number,
    )


def losses_of(trials: Sequence[Trial], objectives: Sequence[Objective]) -> NDArray[np.float64]:
    """Objective values, shape (trials, objectives), signs turned so that smaller is better."""
    import numpy as np

    rows = []
    for trial in trials:
        assert trial.result is not None
        values = trial.result.values()
        rows.append([o.loss(values[o.metric]) for o in objectives])
    return np.asarray(rows, dtype=np.float64).reshape(len(rows), len(objectives))


def non_dominated(losses: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which rows no other row dominates; equal rows are all kept. From moocore."""
    import moocore
    import numpy as np

    if len(losses) == 0:
        return np.zeros(0, dtype=bool)
    return np.asarray(moocore.is_nondominated(losses, keep_weakly=True), dtype=bool)


def hypervolume(losses: NDArray[np.float64], reference: Sequence[float]) -> float:
    """Exact hypervolume of the region between the rows and the reference, smaller is better.

    Rows that do not beat the reference in every objective add nothing. From moocore.
    """
    import moocore
    import numpy as np

    ref = np.asarray(reference, dtype=np.float64)
    inside = losses[(losses < ref).all(axis=1)]
    if len(inside) == 0:
        return 0.0
    return float(moocore.hypervolume(inside, ref=ref))


def reference_loss(objective: Objective, losses: NDArray[np.float64]) -> float:
    """Where the hypervolume ends in one objective, its sign turned so that smaller is better.

    Args:
        objective: Its reference counts where it has one.
        losses: Of all trials in this objective, shape (trials,).
    """
    if objective.reference is not None:
        return objective.loss(objective.reference)
    worst = float(losses.max())
    # A tenth beyond the worst, so that the worst trial itself still spans some volume.
    return worst + 0.1 * abs(worst) or 1.0


def _share(losses: NDArray[np.float64], objectives: Sequence[Objective]) -> float:
    reference, ideal = [], []
    for column, objective in enumerate(objectives):
        reference.append(reference_loss(objective, losses[:, column]))
        ideal.append(objective.loss(1.0) if objective.direction == "maximize" else 0.0)
    box = 1.0
    for r, i in zip(reference, ideal, strict=True):
        box *= r - i
    return hypervolume(losses, reference) / box if box > 0 else 0.0


def _eligible(trials: Sequence[Trial], order: Sequence[int]) -> list[int]:
    """Of the front, whom one may be advised to take."""
    sound = [i for i in order if not trials[i].is_marked]
    return sound or list(order)


def _knee(losses: NDArray[np.float64], order: Sequence[int]) -> int:
    import numpy as np

    rows = losses[list(order)]
    span = np.ptp(rows, axis=0)
    scaled = (rows - rows.min(axis=0)) / np.where(span > 0, span, 1.0)
    return order[int(np.argmin(np.linalg.norm(scaled, axis=1)))]
