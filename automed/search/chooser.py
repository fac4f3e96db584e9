"""What a search runs next: what was left behind, what is due, what goes on, or something new."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from optuna.trial import FrozenTrial, TrialState

from automed.domain.study_spec import StudySpec
from automed.search import record
from automed.search.admission import Admission
from automed.search.budget_keeper import BudgetKeeper
from automed.search.family import due_children
from automed.search.journal import Journal
from automed.search.proposer import Proposer
from automed.search.seat import Seat
from automed.search.stopping import Stopping

OnRejected = Callable[[FrozenTrial], None]


class Chooser:
    """Chooses the next trial, and writes it down where it is new.

    Args:
        spec: The study's settings.
        journal: Its memory.
        seat: Says what other searches have.
        keeper: Its budget.
        admission: Turns proposals into trials.
        proposer: Has them.
        on_rejected: Told of each config that the screen rejected.
    """

    def __init__(
        self, spec: StudySpec, journal: Journal, seat: Seat, keeper: BudgetKeeper,
        admission: Admission, proposer: Proposer, on_rejected: OnRejected,
    ) -> None:  # fmt: skip
        self.ended: str | None = None
        """Why nothing was left to try; None: that was not so."""
        self.waits = False
        """Whether what another search runs may leave something to do."""
        self._spec = spec
        self._journal = journal
        self._seat = seat
        self._keeper = keeper
        self._admission = admission
        self._proposer = proposer
        self._on_rejected = on_rejected
        self._stopping = Stopping(spec)

    def change(self, spec: StudySpec) -> None:
        """Go by settings that another search has changed."""
        self._spec = spec

    def next(self) -> FrozenTrial | None:
        """The trial that was handed out; None: there is none for now.

        Raises:
            ConstraintError: No config can be found that meets the constraints.
            StudyError: The journal cannot be written to.
        """
        trial = self._interrupted() or self._child() or self._continued() or self._new()
        self.waits = trial is None and self._is_worth_waiting(self.history())
        return trial

    def history(self) -> list[FrozenTrial]:
        """The trials that automed made, in order."""
        return [trial for trial in self._journal.trials() if record.is_ours(trial)]

    def _interrupted(self) -> FrozenTrial | None:
        history = self.history()
        for frozen in history:
            waits = frozen.state is TrialState.RUNNING and not self._keeper.holds(frozen.number)
            free = waits and not self._seat.is_alive(frozen) and self._can_run(frozen)
            if free and self._keeper.allows(frozen, history):
                return self._hand_out(frozen)
        return None

    def _child(self) -> FrozenTrial | None:
        for child in list(due_children(self.history(), self._spec)):
            if not self._keeper.allows_children(self.history()):
                return None
            if (trial := self._handed(self._admission.accept_child(child))) is not None:
                return trial
        return None

    def _continued(self, *, at_last: bool = False) -> FrozenTrial | None:
        history = self.history()
        number = self._stopping.resumed(history, at_last=at_last)
        if number is None or not self._keeper.allows_more(history):
            return None
        stopped = next(trial for trial in history if trial.number == number)
        return self._hand_out(self._admission.accept_continued(stopped))

    def _new(self) -> FrozenTrial | None:
        while self._keeper.allows_new(history := self.history()):
            proposal = self._proposer.propose(history, len(self._journal.trials()))
            if proposal is None:
                if (trial := self._continued(at_last=True)) is not None:
                    return trial
                self.ended = "the search ended early: no config is left that is new and allowed"
                return None
            added = self._admission.accept(proposal, history)
            if added is not None and (trial := self._handed(added)) is not None:
                return trial
        return None

    def _handed(self, frozen: FrozenTrial) -> FrozenTrial | None:
        """Hand a new trial out; None where the screen rejected it, or it must run elsewhere."""
        if record.REJECTED in frozen.user_attrs:
            self._on_rejected(frozen)
            return None
        return self._hand_out(frozen) if self._can_run(frozen) else None

    def _hand_out(self, frozen: FrozenTrial) -> FrozenTrial:
        if self._seat.id:
            self._journal.note(frozen.number, record.DRIVER, self._seat.id)
        self._keeper.hand_out(frozen)
        return frozen

    @property
    def left(self) -> str | None:
        """What only another machine can do, in words; None: nothing."""
        running = [t for t in self.history() if t.state is TrialState.RUNNING]
        left = sum(not self._can_run(trial) for trial in running)
        if not left:
            return None
        return f"{left} compressions are left to the machines that trained their models"

    def _can_run(self, frozen: FrozenTrial) -> bool:
        """Whether what a trial needs is here: a model is compressed where it was trained."""
        parent = frozen.user_attrs.get(record.PARENT)
        return parent is None or self._seat.has_files(parent)

    def _is_worth_waiting(self, history: Sequence[FrozenTrial]) -> bool:
        if not self._keeper.is_idle:
            return False  # what this search runs itself will make it ask again
        reached = self._keeper.reached(history)
        if reached.seconds is not None or reached.device_seconds is not None:
            return False
        return any(self._seat.is_alive(trial) and self._can_run(trial) for trial in history)
