"""The study: ask for a config, report what an epoch showed, tell how the trial ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

from optuna.trial import FrozenTrial, TrialState

from automed.domain.budget import Budget, Limits, Spent
from automed.domain.compression import Compression
from automed.domain.decision import Decision
from automed.domain.errors import StudyError, TakenOverError
from automed.domain.front import Front
from automed.domain.measurement import Measurement
from automed.domain.result import Failure, Result
from automed.domain.study_spec import StudySpec
from automed.domain.trial import Trial
from automed.search import record
from automed.search.admission import Admission
from automed.search.budget_keeper import BudgetKeeper, Clock
from automed.search.chooser import Chooser
from automed.search.journal import Journal
from automed.search.objectives import with_objectives
from automed.search.proposer import Proposer
from automed.search.screen import CostOf, split_constraints, violations_of
from automed.search.screening_note import screening_note
from automed.search.seat import Memory, Seat, kept_on_success
from automed.search.seats import begin_seat, take_seat
from automed.search.settings_check import check_settings
from automed.search.spending import epochs_of
from automed.search.stopping import Stopping
from automed.search.study_file import refuse_existing, write_spec
from automed.search.view import feasible_front
from automed.search.warm_start import Prior, read_prior, write_prior

Answer = TypeVar("Answer")
OnRejected = Callable[[Trial], None]


class Study:
    """The state machine of one search. Its memory is the journal, in its folder or in Postgres.

    Suggestions depend on the study's seed, the trial's number and the trials before it, and on
    nothing else: a study that is killed and resumed equals one that was not. Not thread-safe.

    Attributes:
        folder: The study's folder.
        spec: Its settings.
        on_rejected: Called with each trial that the screen rejected.
    """

    def __init__(
        self,
        folder: Path,
        spec: StudySpec,
        cost_of: CostOf,
        on_rejected: OnRejected | None,
        seat: Seat,
        clock: Clock,
    ) -> None:
        """Use ``create`` or ``open``."""
        self.folder = folder
        self.spec = spec
        self.on_rejected = on_rejected
        self._finished: dict[int, Trial] = {}
        self._seat = seat
        self._unheard: list[Trial] = []
        self._memory = Memory(self._keep, self._catch_up, lambda: self._keeper.unbooked)
        self._stopping = Stopping(spec)
        self._journal = Journal(folder, seat.place)
        admission = Admission(spec, self._journal, cost_of)
        self._proposer = Proposer(spec, admission.judge, read_prior(folder, spec))
        self._keeper = BudgetKeeper(spec, self._journal, clock, seat.is_elsewhere)
        self._chooser = Chooser(
            spec, self._journal, seat, self._keeper, admission, self._proposer, self._rejected
        )
        self._in_turn(self._begin)

    @classmethod
    def create(
        cls,
        folder: Path,
        spec: StudySpec,
        cost_of: CostOf,
        on_rejected: OnRejected | None = None,
        clock: Clock = time.monotonic,
        prior: Prior | None = None,
        split: str = "",
    ) -> Study:
        """Start a new study.

        Args:
            folder: Where to keep it; made where it is missing.
            spec: Its settings.
            cost_of: Predicts a config's cost; an ``AutomedError`` means it cannot be built.
            on_rejected: Called with each trial that the screen rejected.
            clock: Tells the seconds that the budget is charged for.
            prior: The trials that the spec's warm start names.
            split: As ``split.json`` has it; kept for the machines that join a study in Postgres.

        Raises:
            ConstraintError: Nothing in the space can meet the constraints.
            StudyError: There is a study in the folder, or a setting is invalid.
        """
        refuse_existing(folder, spec)
        check_settings(spec, cost_of)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StudyError(
                f"{folder} cannot be made", found=error.strerror or str(error)
            ) from error
        with kept_on_success(begin_seat(folder, spec, split, prior)) as seat:
            refuse_existing(folder, spec)
            if prior is not None:
                write_prior(folder, prior)
            write_spec(folder, spec)
            return cls(folder, spec, cost_of, on_rejected, seat, clock)

    @classmethod
    def open(
        cls,
        folder: Path,
        cost_of: CostOf,
        on_rejected: OnRejected | None = None,
        budget: Budget | None = None,
        compress: tuple[Compression, ...] = (),
        clock: Clock = time.monotonic,
    ) -> Study:
        """Resume a study.

        Args:
            folder: Its folder.
            cost_of: As in ``create``.
            on_rejected: As in ``create``.
            budget: Replaces the study's budget, for good.
            compress: Is added, for good, to what each trained model is compressed with.
            clock: As in ``create``.

        Raises:
            StudyError: There is no study, it is running, or its files are broken.
        """
        seat, spec = take_seat(folder, budget, compress)
        with kept_on_success(seat):
            return cls(folder, spec, cost_of, on_rejected, seat, clock)

    def close(self) -> None:
        """Let others open the study. Does nothing when called again."""
        self._seat.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def trials(self) -> tuple[Trial, ...]:
        """Snapshots of all trials in order, rejected ones included."""
        return tuple(self._snapshot(frozen) for frozen in self._chooser.history())

    @property
    def spending(self) -> Spent:
        """What the study has spent by now."""
        return self._keeper.spending(self._chooser.history())

    @property
    def spent(self) -> Limits | None:
        """The limits of the budget that are used up; None: none of them is."""
        reached = self._keeper.reached(self._chooser.history())
        return reached if reached.given else None

    @property
    def paused(self) -> dict[int, int]:
        """Numbers of the trials that wait to go on, with the last epoch of each."""
        history = self._chooser.history()
        return self._keeper.paused([t for t in history if not self._seat.is_alive(t)])

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know: baselines left out, repairs, why the search ended early."""
        named = self._proposer.named
        rejected = tuple(
            f"{named[t.origin]} was rejected: {t.rejected}"
            for t in self.trials
            if t.rejected is not None and t.origin in named
        )
        rejections = screening_note(self._chooser.history(), self.spec.constraints)
        others = (self._journal.repaired, rejections, self._chooser.ended, self._chooser.left)
        return (*self._proposer.notes, *rejected, *(note for note in others if note))

    def front(self) -> Front:
        """The front of the complete trials that keep all constraints."""
        return feasible_front(self.spec, self.trials)

    def ask(self) -> Trial | None:
        """The next trial to run: what a killed process left, due children, then new configs.

        A config that says how to compress is preceded by the trial that trains its model, if no
        earlier one did; it follows as a child once that is complete. A training that was stopped
        goes on, as a new trial, once its stopper would let it pass.

        Returns:
            None where the budget is spent; or nothing is left to try (``spent`` is None then, and
            ``notes`` says why); or where trials under way hold the last epochs of the budget.
            Where other searches run trials that may leave something to do, and this one runs
            none, it waits for them first.

        Raises:
            ConstraintError: No config can be found that meets the constraints.
            StudyError: The journal cannot be written to.
        """
        while True:
            with self._keeper.choosing():
                found = self._in_turn(self._chooser.next)
            self._tell_of_rejected()
            if found is not None:
                return self._snapshot(found)
            if not self._chooser.waits:
                return None
            self._seat.rest()

    def report(self, trial: Trial, measurement: Measurement) -> Decision:
        """Record what an epoch showed, and ask the stopper and the budget.

        A decision to stop is recorded before it is answered: a training that is repeated after a
        crash ends where it ended. A training that is to pause is to be put back; so is one that
        another search has taken over, of which nothing is recorded.

        Raises:
            StudyError: The trial is not running, or the journal cannot be written to.
        """
        return self._in_turn(partial(self._report, trial, measurement))

    def _report(self, trial: Trial, measurement: Measurement) -> Decision:
        if self._is_taken(trial):
            return Decision.PAUSE
        before = epochs_of(self._running(trial))
        value = measurement.metrics.get(self.spec.task.guide)
        if value is not None:
            self._journal.measure(trial.number, measurement.epoch, value)
        self._keeper.book(self._running(trial))
        history = self._chooser.history()
        stop = self._stopping.decide(trial.number, measurement.epoch, history)
        if stop is not None:
            self._journal.note(trial.number, record.STOP, stop.model_dump_json())
            return Decision.STOP
        now = self._running(trial)
        goes_on = self._keeper.goes_on(now, measurement.epoch, before, history)
        return Decision.CONTINUE if goes_on else Decision.PAUSE

    def tell(self, trial: Trial, outcome: Result | Failure, stopped: bool = False) -> Trial:
        """Record how a trial ended.

        Args:
            trial: A running one.
            outcome: A result with an objective that is missing or not finite is a failure.
            stopped: The trial was ended early: its result is kept, but not put on the front.

        Returns:
            The finished trial.

        Raises:
            TakenOverError: Another search runs the trial by now; nothing is recorded.
            StudyError: The trial is not running, or the journal cannot be written to.
        """
        return self._in_turn(partial(self._tell, trial, outcome, stopped))

    def _tell(self, trial: Trial, outcome: Result | Failure, stopped: bool) -> Trial:
        if self._is_taken(trial):
            self._keeper.release(trial.number)
            raise TakenOverError(trial.number)
        self._keeper.book(self._running(trial))
        if isinstance(outcome, Result) and not stopped:
            outcome = with_objectives(outcome, self.spec.task)
        key = record.FAILURE
        if isinstance(outcome, Result):
            key = record.STOPPED if stopped else record.RESULT
            _, late = split_constraints(self.spec.constraints)
            for name, violation in violations_of(late, outcome.values()).items():
                self._journal.constrain(trial.number, record.CONSTRAINT + name, violation)
        # One record holds all of the outcome: should the next one fail to be written, ``open``
        # finishes the trial.
        self._journal.note(trial.number, key, outcome.model_dump_json())
        told = self._finish(trial.number, key)
        self._keeper.release(trial.number)
        return told

    def put_back(self, trial: Trial) -> None:
        """Let ``ask`` hand a running trial out again: its training was interrupted or paused.

        Raises:
            StudyError: The trial is not running, or the journal cannot be written to.
        """
        self._in_turn(partial(self._put_back, trial))

    def _put_back(self, trial: Trial) -> None:
        try:
            if not self._is_taken(trial):
                self._keeper.book(self._running(trial))
                if self._seat.id:
                    self._journal.note(trial.number, record.DRIVER, "")
        finally:
            self._keeper.release(trial.number)

    def _begin(self) -> None:
        self._journal.begin(self.spec)
        self._finish_what_was_told()

    def _in_turn(self, work: Callable[[], Answer]) -> Answer:
        """Do some work while no other search can read or write."""
        answer = self._seat.turn(work, self._memory)
        self._keeper.rest()
        return answer

    def _keep(self) -> Callable[[], None]:
        """What undoes what a turn changes here, where it is not written after all."""
        keeper = self._keeper.keep()

        def bring_back() -> None:
            keeper()
            self._journal.forget()
            self._finished.clear()
            self._unheard.clear()

        return bring_back

    def _catch_up(self, unbooked: float, changed: StudySpec | None) -> None:
        self._keeper.catch_up(unbooked)
        if changed is not None:
            budget, compress = changed.budget, changed.compress
            self.spec = self.spec.replace(budget=budget, compress=compress)
            write_spec(self.folder, self.spec)
            self._keeper.change(budget)
            self._chooser.change(self.spec)

    def _is_taken(self, trial: Trial) -> bool:
        """Whether another search runs a trial that this one was given."""
        known = {t.number: t for t in self._chooser.history()}
        holder = known[trial.number].user_attrs.get(record.DRIVER) if trial.number in known else ""
        return bool(self._seat.id) and holder != self._seat.id

    def _rejected(self, frozen: FrozenTrial) -> None:
        self._unheard.append(self._snapshot(frozen))
        if not self._seat.id:  # else it may be undone
            self._tell_of_rejected()

    def _tell_of_rejected(self) -> None:
        while self._unheard:
            trial = self._unheard.pop(0)
            if self.on_rejected is not None:
                self.on_rejected(trial)

    def _snapshot(self, frozen: FrozenTrial) -> Trial:
        if frozen.number in self._finished:
            return self._finished[frozen.number]
        trial = record.trial_of(frozen)
        if frozen.state.is_finished():
            self._finished[frozen.number] = trial
        return trial

    def _running(self, trial: Trial) -> FrozenTrial:
        known = {t.number: t for t in self._chooser.history()}
        state = known[trial.number].state.name if trial.number in known else "unknown"
        if state != "RUNNING":
            raise StudyError(
                f"trial {trial.number} of study {self.spec.name!r} is not running", found=state
            )
        return known[trial.number]

    def _finish(self, number: int, key: str) -> Trial:
        frozen = next(t for t in self._chooser.history() if t.number == number)
        values = None
        if key == record.RESULT:
            result = Result.model_validate_json(frozen.user_attrs[key])
            values = [result.values()[o.metric] for o in self.spec.task.objectives]
        return self._snapshot(self._journal.finish(number, record.OUTCOMES[key], values))

    def _finish_what_was_told(self) -> None:
        """Complete trials whose outcome was written but not their state: killed in between."""
        for frozen in self._chooser.history():
            told = [key for key in record.OUTCOMES if key in frozen.user_attrs]
            if frozen.state is TrialState.RUNNING and told:
                self._finish(frozen.number, told[0])
