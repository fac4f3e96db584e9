"""What is said of a space and its trials: the same in the dashboard and in MLflow."""

from __future__ import annotations

from collections.abc import Sequence

from automed.analysis.rejections import Rejection
from automed.analysis.stopped_courses import MOST
from automed.domain.objective import Objective
from automed.domain.space import SearchSpace
from automed.domain.trial import Trial
from automed.search.importance import FEWEST, SHUFFLES

FRONT = "the front"
"""What parameters may be important for, beside a single objective."""
ROUGH = 50
"""Complete trials below which the best tenth are fewer than the method's authors ask for."""

NOTHING_VARIED = "No parameter of this study varied: there is nothing to weigh."
NOTHING_SLICED = (
    "Nothing to slice yet: at least two complete trials with different values are needed."
)
SLICED = (
    "Each point is a complete trial, coloured by its GFLOPs (MACs); bars are the medians of "
    "choices, of which the best one stands left; numbers stand in their order."
)
NOTHING_TRAINED = "No training has begun yet."
NO_STOPPER = "This study ran without a stopper. With one, hopeless trainings end early:"
NOTHING_REJECTED = "Every config that was proposed could be trained."
NO_CONSTRAINTS = "This study has no constraints. With some, what exceeds them costs nothing:"
REJECTED = (
    "Their cost was computed before any training, in a fraction of a second each; they are charged "
    "to no budget."
)
STATES = "Fixed and narrowed: by --fix, --set or --space, or by what goes with them"
"""What the states of parameters mean that are not plain."""


def stopper_command(task: str) -> str:
    """A search with a stopper."""
    return f"automed search {task} --stopper dominance"


def constraints_command(task: str) -> str:
    """A search with constraints."""
    return f"automed search {task} --max-gflops 2 --max-size-mb 8"


def too_few_words(count: int) -> str:
    """Why parameters are not weighed yet."""
    return f"Too few trials to tell: {count} complete, {FEWEST} are needed."


def importance_words(aim: str, count: int, objectives: Sequence[Objective], guide: str) -> str:
    """How parameters were weighed.

    Args:
        aim: `FRONT`, or the label of an objective.
        count: Of the complete trials.
        objectives: The study's.
        guide: Label of the guide metric.
    """
    what = "on and nearest to the front" if aim == FRONT else f"with the best {aim}"
    others = " and ".join(o.label for o in objectives if o.label != guide)
    apart = (
        f" The front counts {others}, too: slices, which show {guide}, may tell otherwise."
        if aim == FRONT and others
        else ""
    )
    rough = (
        f" With fewer than {ROUGH} complete trials this is a rough guess." if count < ROUGH else ""
    )
    return (
        f"What tells the trials {what} (the best tenth, five at least) from all {count} complete "
        "ones: conditional PED-ANOVA. A parameter with conditions is judged by the trials in which "
        "it is active. The upright marks: what a parameter without effect hardly exceeds, from "
        f"{SHUFFLES} drawings of the best trials by lot. Stopped trainings and compressed models "
        f"are left out.{apart}{rough}"
    )


def missing_words(missing: int, total: int) -> str:
    """Why not every training has a course.

    Args:
        missing: Courses that are not drawn.
        total: Trainings.
    """
    if total > MOST:
        return f"The best training and the last {MOST - 1} of {total} are drawn."
    return (
        f"{missing} of {total} trainings have no course to draw: they have not reached the end of "
        "an epoch, or their folder was deleted."
    )


def several_words(found: Sequence[Rejection]) -> str:
    """Why the reasons add up to more than the configs; empty: they do not."""
    if sum(len(one.trials) for one in found) > len({n for one in found for n in one.trials}):
        return "A config can break several constraints; it counts for each of them."
    return ""


def space_words(space: SearchSpace) -> str:
    """Which space it is."""
    return f"Space {space.name}, version {space.version}"


def gone_words(gone: Sequence[str]) -> str:
    """Which parameters the command line left without any effect; empty: none."""
    return f"Without any effect in this study: {', '.join(gone)}" if gone else ""


def drawn_words(trials: Sequence[Trial]) -> str:
    """How far a study had come when a page of it was written."""
    return f"As of trial {trials[-1].number}." if trials else "As of the start: no trial yet."
