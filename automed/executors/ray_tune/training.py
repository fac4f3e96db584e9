"""What runs on the cluster: a trial at a time, told step by step to Ray Tune."""

from __future__ import annotations

import pickle
import queue
import threading
from typing import Any

from ray.tune import Trainable

from automed.domain.decision import Decision
from automed.domain.measurement import Measurement
from automed.executors.messages import Ended, Measured, Message
from automed.executors.obey import obey
from automed.executors.ray_tune.desk import Desk
from automed.executors.run_trial import RunTrial

MESSAGE = "automed"
"""Key of the message in what Tune hears of a step; the rest of it is for people."""

TRIAL = "trial"
"""Key of a trial's number in its config, which is all that Tune knows of it."""


class Training(Trainable):
    """A trial: each step is an epoch, the last one its result.

    The training runs in a thread of its own, which waits for the search's answer after each epoch.
    Where the search wants it to end in the middle, Tune ends the process: its checkpoint is whole.
    """

    def setup(self, config: dict[str, Any], payload: bytes = b"", desk: Desk | None = None) -> None:
        """As Tune calls it, once for each actor.

        Args:
            config: Of the first trial.
            payload: A pickled ``run_trial``.
            desk: Where orders and answers are.
        """
        assert desk is not None
        self._run_trial: RunTrial = pickle.loads(payload)  # from the search that began this actor
        self._desk = desk
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Get ready for another trial: torch, the caches and the GPU's context stay."""
        del new_config
        self._said: queue.SimpleQueue[Message | BaseException] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        return True

    def step(self) -> dict[str, Any]:
        """Go on to the next thing that there is to tell."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._train, args=(self.trial_id,), daemon=True)
            self._thread.start()
        said = self._said.get()
        if isinstance(said, BaseException):
            raise said
        return {**_for_people(said), MESSAGE: pickle.dumps(said), "done": _is_last(said)}

    def _train(self, training: str) -> None:
        said, desk = self._said, self._desk

        def exchange(measurement: Measurement) -> Decision:
            said.put(Measured(measurement))
            return desk.take_answer(training)

        try:
            said.put(obey(desk.take_order(training), self._run_trial, exchange))
        except BaseException as error:  # noqa: BLE001 - the thread's end; `step` raises it
            said.put(error)


def _is_last(message: Message) -> bool:
    return not isinstance(message, Measured)


def _for_people(message: Message) -> dict[str, Any]:
    """What Tune's own tables, dashboards and callbacks may show."""
    if isinstance(message, Measured):
        return {"epoch": message.measurement.epoch, **message.measurement.metrics}
    if isinstance(message, Ended) and hasattr(message.outcome, "values"):
        return dict(message.outcome.values())
    return {}
