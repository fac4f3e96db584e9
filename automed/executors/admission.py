"""Which worker may train a trial, so that memory holds all that are trained beside each other."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from automed.domain.result import Failure, Result
from automed.domain.trial import Trial
from automed.executors.slots import Slot

_log = logging.getLogger(__name__)

Needs = Callable[[Trial], float]
"""Bytes that training a trial takes, as predicted."""


_ALIKE = 2.0
"""Trainings are of about the same size where neither was predicted more than so many times the
other."""


@dataclass
class Admission:
    """Keeps a trial back until there is memory for it.

    A prediction may be wrong. So what was measured corrects it: where trainings of about that size
    took more, or less, than was predicted, by the factor of the worst of them; else by the bytes
    that smaller ones took in excess, since what kernels take to work with weighs on these most. And
    one that nobody trains beside is always admitted: it may still be trained in parts.

    Attributes:
        needs: As predicted.
        capacity: Bytes of each GPU's memory, by `Slot.gpu`, and of main memory by None, as far as
            trainings may use it. What is not listed has room for all.
        each: Bytes that a worker takes besides what it trains.
    """

    needs: Needs
    capacity: Mapping[str | None, float] = field(default_factory=dict)
    each: float = 0.0
    _predicted: dict[int, float] = field(default_factory=dict)
    _measured: list[tuple[float, float]] = field(default_factory=list)
    """Of the trainings that have ended: as predicted, and what they took."""
    _alone: set[int] = field(default_factory=set)

    def slot_for(
        self, trial: Trial, free: Sequence[Slot], busy: Mapping[Slot, Trial]
    ) -> Slot | None:
        """The free slot with the most memory left; None: none has enough.

        Args:
            trial: That is to be trained.
            free: Slots without a trial, those first that are to be taken first.
            busy: The others, with theirs.
        """
        left = {slot: self._left(slot, busy) for slot in free}
        best = max(free, key=lambda slot: left[slot])
        beside = [other for slot, other in busy.items() if slot.gpu == best.gpu]
        if not beside:
            return best
        if any(other.number in self._alone for other in (trial, *beside)):
            return None
        if self._need(trial) <= left[best]:
            return best
        _log.info(
            "trial %d waits for memory: it takes about %.1f GB, %.1f are left",
            trial.number, self._need(trial) / 1e9, max(0.0, left[best]) / 1e9,
        )  # fmt: skip
        return None

    def leave_alone(self, trial: Trial) -> None:
        """Memory may have run out while it was trained: from now on, not beside others."""
        self._alone.add(trial.number)

    def learn(self, trial: Trial, outcome: Result | Failure) -> None:
        """A trial ended: what it took is known, where its device counts that."""
        predicted = self._predicted.pop(trial.number, None)
        peak = outcome.cost.peak_memory_bytes if isinstance(outcome, Result) else None
        if predicted and peak is not None and trial.parent is None:
            self._measured.append((predicted, peak.value))

    def _left(self, slot: Slot, busy: Mapping[Slot, Trial]) -> float:
        there = (trial for other, trial in busy.items() if other.gpu == slot.gpu)
        return self.capacity.get(slot.gpu, float("inf")) - sum(map(self._need, there))

    def _need(self, trial: Trial) -> float:
        if trial.number not in self._predicted:
            self._predicted[trial.number] = self.needs(trial)
        return self._corrected(self._predicted[trial.number]) + self.each

    def _corrected(self, need: float) -> float:
        alike = [
            took / said for said, took in self._measured if need / _ALIKE <= said <= need * _ALIKE
        ]
        if alike:
            return need * max(alike)
        excess = [took - said for said, took in self._measured if said < need]
        return need + max([0.0, *excess])


def _nothing(trial: Trial) -> float:
    del trial
    return 0.0


def everybody() -> Admission:
    """An admission that keeps nobody back."""
    return Admission(_nothing)
