"""How long a search still takes."""

from __future__ import annotations

from dataclasses import dataclass

from automed.domain.budget import Budget, Spent


@dataclass
class _Running:
    begun: float
    epoch: int = 0

    def lasts(self, now: float) -> float:
        return now - self.begun

    def remains(self, now: float, epochs: int) -> float | None:
        if self.epoch == 0:
            return None
        return self.lasts(now) / self.epoch * (epochs - self.epoch)


class Eta:
    """Remaining seconds of a trial and of a study, from what trials took so far.

    May be asked from another thread than the one that tells it.

    Args:
        budget: The study's: the limit that is reached first ends it.
        done: Trials finished before this run.
        epochs: Most epochs a trial.

    Attributes:
        places: How many trials run at a time: the budget's workers, until somebody knows better.
    """

    def __init__(self, budget: Budget, done: int, epochs: int) -> None:
        self.places = budget.workers
        self._budget = budget
        self._done = done
        self._epochs = epochs
        self._families = 0
        """Trainings that ended in this run."""
        self._seconds = 0.0
        """That they took, with their children."""
        self._trained = 0
        """Epochs of theirs."""
        self._running: dict[int, _Running] = {}

    def started(self, number: int, now: float) -> None:
        """A trial began."""
        self._running[number] = _Running(now)

    def measured(self, number: int, epoch: int) -> None:
        """An epoch of it ended."""
        self._running[number].epoch = epoch

    def finished(self, number: int, now: float, *, charged: bool = True) -> None:
        """The trial ended; the time of one that is not charged, a child, is its family's."""
        ended = self._running.pop(number, _Running(now))
        if charged:
            self._families += 1
            self._trained += ended.epoch
            self._done += 1
        if self._families:
            self._seconds += now - ended.begun

    def trial(self, number: int, now: float) -> float | None:
        """Seconds until a running trial ends at the latest; None before its first epoch."""
        running = self._running.get(number)
        return None if running is None else running.remains(now, self._epochs)

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
            ends.append((budget.device_seconds - spent.device_seconds) / self.places)
        known = [end for end in ends if end is not None]
        return max(0.0, min(known)) if known else None

    def _by_trials(self, now: float) -> float | None:
        typical = self._typical(now)
        if self._budget.trials is None or typical is None:
            return None
        left = self._budget.trials - self._done
        # What runs longer than usual owes nothing to the others.
        behind = sum(min(typical, running.lasts(now)) for running in tuple(self._running.values()))
        return (left * typical - behind) / max(1, min(left, self.places))

    def _by_epochs(self, now: float, spent: int) -> float | None:
        running = tuple(self._running.values())
        trained = self._trained + sum(one.epoch for one in running)
        if self._budget.epochs is None or trained == 0:
            return None
        seconds = self._seconds + sum(one.lasts(now) for one in running)
        return (self._budget.epochs - spent) * seconds / trained / self.places

    def _typical(self, now: float) -> float | None:
        """Seconds of a training with its children."""
        if self._families:
            return self._seconds / self._families
        running = tuple(self._running.values())
        rest = [(one.lasts(now), one.remains(now, self._epochs)) for one in running]
        known = [lasted + left for lasted, left in rest if left is not None]
        return sum(known) / len(known) if known else None


def clock(seconds: float | None) -> str:
    """``1:02:03``, ``4:05``, or ``-:--`` while unknown."""
    if seconds is None:
        return "-:--"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
