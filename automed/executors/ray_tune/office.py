"""The search's side: what it knows of the trainings that Tune runs for it."""

from __future__ import annotations

from collections.abc import Callable

from automed.domain.decision import Decision
from automed.domain.result import Failure
from automed.domain.trial import Trial
from automed.executors.course import Course
from automed.executors.interrupts import Interrupts
from automed.executors.messages import Broken, Ended, Measured, Message, Order
from automed.executors.ray_tune.desk import Desk
from automed.executors.ray_tune.losses import Loss, Losses, loss_of
from automed.search.study import Study


class Office:
    """Asks the study, and tells it what Tune says.

    What the study raises, Tune would wrap, log or swallow: it is kept in ``error``, and ends the
    search.

    Args:
        study: Is asked.
        course: Is told.
        interrupts: Whether the user wants to end the search.
        desk: Where orders and answers are left.
        room: How many trainings the cluster has room for now.

    Attributes:
        error: What the study raised; None: nothing.
        trials: Those under way, by Tune's names of their trainings.
    """

    def __init__(
        self, study: Study, course: Course, interrupts: Interrupts, desk: Desk,
        room: Callable[[], int],
    ) -> None:  # fmt: skip
        self.error: BaseException | None = None
        self.trials: dict[str, Trial] = {}
        self._study = study
        self._course = course
        self._interrupts = interrupts
        self._desk = desk
        self._room = room
        self._losses = Losses()
        self._noted: dict[str, Loss] = {}

    @property
    def is_closing(self) -> bool:
        """Whether nothing more is to be run."""
        return self.error is not None or self._interrupts.requested

    @property
    def has_room(self) -> bool:
        """Whether another training can begin."""
        return len(self.trials) < self._room()

    def ask(self, training: str) -> Trial | None:
        """The next trial, whose order is left on the desk; None: none for now.

        Args:
            training: As Tune is going to name it.
        """
        trial = None
        try:
            with self._interrupts.welcome():
                trial = self._study.ask()
            if trial is None:
                return None
            self._course.begin(trial)
        except BaseException as error:  # noqa: BLE001 - Tune must not swallow it
            if not isinstance(error, KeyboardInterrupt):
                self.error = error
            return None
        self.trials[training] = trial
        self._desk.order(training, Order(trial, self._course.folder_of(trial)))
        return trial

    def hear(self, training: str, message: Message) -> None:
        """A training said something."""
        if self.is_closing or training not in self.trials:
            return
        try:
            self._hear(training, message)
        except BaseException as error:  # noqa: BLE001 - as above
            self.error = error

    def note(self, training: str, loss: Loss) -> None:
        """How a training was lost, of which `lose` is told next."""
        self._noted[training] = loss

    def lose(self, training: str) -> None:
        """The actor or the node of a training is gone: it goes on elsewhere, if not too often."""
        loss = self._noted.pop(training, None) or loss_of("")
        if self.is_closing or training not in self.trials:
            return
        trial = self.trials.pop(training)
        # Where only the node's raylet is gone, its trainings live on: this one is to let go.
        self._desk.answer(training, Decision.PAUSE)
        try:
            verdict = self._losses.verdict(trial.number, loss)
            if verdict is None:
                self._course.put_back(trial, loss.why)  # handed out again before anything new
                return
            self._course.end(trial, Failure(kind="WorkerDied", message=verdict))
        except BaseException as error:  # noqa: BLE001 - as above
            self.error = error

    def close(self) -> None:
        """Put back what has not ended.

        Raises:
            BaseException: What the study raised while Tune ran.
        """
        for trial in self.trials.values():
            self._course.put_back(trial)
        self.trials.clear()
        if self.error is not None:
            raise self.error

    def _hear(self, training: str, message: Message) -> None:
        trial = self.trials[training]
        if isinstance(message, Measured):
            self._desk.answer(training, self._course.report(trial, message.measurement))
            return
        del self.trials[training]
        if isinstance(message, Broken):
            self._course.put_back(trial)
            self.error = message.error
        elif isinstance(message, Ended):
            self._course.end(trial, message.outcome)
        else:
            self._course.put_back(trial)
