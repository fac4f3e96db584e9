"""The progress of a confirmation, and when it ends."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from automed.api.confirming import Retraining
from automed.cli.console import err, out
from automed.cli.eta import clock
from automed.domain.measurement import Measurement
from automed.domain.objective import Objective
from automed.domain.result import Failure, Result


class ConfirmProgress:
    """Shows each training that ends as a line, and on a terminal a bar with the time that remains.

    How long the rest takes is what the search needed for it, times how much slower or faster the
    trainings go now.

    Args:
        plan: All retrainings; those that have an outcome count as done.
        quality: The guide metric.
        epochs: Most epochs a training.
    """

    def __init__(self, plan: Sequence[Retraining], quality: Objective, epochs: int) -> None:
        self._total = len(plan)
        self._left = [r for r in plan if r.outcome is None]
        self._quality, self._epochs = quality, epochs
        self._began = time.monotonic()
        self._expected = 0.0
        """Of what was trained since, in seconds of the search."""
        self._share = 0.0
        """Of the running training that is done."""
        self._bar = Progress(
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            TextColumn("ETA {task.fields[eta]}"), console=err, transient=True,
        )  # fmt: skip
        done = self._total - len(self._left)
        self._trainings = self._bar.add_task("Training", total=self._total, completed=done, eta="")
        self._test = self._bar.add_task("Scoring the test part", total=1, visible=False, eta="")

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def began(self, retraining: Retraining) -> None:
        """Say which one trains."""
        self._share = 0.0
        about = f"Trial {retraining.trial.number}, partition {retraining.partition}"
        self._bar.update(self._trainings, description=about, eta=clock(self.remaining()))

    def measured(self, retraining: Retraining, measurement: Measurement) -> None:
        """Move on by an epoch."""
        self._share = min(1.0, measurement.epoch / self._epochs)
        self._bar.update(
            self._trainings, completed=self._done + self._share, eta=clock(self.remaining())
        )

    def ended(self, retraining: Retraining, outcome: Result | Failure) -> None:
        """A line for what came of it."""
        self._expected += retraining.seconds
        self._share = 0.0
        self._left = [r for r in self._left if r is not retraining]
        self._bar.update(self._trainings, completed=self._done, eta=clock(self.remaining()))
        head = f"trial {retraining.trial.number:3d} partition {retraining.partition}"
        # Above the bar, where there is one: it is drawn by the other console.
        shown = err if out.is_terminal else out
        shown.print(
            f"{head} {self._words(outcome)}  {self._done}/{self._total} "
            f"ETA {clock(self.remaining())}",
            soft_wrap=True, markup=False,
        )  # fmt: skip

    def scored(self, done: int, total: int) -> None:
        """The second bar moves on."""
        self._bar.update(self._test, visible=True, completed=done, total=total)

    def remaining(self) -> float | None:
        """Seconds until the last training ends; None while nothing is known."""
        running = self._left[0].seconds if self._left else 0.0
        trained = self._expected + self._share * running
        left = sum(r.seconds for r in self._left) - self._share * running
        if trained <= 0:
            return left or None
        return (time.monotonic() - self._began) / trained * left

    @property
    def _done(self) -> int:
        return self._total - len(self._left)

    def _words(self, outcome: Result | Failure) -> str:
        if isinstance(outcome, Failure):
            return f"failed  {outcome.kind}: {outcome.message.splitlines()[0]}"
        value = outcome.metrics[self._quality.metric]
        return f"done    {self._quality.label} {value:.4f} in {clock(outcome.seconds)}"
