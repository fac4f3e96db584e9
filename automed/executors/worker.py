"""A worker: the process that trains trials which a search in another process hands out.

Imports no more than it must: what a training needs arrives pickled, after the environment is set.
"""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import pickle
import signal
import sys
import threading
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType

from automed.domain.decision import Decision
from automed.domain.errors import StudyError
from automed.domain.measurement import Measurement
from automed.executors.messages import Broken, Measured, Message, Order
from automed.executors.obey import obey
from automed.executors.run_trial import RunTrial

_PREFERRED_VICTIM = "300"
"""Added to a worker's badness: where memory runs out, Linux kills a worker before the search."""


class _Terminated(BaseException):
    """SIGTERM came: files that are being written are cleaned up on the way out."""


def work(connection: Connection, payload: bytes, log: Path) -> None:
    """Train one trial after the other, until the search says so or is gone.

    Args:
        connection: To the search.
        payload: A pickled ``run_trial``.
        log: What the worker, or a library in it, prints is added to this file.
    """
    _leave_ctrl_c_to_the_search()
    _die_with_the_search()
    _print_into(log)
    _volunteer()
    signal.signal(signal.SIGTERM, _terminate)
    try:
        _work(connection, payload)
    except _Terminated:
        os.kill(os.getpid(), signal.SIGTERM)  # whoever looks finds the signal, not an exit code


def _work(connection: Connection, payload: bytes) -> None:
    try:
        run_trial: RunTrial = pickle.loads(payload)  # from the process that began this one
    except Exception as error:  # noqa: BLE001 - whatever it is, the search must hear of it
        why = f"{type(error).__name__}: {error}"
        connection.send(Broken(StudyError("a worker cannot be started", found=why)))
        return
    while (order := _next(connection)) is not None:
        connection.send(_trained(order, run_trial, connection))


def _next(connection: Connection) -> Order | None:
    try:
        order: Order | None = connection.recv()
    except EOFError:
        return None
    return order


def _trained(order: Order, run_trial: RunTrial, connection: Connection) -> Message:
    def exchange(measurement: Measurement) -> Decision:
        try:
            connection.send(Measured(measurement))
            decision: Decision = connection.recv()
        except (EOFError, OSError):
            sys.exit(1)  # the search is gone; no exception that a training might take for its own
        return decision

    return obey(order, run_trial, exchange)


def _leave_ctrl_c_to_the_search() -> None:
    # A terminal sends it to all processes of a command. It was blocked when this one began.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])


def _die_with_the_search() -> None:
    """End at once, in the middle of an epoch, when the search is killed: nobody would be told."""
    search = multiprocessing.parent_process()

    def wait() -> None:
        if search is not None:
            search.join()
            os._exit(1)

    threading.Thread(target=wait, name="automed-die-with-the-search", daemon=True).start()


def _print_into(log: Path) -> None:
    """Let all output, that of C libraries too, go into a file: it would break the live table."""
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    except OSError:  # a full disk; the trainings will say so better
        file = os.open(os.devnull, os.O_WRONLY)
    for output in (1, 2):
        os.dup2(file, output)
    os.close(file)
    faulthandler.enable()


def _volunteer() -> None:
    try:
        Path("/proc/self/oom_score_adj").write_text(_PREFERRED_VICTIM, encoding="ascii")
    except OSError:
        return  # no Linux, or a sandbox: the kernel chooses by itself


def _terminate(number: int, frame: FrameType | None) -> None:
    del frame
    signal.signal(number, signal.SIG_DFL)
    raise _Terminated
