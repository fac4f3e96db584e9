"""The thread that brings MLflow up to date, and keeps trying while it is away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

from automed.domain.study_spec import StudySpec
from automed.domain.trial import Trial
from automed.search.view import feasible_front
from automed.tracking.backlog import Backlog, Due
from automed.tracking.notebook import FrontFiles, Notebook
from automed.tracking.quiet import quiet_here
from automed.tracking.store import explain, mask, set_defaults

PAUSE = 1.0
"""Seconds between two rounds: epochs that end in between are written together."""
PATIENCE = 12.0
"""Seconds without progress after which nobody waits for the thread any longer."""
IMPORT_PATIENCE = 60.0
"""The same while MLflow is imported: that asks no server, and takes long on a cold disk."""
FIRST_DELAY, LONGEST_DELAY = 2.0, 60.0
"""Seconds until a store that failed is tried again; doubled every time."""
FRONT_EVERY = 30.0
"""Seconds between two drawings of the front while the search runs."""


class Writer:
    """Works off a backlog, round after round. All of MLflow happens in its thread.

    Args:
        spec: Of the study.
        uri: MLflow's tracking URI.
        notebook: Writes.
        backlog: What there is to write.
        draw: Draws the front; None: only its table is written.
    """

    def __init__(
        self,
        spec: StudySpec,
        uri: str,
        notebook: Notebook,
        backlog: Backlog,
        draw: FrontFiles | None,
    ) -> None:
        self._spec = spec
        self._notebook = notebook
        self._backlog = backlog
        self._draw = draw
        # An error of a server names its address, one of a database does not.
        self._place = "" if uri.startswith("http") else f"{mask(uri)}: "
        # A daemon: a store that never answers must not keep the program from ending.
        self._thread = threading.Thread(target=self._work, name="automed-mlflow", daemon=True)
        self._starting = threading.Lock()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._abandoned = threading.Event()
        self._quiet = ExitStack()
        self._is_quiet = False
        self._asked = self._answered = 0
        self._progress = 0.0
        self._imported = False
        self._retry_at = 0.0
        self._delay = FIRST_DELAY
        self._drawn: tuple[int, ...] = ()
        self._drawn_of: tuple[tuple[Trial, ...], tuple[int, ...]] = ((), ())
        self._drawn_at = float("-inf")
        self._final_status: str | None = None
        self.searching = False
        """Whether a search runs: the study's run is then shown as running."""
        self.reason = ""
        """What went wrong last; empty after a round in which nothing did."""

    def ring(self) -> None:
        """Something changed. Returns at once."""
        with self._starting:
            if self._thread.ident is None and not self._closing.is_set():
                self._progress = time.monotonic()
                self._thread.start()
        self._wake.set()

    def catch_up(self) -> None:
        """Try now, and wait until that is done or nothing moves any more."""
        self._asked += 1
        ticket = self._asked
        self._retry_at = 0.0
        self.ring()
        self._wait(lambda: self._answered >= ticket)

    def close(self, status: str) -> None:
        """Write what is left, give the study's run its last status, and end the thread.

        Returns after `PATIENCE` seconds without progress, whatever the store does.
        """
        if self._thread.ident is None:
            return
        self._final_status = status
        self._closing.set()
        self._wake.set()
        if not self._wait(lambda: not self._thread.is_alive()):
            # The notebook stays locked until the thread ends: what it waits for may still happen.
            self._abandoned.set()
            self.reason = self.reason or f"no answer within {PATIENCE:g} seconds"

    def _wait(self, over: Callable[[], bool]) -> bool:
        self._progress = time.monotonic()
        while not over():
            patience = PATIENCE if self._imported else IMPORT_PATIENCE
            if time.monotonic() - self._progress > patience or not self._thread.is_alive():
                return over()
            self._thread.join(0.05)
        return True

    def _work(self) -> None:
        set_defaults()
        try:
            while not self._closing.is_set():
                self._wake.wait(self._nap())
                self._wake.clear()
                if time.monotonic() >= self._retry_at and not self._closing.is_set():
                    if not self._round() and self._closing.is_set():
                        return  # no second try: it failed just now, and somebody waits
                    self._closing.wait(PAUSE)
            if not self._abandoned.is_set():
                self._round()
        finally:
            self._quiet.close()
            self._notebook.close()

    def _nap(self) -> float | None:
        if self._retry_at == 0.0:
            return None
        return max(self._retry_at - time.monotonic(), 0.05)

    def _round(self) -> bool:
        """Write all that is due; False where the store could not be reached."""
        ticket, reached = self._asked, True
        try:
            problems = self._write()
        except Exception as error:  # noqa: BLE001 - a search outlives its notebook
            problems, reached = [self._place + explain(error)], False
        if problems:
            self._notebook.forget()
            self.reason = problems[0]
            self._retry_at = time.monotonic() + self._delay
            self._delay = min(2 * self._delay, LONGEST_DELAY)
        else:
            self.reason, self._retry_at, self._delay = "", 0.0, FIRST_DELAY
        self._answered = ticket
        return reached

    def _write(self) -> list[str]:
        self._connect()
        problems: list[str] = []
        for due in self._backlog.due():
            if self._abandoned.is_set():
                return problems
            problem = self._write_trial(due)
            if problem is not None:
                problems.append(problem)
        self._write_study()
        return problems

    def _connect(self) -> None:
        import mlflow  # noqa: F401 - takes seconds, and sets up the handlers that are then quieted

        self._imported = True
        self._moved()
        if not self._is_quiet:
            self._quiet.enter_context(quiet_here())
            self._is_quiet = True
            self._moved()
        self._notebook.open()
        self._moved()
        if self.searching and not self._closing.is_set():
            self._notebook.set_status("RUNNING")

    def _write_trial(self, due: Due) -> str | None:
        try:
            if not self._notebook.holds(due.trial):
                self._notebook.write_trial(due.trial, due.live, due.started)
        except Exception as error:
            if not self._notebook.answers():
                raise
            # The store is there: one trial that it does not take must not keep back the others.
            self._notebook.forget()
            self._notebook.open()
            return f"trial {due.trial.number}: {explain(error)}"
        self._backlog.done(due)
        self._moved()
        return None

    def _write_study(self) -> None:
        trials, rejected = self._backlog.trials, self._backlog.rejected
        self._notebook.write_curves(trials, rejected)
        front = feasible_front(self._spec, trials)
        members = tuple(t.number for t in front.trials)
        closing = self._closing.is_set()
        waited = time.monotonic() - self._drawn_at > FRONT_EVERY
        # What was stopped or rejected since is on no front, but in the files at the end.
        changed = (trials, rejected) != self._drawn_of
        if (changed and closing) or (members != self._drawn and waited):
            self._notebook.write_front(trials, self._draw)
            self._drawn, self._drawn_of = members, (trials, rejected)
            self._drawn_at = time.monotonic()
        if closing and self._final_status is not None:
            self._notebook.settle()
            self._notebook.set_status(self._final_status)
        self._moved()

    def _moved(self) -> None:
        self._progress = time.monotonic()
