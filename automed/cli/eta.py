"""How long a search still takes."""

from __future__ import annotations


class Eta:
    """Remaining seconds of a trial and of a study, from what trials took so far.

    Args:
        trials: The budget.
        done: Trials finished before this run.
        epochs: Most epochs a trial.
    """

    def __init__(self, trials: int, done: int, epochs: int) -> None:
        self._left = trials - done
        self._epochs = epochs
        self._spans: list[float] = []
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
            self._left -= 1
        elif self._spans:
            self._spans[-1] += span
        self._begun = None

    def trial(self, now: float) -> float | None:
        """Seconds until the running trial ends at the latest; None before its first epoch."""
        if self._begun is None or self._epoch == 0:
            return None
        return (now - self._begun) / self._epoch * (self._epochs - self._epoch)

    def study(self, now: float) -> float | None:
        """Seconds until the budget is spent; None while nothing is known."""
        spent = now - self._begun if self._begun is not None else 0.0
        running = self.trial(now)
        if self._spans:
            typical = sum(self._spans) / len(self._spans)
        elif running is not None:
            typical = spent + running
        else:
            return None
        return max(0.0, self._left * typical - spent)


def clock(seconds: float | None) -> str:
    """``1:02:03``, ``4:05``, or ``-:--`` while unknown."""
    if seconds is None:
        return "-:--"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
