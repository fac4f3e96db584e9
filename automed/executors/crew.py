"""The workers of a search, as the search sees them."""

from __future__ import annotations

import os
import pickle
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path

from automed.domain.decision import Decision
from automed.domain.errors import StudyError
from automed.domain.trial import Trial
from automed.executors.messages import Died, Message, Order
from automed.executors.run_trial import RunTrial
from automed.executors.slots import Slot
from automed.executors.worker import work

PATIENCE = 5.0
"""Seconds that a worker has to clean up when it is to end."""

_NO_COMPLAINTS = {"PYTHONWARNINGS": "ignore::UserWarning:multiprocessing.resource_tracker"}
"""Of Python's process that cleans up behind killed workers: it would tell the user of it."""

_MEMORY = (
    "where memory runs out, the system does that: try fewer --workers, smaller batches, such as "
    "--set training.batch_size=4,8, or a smaller --image-size"
)


class Worker:
    """One process in one slot.

    Attributes:
        slot: Its place.
        trial: What it trains; None: it waits for an order.
    """

    def __init__(self, slot: Slot, payload: bytes, log: Path) -> None:
        self.slot = slot
        self.trial: Trial | None = None
        self._log = log
        context = get_context("spawn")
        self._connection: Connection
        self._connection, theirs = context.Pipe()
        self._process: SpawnProcess = context.Process(
            target=work, args=(theirs, payload, log), name=f"automed-worker-{slot.number}"
        )
        try:
            with _ctrl_c_blocked(), _environment(slot.environment):
                self._process.start()
        except OSError as error:
            raise StudyError(
                "a worker cannot be started",
                found=error.strerror or str(error),
                hint="go on with --resume and fewer --workers",
            ) from error
        finally:
            theirs.close()

    @property
    def watched(self) -> tuple[Connection, int]:
        """What is ready to be read when there is something to hear."""
        return self._connection, self._process.sentinel

    @property
    def is_alive(self) -> bool:
        """Whether the process is there."""
        return self._process.is_alive()

    def tell(self, message: Order | Decision | None) -> None:
        """Send an order, the answer to a measurement, or that there is nothing left to do."""
        # One that has died cannot be told; it is found dead when it is listened to next.
        with suppress(OSError):
            self._connection.send(message)

    def hear(self) -> Message:
        """What it said, or that it is dead; to be called where something is ready."""
        with suppress(EOFError, OSError):
            if self._connection.poll():
                message: Message = self._connection.recv()
                return message
        self.join(PATIENCE)
        self.kill()
        code = self._process.exitcode
        return Died(_cause(code, self._log), killed=code == -signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to clean up and end."""
        self._process.terminate()

    def join(self, seconds: float) -> None:
        """Wait for its end, for a while."""
        self._process.join(max(0.0, seconds))

    def kill(self) -> None:
        """End it at once, if it has not ended; its exit code stays known."""
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._connection.close()


class Crew:
    """The workers of one run. None is started before there is a trial for it.

    Args:
        slots: A place for each.
        run_trial: What they do; must be picklable.
        logs: Folder of a file for each slot.
    """

    def __init__(self, slots: Sequence[Slot], run_trial: RunTrial, logs: Path) -> None:
        self._slots = tuple(slots)
        self._payload = pickle.dumps(run_trial)
        self._logs = logs
        self._workers: dict[int, Worker] = {}

    @property
    def trials(self) -> tuple[Trial, ...]:
        """What is being trained."""
        return tuple(w.trial for w in self._workers.values() if w.trial is not None)

    @property
    def busy(self) -> dict[Slot, Trial]:
        """The slots in which a trial is trained."""
        return {w.slot: w.trial for w in self._workers.values() if w.trial is not None}

    @property
    def free(self) -> list[Slot]:
        """The others: those first whose worker is there, and has imported torch."""
        busy = self.busy
        free = [slot for slot in self._slots if slot not in busy]
        return sorted(free, key=lambda slot: slot.number not in self._workers)

    def give(self, trial: Trial, folder: Path, slot: Slot) -> None:
        """Let the worker of a free slot train a trial; where it has none, or a dead one, a new one.

        Raises:
            StudyError: It cannot be started.
        """
        worker = self._workers.get(slot.number)
        if worker is None or not worker.is_alive:
            worker = Worker(slot, self._payload, self._logs / f"{slot.number}.log")
            self._workers[slot.number] = worker
        worker.trial = trial
        worker.tell(Order(trial, folder))

    def wait(self) -> list[Worker]:
        """The workers that there is something to hear of, as soon as there is one."""
        workers = tuple(self._workers.values())
        ready = wait([one for worker in workers for one in worker.watched])
        return [worker for worker in workers if any(one in ready for one in worker.watched)]

    def remove(self, worker: Worker) -> None:
        """Strike off a dead one; its slot is free for another."""
        del self._workers[worker.slot.number]

    def end(self) -> None:
        """End all of them: those that train clean up, unless a signal says that it must be now."""
        workers = tuple(self._workers.values())
        deadline = time.monotonic() + PATIENCE
        try:
            for worker in workers:
                worker.tell(None) if worker.trial is None else worker.terminate()
            for worker in workers:
                worker.join(deadline - time.monotonic())
        finally:
            for worker in workers:
                worker.kill()
            self._workers.clear()


def _cause(code: int | None, log: Path) -> str:
    said = f"what it printed last: {log}"
    if code is None or code >= 0:
        return f"the worker ended by itself, with exit code {code}; {said}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    killed = f"the worker was killed by {name}"
    return f"{killed}; {_MEMORY}" if name == "SIGKILL" else f"{killed}; {said}"


@contextmanager
def _environment(changes: Mapping[str, str]) -> Iterator[None]:
    """In the block, processes start with these variables."""
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


@contextmanager
def _ctrl_c_blocked() -> Iterator[None]:
    """In the block, processes start without hearing Ctrl-C, until they say that they are ready."""
    # Its own start would lift the block, so it must be running already.
    with _environment(_NO_COMPLAINTS):
        resource_tracker.ensure_running()
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
