"""Several trials at a time, each in a worker process of this machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack

from automed.domain.observer import Observer
from automed.domain.result import Failure
from automed.domain.trial import Trial
from automed.executors.admission import Admission, everybody
from automed.executors.course import Course
from automed.executors.crew import Crew, Worker
from automed.executors.interrupts import Interrupts
from automed.executors.messages import Broken, Died, Ended, Measured, Message, PutAside
from automed.executors.outcome import Outcome
from automed.executors.run_trial import RunTrial
from automed.executors.slots import Slot
from automed.executors.watchers import Watchers
from automed.search.study import Study

LOGS = "workers"
"""Folder in a study's own with what its workers printed."""

DEATHS = 2
"""Of workers, after which the trial that they trained is taken for the cause."""


def run(
    study: Study,
    run_trial: RunTrial,
    observers: Sequence[Observer] = (),
    *,
    slots: Sequence[Slot],
    admission: Admission | None = None,
) -> Outcome:
    """Run trials until the study has no more; see `automed.executors.inline.run`.

    The study stays in this process: workers train, and ask here after each epoch whether to go on.
    The trial of a worker that dies goes on from its checkpoint in another one, once; then it
    fails. On Ctrl-C and SIGTERM the workers clean up and end, on a second one without cleaning up.
    They end as well where this process is killed.

    Args:
        study: As for ``inline``.
        run_trial: As for ``inline``; must be picklable, as it travels to the workers.
        observers: As for ``inline``.
        slots: A place for each worker.
        admission: Keeps trials back for which there is no memory; None: nobody does.

    Raises:
        ConstraintError: No config can be found that meets the constraints.
        StudyError: The journal cannot be written to, all trainings fail alike, or workers cannot
            be started.
    """
    watchers = Watchers(observers)
    crew = Crew(slots, run_trial, study.folder / LOGS)
    with watchers.hearing_of_rejected(study), Interrupts() as interrupts:
        course = Course(study, watchers)
        searching = _Run(study, course, interrupts, crew, admission or everybody())
        try:
            return searching.all()
        finally:
            searching.end()


class _Run:
    def __init__(
        self, study: Study, course: Course, interrupts: Interrupts, crew: Crew,
        admission: Admission,
    ) -> None:  # fmt: skip
        self._study = study
        self._course = course
        self._interrupts = interrupts
        self._crew = crew
        self._admission = admission
        self._waiting: Trial | None = None
        """For memory: handed out by the study, and not begun."""
        self._deaths: Counter[int] = Counter()

    def all(self) -> Outcome:
        while not self._interrupts.requested:
            try:
                self._hand_out()
                if not self._crew.trials:
                    return self._course.outcome()
                with self._interrupts.welcome():
                    ready = self._crew.wait()
            except KeyboardInterrupt:
                break
            for worker in ready:
                if not self._interrupts.requested:  # what else it says may come of the same signal
                    self._hear(worker, worker.hear())
        return Outcome.INTERRUPTED

    def end(self) -> None:
        """End the workers, and put back what they did not finish."""
        with ExitStack() as stack:
            waiting = () if self._waiting is None else (self._waiting,)
            for trial in (*self._crew.trials, *waiting):
                stack.callback(self._course.put_back, trial)
            try:
                self._crew.end()
            except KeyboardInterrupt:
                return  # the second one: they are killed by now

    def _hand_out(self) -> None:
        while (free := self._crew.free) and not self._interrupts.requested:
            if self._waiting is None:
                with self._interrupts.welcome():
                    self._waiting = self._study.ask()
            if self._waiting is None:
                return
            slot = self._admission.slot_for(self._waiting, free, self._crew.busy)
            if slot is None:
                return  # until another one ends
            trial, self._waiting = self._waiting, None
            self._begin(trial, slot)

    def _begin(self, trial: Trial, slot: Slot) -> None:
        self._course.begin(trial)
        try:
            self._crew.give(trial, self._course.folder_of(trial), slot)
        except BaseException:
            self._course.put_back(trial)
            raise

    def _hear(self, worker: Worker, message: Message) -> None:
        if isinstance(message, Broken):
            raise message.error
        trial = worker.trial
        if isinstance(message, Died):
            self._crew.remove(worker)
        if trial is None:
            return
        if isinstance(message, Measured):
            worker.tell(self._course.report(trial, message.measurement))
            return
        worker.trial = None
        if isinstance(message, Ended):
            self._admission.learn(trial, message.outcome)
            self._course.end(trial, message.outcome)
        elif isinstance(message, PutAside):
            self._course.put_back(trial)
        else:
            self._mourn(trial, message, worker.slot)

    def _mourn(self, trial: Trial, died: Died, slot: Slot) -> None:
        self._deaths[trial.number] += 1
        if self._deaths[trial.number] < DEATHS:
            if died.killed and slot.gpu is None:
                self._admission.leave_alone(trial)
            # The study hands it out again before anything new.
            self._course.put_back(trial, died.why)
            return
        why = f"{DEATHS} workers died of it, one after the other: {died.why}"
        self._course.end(trial, Failure(kind="WorkerDied", message=why))
