"""How long a search still takes."""

from __future__ import annotations

from automed.domain.budget import Budget, Spent


class Eta:
    """Remaining seconds of a trial and of a study, from what trials took so far.

    Args:
        budget: The study's: the limit that is reached first ends it.
        done: Trials finished before this run.
        epochs: Most epochs a trial.
    """

    def __init__(self, budget: Budget, done: int, epochs: int) -> None:
        self._budget = budget
        self._done = done
        self._epochs = epochs
        self._spans: list[float] = []
        self._trained = 0
        """Epochs of the trials that the spans are of."""
        self._begun: float | None = None
        self._epoch = 0

    def started(self, now: float) -> None:
        """A trial began."""
        self._begun, self._epoch = now, 0

    def measured(self, epoch: int, now: float) -> None:
        """An epoch of it ended."""
        del now
        self._epoch = epoch

    def finished(self, now: float, *, charged: bool = True) -> None:
        """The trial ended; the time of one that is not charged, a child, is its family's."""
        span = 0.0 if self._begun is None else now - self._begun
        if charged:
            self._spans.append(span)
            self._trained += self._epoch
            self._done += 1
        elif self._spans:
            self._spans[-1] += span
        self._begun = None

    def trial(self, now: float) -> float | None:
        """Seconds until the running trial ends at the latest; None before its first epoch."""
        if self._begun is None or self._epoch == 0:
            return None
        return (now - self._begun) / self._epoch * (self._epochs - self._epoch)

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
            ends.append((budget.device_seconds - spent.device_seconds) / budget.workers)
        known = [end for end in ends if end is not None]
        return max(0.0, min(known)) if known else None

    def _by_trials(self, now: float) -> float | None:
        if self._budget.trials is None:
            return None
        elapsed = now - self._begun if self._begun is not None else 0.0
        running = self.trial(now)
        if self._spans:
            typical = sum(self._spans) / len(self._spans)
        elif running is not None:
            typical = elapsed + running
        else:
            return None
        return (self._budget.trials - self._done) * typical - elapsed

    def _by_epochs(self, now: float, spent: int) -> float | None:
        trained = self._trained + self._epoch * (self._begun is not None)
        if self._budget.epochs is None or trained == 0:
            return None
        elapsed = now - self._begun if self._begun is not None else 0.0
        return (self._budget.epochs - spent) * (sum(self._spans) + elapsed) / trained


def clock(seconds: float | None) -> str:
    """``1:02:03``, ``4:05``, or ``-:--`` while unknown."""
    if seconds is None:
        return "-:--"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
