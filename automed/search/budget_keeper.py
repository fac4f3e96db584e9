"""A study's budget against what its trials spend: who may start, and who may train on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from optuna.trial import FrozenTrial, TrialState

from automed.domain.budget import Budget, Limits, Spent
from automed.domain.study_spec import StudySpec
from automed.search.journal import Journal
from automed.search.record import stop_of
from automed.search.spending import TIME, Time, epochs_of, is_charged, spent_by, time_of

Clock = Callable[[], float]
History = Sequence[FrozenTrial]
Elsewhere = Callable[[FrozenTrial], bool]


class BudgetKeeper:
    """Knows which trials are handed out, books their time and hands out epochs.

    Time runs while a trial is handed out or being chosen, and is booked with the trial that
    reports: a process that is killed loses what came after its last report. With a limit on
    epochs each handed-out trial holds a grant for its next one, so that several trainings at once
    never spend more than there is.

    Args:
        spec: Its budget, and the most epochs a trial.
        journal: Keeps what is spent.
        clock: Seconds, from any moment on.
        elsewhere: Whether another search has a trial: it holds a grant for its next epoch, too.
    """

    def __init__(
        self, spec: StudySpec, journal: Journal, clock: Clock,
        elsewhere: Elsewhere = lambda _: False,
    ) -> None:  # fmt: skip
        self._budget = spec.budget
        self._epochs = spec.task.training.epochs
        self._journal = journal
        self._clock = clock
        self._elsewhere = elsewhere
        self._since: float | None = None
        """Up to when wall time is booked; None: nothing goes on."""
        self._out: dict[int, float] = {}
        """The trials that are handed out, and up to when their time is booked."""
        self._granted: set[int] = set()

    def change(self, budget: Budget) -> None:
        """Go by another budget from now on."""
        self._budget = budget

    def keep(self) -> Callable[[], None]:
        """What brings everything back to how it is now."""
        since, out, granted = self._since, dict(self._out), set(self._granted)

        def bring_back() -> None:
            self._since, self._out, self._granted = since, dict(out), set(granted)

        return bring_back

    def catch_up(self, unbooked: float) -> None:
        """Wall time has run since so many seconds, whoever it was that searched."""
        self._since = self._clock() - unbooked

    @property
    def unbooked(self) -> float:
        """Seconds of wall time that no trial is charged for so far."""
        return 0.0 if self._since is None else self._clock() - self._since

    @property
    def is_idle(self) -> bool:
        """Whether no trial is handed out."""
        return not self._out

    def holds(self, number: int) -> bool:
        """Whether a trial is handed out."""
        return number in self._out

    @contextmanager
    def choosing(self) -> Iterator[None]:
        """Let time run while a trial is chosen, and on where one is handed out."""
        if self._since is None:
            self._since = self._clock()
        try:
            yield
        finally:
            self.rest()

    def hand_out(self, trial: FrozenTrial) -> None:
        """Let a trial's time run, and grant it its next epoch."""
        self._out[trial.number] = self._clock()
        if self._trains_on(trial):
            self._granted.add(trial.number)

    def book(self, trial: FrozenTrial) -> None:
        """Write down what a trial has taken since it was handed out, or last reported."""
        since = self._out.get(trial.number)
        if since is None or self._since is None:
            return
        now, before = self._clock(), time_of(trial)
        taken = Time(before.seconds + now - self._since, before.device_seconds + now - since)
        self._journal.note(trial.number, TIME, taken.to_text())
        self._since = self._out[trial.number] = now

    def release(self, number: int) -> None:
        """A trial has ended or was put back: its time stands still, its grant is free."""
        self._out.pop(number, None)
        self._granted.discard(number)
        self.rest()

    def spending(self, history: History) -> Spent:
        """What is spent by now, booked or not."""
        booked, now = spent_by(history), self._clock()
        charged = {trial.number: is_charged(trial) for trial in history}
        running = {number: now - since for number, since in self._out.items()}
        return Spent(
            trials=booked.trials,
            seconds=booked.seconds + self.unbooked,
            device_seconds=booked.device_seconds + _total(running, charged, of=True),
            epochs=booked.epochs,
            child_seconds=booked.child_seconds + _total(running, charged, of=False),
        )

    def reached(self, history: History) -> Limits:
        """The limits that are used up."""
        return self._budget.reached(self.spending(history))

    def allows_new(self, history: History) -> bool:
        """Whether another training may start."""
        spent = self.spending(history)
        return not self._budget.reached(spent).given and self._has_epoch(spent, history)

    def allows_more(self, history: History) -> bool:
        """Whether a training that was stopped may go on: it is none that starts."""
        spent = self.spending(history)
        reached = self._budget.reached(spent)
        in_time = reached.seconds is None and reached.device_seconds is None
        return in_time and self._has_epoch(spent, history)

    def allows_children(self, history: History) -> bool:
        """Whether a model may be compressed: that costs nothing but wall time."""
        return self.reached(history).seconds is None

    def allows(self, trial: FrozenTrial, history: History) -> bool:
        """Whether a running trial may be handed out again."""
        spent = self.spending(history)
        reached = self._budget.reached(spent)
        if not is_charged(trial):
            return reached.seconds is None
        if reached.seconds is not None or reached.device_seconds is not None:
            return False
        if self._is_over(trial, epochs_of(trial)):
            return True
        # Its own grant, which it may have from a search that is gone, is the one it asks for.
        return self._has_epoch(spent, [t for t in history if t.number != trial.number])

    def goes_on(self, trial: FrozenTrial, epoch: int, before: int, history: History) -> bool:
        """Whether a training that has just reported may train another epoch.

        Args:
            trial: As it is now.
            epoch: What it reported.
            before: The highest epoch that it had reported until then.
            history: All trials.
        """
        if epoch > before:
            self._granted.discard(trial.number)
        if self._is_over(trial, epoch):
            return True
        spent = self.spending(history)
        reached = self._budget.reached(spent)
        if not is_charged(trial):
            return reached.seconds is None
        if reached.seconds is not None or reached.device_seconds is not None:
            return False
        if epoch < epochs_of(trial) or trial.number in self._granted:
            return True
        if self._has_epoch(spent, history):
            self._granted.add(trial.number)
            return True
        return False

    def paused(self, history: History) -> dict[int, int]:
        """Trials that were put aside, or left behind, with the last epoch of each."""
        return {
            trial.number: epochs_of(trial)
            for trial in history
            if trial.state is TrialState.RUNNING and not self.holds(trial.number)
        }

    def _has_epoch(self, spent: Spent, history: History) -> bool:
        limit = self._budget.epochs
        if limit is None:
            return True
        others = {t.number for t in history if self._elsewhere(t) and self._trains_on(t)}
        return spent.epochs + len(self._granted | others) < limit

    def _trains_on(self, trial: FrozenTrial) -> bool:
        return is_charged(trial) and not self._is_over(trial, epochs_of(trial))

    def _is_over(self, trial: FrozenTrial, epoch: int) -> bool:
        """Whether a training needs no epoch after this one."""
        stop = stop_of(trial)
        last = int(trial.params.get("training.epochs", self._epochs))
        return is_charged(trial) and epoch >= (last if stop is None else min(last, stop.epoch))

    def rest(self) -> None:
        """Let time stand still where no trial is handed out."""
        if not self._out:
            self._since = None


def _total(running: Mapping[int, float], charged: Mapping[int, bool], *, of: bool) -> float:
    return sum(seconds for number, seconds in running.items() if charged.get(number) is of)
