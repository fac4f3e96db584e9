"""What the trials of a study have spent, as the journal holds it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from optuna.trial import FrozenTrial

from automed.domain.budget import Spent
from automed.search.record import CONTINUES, CONTINUES_FROM, PARENT, REJECTED

TIME = "automed:time"
"""User attribute of a trial: the seconds that it took so far, over all attempts."""


@dataclass(frozen=True)
class Time:
    """What one trial took.

    Attributes:
        seconds: Its part of the search's wall time; the parts add up to the whole.
        device_seconds: From the moment it was handed out, whatever ran beside it.
    """

    seconds: float = 0.0
    device_seconds: float = 0.0

    def to_text(self) -> str:
        """As the journal holds it."""
        return json.dumps(
            {"seconds": round(self.seconds, 3), "device_seconds": round(self.device_seconds, 3)}
        )


def time_of(trial: FrozenTrial) -> Time:
    """What a trial took; nothing where an earlier version of automed wrote it."""
    return _read(trial.user_attrs.get(TIME, "{}"))


def epochs_of(trial: FrozenTrial) -> int:
    """The highest epoch that a trial has reported: one trained twice after a crash counts once."""
    return max(trial.intermediate_values, default=0)


def is_charged(trial: FrozenTrial) -> bool:
    """Whether what a trial spends counts against the budget: it trains a model of its own."""
    return REJECTED not in trial.user_attrs and PARENT not in trial.user_attrs


def spent_by(history: Iterable[FrozenTrial]) -> Spent:
    """What trials have spent together."""
    accepted = [trial for trial in history if REJECTED not in trial.user_attrs]
    charged = [trial for trial in accepted if is_charged(trial)]
    children = [trial for trial in accepted if not is_charged(trial)]
    return Spent(
        trials=sum(CONTINUES not in trial.user_attrs for trial in charged),
        seconds=sum(time_of(trial).seconds for trial in accepted),
        device_seconds=sum(time_of(trial).device_seconds for trial in charged),
        epochs=sum(epochs_of(t) - t.user_attrs.get(CONTINUES_FROM, 0) for t in charged),
        child_seconds=sum(time_of(trial).device_seconds for trial in children),
    )


@lru_cache(maxsize=2**16)
def _read(text: str) -> Time:
    """Kept: a long study is added up after each of its trials."""
    return Time(**json.loads(text))
