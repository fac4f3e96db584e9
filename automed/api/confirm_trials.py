"""Which trials of a study can be confirmed."""

from __future__ import annotations

from automed.api.front import ShownFront
from automed.domain.errors import StudyError
from automed.domain.trial import Trial, TrialState


def chosen(shown: ShownFront, numbers: tuple[int, ...]) -> tuple[Trial, ...]:
    """The trials to confirm, by number: those of the front, or the ones named.

    Raises:
        StudyError: There is none, or one that was named is not complete.
    """
    name = shown.spec.name
    complete = {t.number: t for t in shown.trials if _is_complete(t)}
    if not complete:
        raise StudyError(
            f"study {name!r} has no complete trial to confirm",
            hint=f"automed search {shown.spec.task.name} --resume --name {name}",
        )
    if not numbers:
        if not shown.front.trials:
            bounds = " and ".join(c.describe() for c in shown.spec.constraints)
            raise StudyError(
                f"none of the {len(complete)} complete trials of study {name!r} keeps {bounds}",
                hint=f"name some all the same: --trials {min(complete)}",
            )
        return tuple(sorted(shown.front.trials, key=lambda trial: trial.number))
    labels = {t.number: t.label for t in shown.trials}
    for number in numbers:
        if number not in complete:
            raise StudyError(
                f"trial {number} of study {name!r} cannot be confirmed",
                found=labels.get(number, "no such trial"),
                expected=f"complete ones, such as {', '.join(map(str, [*complete][:8]))}",
                hint=f"automed trials {name}",
            )
    return tuple(complete[number] for number in sorted(set(numbers)))


def _is_complete(trial: Trial) -> bool:
    return trial.state is TrialState.COMPLETE and trial.result is not None
