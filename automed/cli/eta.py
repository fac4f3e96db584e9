"""How long a search still takes."""

from __future__ import annotations

from dataclasses import dataclass

from automed.domain.budget import Budget, Spent

_LATELY = 8
"""Beginnings of trials. When one begins, the others run as well, but for those that wait for
theirs."""


@dataclass
class _Running:
    begun: float
    child: bool
    epoch: int = 0

    def lasts(self, now: float) -> float:
        return now - self.begun

    def remains(self, now: float, epochs: int) -> float | None:
        if self.epoch == 0:
            return None
        return self.lasts(now) / self.epoch * (epochs - self.epoch)


@dataclass
class _Ended:
    number: int = 0
    seconds: float = 0.0


class Eta:
    """Remaining seconds of a trial and of a study, from what trials took so far.

    May be asked from another thread than the one that tells it.

    Args:
        budget: The study's: the limit that is reached first ends it. As many trials are taken to
            run at a time as ran lately, since workers may come and go; before, as it has workers.
        done: Trainings finished before this run.
        epochs: Most epochs a training.
        children: How often ``--compress`` compresses each trained model. Where the sampler
            chooses, as often as it did.
        owed: Children that the trainings of earlier runs wait for.
    """

    def __init__(
        self, budget: Budget, done: int, epochs: int, children: int = 0, owed: int = 0
    ) -> None:
        self._budget = budget
        self._done = done
        self._epochs = epochs
        self._children = children
        self._owed = owed
        self._trainings, self._compressed = _Ended(), _Ended()
        """Of this run."""
        self._trained = 0
        """Epochs of its trainings."""
        self._running: dict[int, _Running] = {}
        self._lasted: dict[int, float] = {}
        """Seconds of the trials that were put back."""
        self._at_a_time: tuple[int, ...] = ()

    def started(self, number: int, now: float, *, child: bool = False) -> None:
        """A trial began."""
        self._running[number] = _Running(now - self._lasted.pop(number, 0.0), child)
        self._at_a_time = (*self._at_a_time, len(self._running))[-_LATELY:]

    def put_back(self, number: int, now: float) -> None:
        """A trial is to go on later."""
        self._lasted[number] = self._running.pop(number).lasts(now)

    def measured(self, number: int, epoch: int) -> None:
        """An epoch of it ended."""
        self._running[number].epoch = epoch

    def trained(
        self, number: int, now: float, *, charged: bool = True, complete: bool = True
    ) -> None:
        """A training ended; one that is not charged went on with another's, its time is that one's.

        A complete one is compressed next.
        """
        ended = self._running.pop(number, _Running(now, child=False))
        self._trainings.seconds += ended.lasts(now)
        if charged:
            self._trainings.number += 1
            self._trained += ended.epoch
            self._done += 1
        self._owed += self._children * complete

    def compressed(self, number: int, now: float) -> None:
        """A child ended."""
        ended = self._running.pop(number, _Running(now, child=True))
        self._compressed.seconds += ended.lasts(now)
        self._compressed.number += 1
        self.refused()

    def refused(self) -> None:
        """A child will not be made."""
        self._owed = max(0, self._owed - 1)

    def trial(self, number: int, now: float) -> float | None:
        """Seconds until a running trial ends at the latest; None before its first epoch."""
        running = self._running.get(number)
        if running is None or running.child:
            return None
        return running.remains(now, self._epochs)

    def study(self, now: float, spent: Spent) -> float | None:
        """Seconds until the budget is spent; None while nothing is known.

        Args:
            now: The time.
            spent: What is spent by now.
        """
        budget = self._budget
        ends = [self._by_trials(now), self._by_epochs(now, spent.epochs)]
        if budget.seconds is not None:
            ends.append(budget.seconds - spent.seconds)
        if budget.device_seconds is not None:
            ends.append((budget.device_seconds - spent.device_seconds) / self._workers)
        known = [end for end in ends if end is not None]
        return max(0.0, min(known)) if known else None

    @property
    def _workers(self) -> int:
        return max(self._at_a_time, default=self._budget.workers)

    def _by_trials(self, now: float) -> float | None:
        if self._budget.trials is None:
            return None
        left = self._budget.trials - self._done
        training, child = self._training(now), self._child(now)
        if (left and training is None) or (self._owed and child is None):
            return None
        training, child = training or 0.0, child or 0.0
        # What runs longer than usual owes nothing to the others.
        behind = sum(
            min(child if one.child else training, one.lasts(now))
            for one in tuple(self._running.values())
        )
        work = left * (training + self._each * child) + self._owed * child
        return (work - behind) / max(1, min(left + self._owed, self._workers))

    def _by_epochs(self, now: float, spent: int) -> float | None:
        running = [one for one in tuple(self._running.values()) if not one.child]
        trained = self._trained + sum(one.epoch for one in running)
        if self._budget.epochs is None or trained == 0:
            return None
        seconds = self._trainings.seconds + sum(one.lasts(now) for one in running)
        left = self._budget.epochs - spent
        children = self._owed + self._each * left / self._epochs
        work = left * seconds / trained + children * (self._child(now) or 0.0)
        return work / self._workers

    @property
    def _each(self) -> float:
        """Children of a training."""
        if self._children or not self._trainings.number:
            return self._children
        return self._compressed.number / self._trainings.number

    def _training(self, now: float) -> float | None:
        """Seconds of a training."""
        if self._trainings.number:
            return self._trainings.seconds / self._trainings.number
        running = [one for one in tuple(self._running.values()) if not one.child]
        rest = [(one.lasts(now), one.remains(now, self._epochs)) for one in running]
        known = [lasted + left for lasted, left in rest if left is not None]
        return sum(known) / len(known) if known else None

    def _child(self, now: float) -> float | None:
        """Seconds of a child; before the first has ended, those of half a training."""
        if self._compressed.number:
            return self._compressed.seconds / self._compressed.number
        training = self._training(now)
        return None if training is None else training / 2


def clock(seconds: float | None) -> str:
    """``1:02:03``, ``4:05``, or ``-:--`` while unknown."""
    if seconds is None:
        return "-:--"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
