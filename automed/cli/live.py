"""The table of a running search."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from automed.cli.console import out
from automed.cli.eta import Eta, clock
from automed.domain.compression import compression_of
from automed.domain.config import Config
from automed.domain.front import front_of
from automed.domain.measurement import Measurement
from automed.domain.study_spec import StudySpec
from automed.domain.trial import Trial, TrialState

_ROWS = 12
_STYLES = {"done": "green", "failed": "red", "running": "bold cyan", "stopped": "dim"}


class LiveTable:
    """An observer that shows the newest trials, the budget and the time that remains.

    On a terminal the table is redrawn in place; elsewhere each finished trial is one line.
    """

    def __init__(self, spec: StudySpec, earlier: Sequence[Trial] = ()) -> None:
        self._spec = spec
        self._finished = [
            t for t in earlier if t.rejected is None and t.state is not TrialState.RUNNING
        ]
        self._running: Trial | None = None
        self._last: Measurement | None = None
        self._rejected = sum(t.rejected is not None for t in earlier)
        self._eta = Eta(spec.budget.trials, self._trained, spec.task.training.epochs)
        self._front: set[int] = set()
        self._refresh_front()
        self._live = Live(console=out, refresh_per_second=4, get_renderable=self._render)

    def __enter__(self) -> Self:
        if out.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if out.is_terminal:
            self._live.stop()

    def trial_started(self, trial: Trial) -> None:
        """Show the trial as running."""
        self._running, self._last = trial, None
        self._eta.started(time.monotonic())

    def trial_measured(self, trial: Trial, measurement: Measurement) -> None:
        """Show its epoch and its quality."""
        self._last = measurement
        self._eta.measured(measurement.epoch, time.monotonic())

    def trial_finished(self, trial: Trial) -> None:
        """Show what came of it."""
        self._finished.append(trial)
        self._running = None
        self._eta.finished(time.monotonic(), charged=trial.charged)
        self._refresh_front()
        if not out.is_terminal:
            out.print(self._line(trial), soft_wrap=True, markup=False)

    def trial_rejected(self, trial: Trial) -> None:
        """Count it: it cost nothing."""
        self._rejected += 1

    @property
    def _trained(self) -> int:
        return sum(t.charged for t in self._finished)

    def _refresh_front(self) -> None:
        front = front_of(self._finished, self._spec.task.objectives)
        self._front = {t.number for t in front.trials}

    def _render(self) -> RenderableType:
        quality = self._spec.task.quality.label
        table = Table(expand=True)
        for column in ("trial", "state", "epoch", quality, "GFLOPs", "MB", "ETA"):
            table.add_column(column, justify="left" if column == "state" else "right", no_wrap=True)
        table.add_column("config", no_wrap=True, overflow="ellipsis", ratio=1)
        for trial in self._finished[-_ROWS:]:
            table.add_row(*self._cells(trial))
        if self._running is not None:
            table.add_row(*self._cells(self._running))
        return Group(table, self._footer())

    def _cells(self, trial: Trial) -> list[RenderableType]:
        star = "*" if trial.number in self._front else ""
        state = Text(trial.label + star, style=_STYLES.get(trial.label, ""))
        cost = trial.result.cost if trial.result else trial.predicted
        gmacs, size = (f"{cost.gmacs:.3f}", f"{cost.megabytes:.2f}") if cost else ("", "")
        quality, epoch = self._progress(trial)
        return [
            str(trial.number), state, epoch, quality, gmacs, size,
            self._time(trial), summary(trial.config),
        ]  # fmt: skip

    def _progress(self, trial: Trial) -> tuple[str, str]:
        guide = self._spec.task.guide
        of = "" if trial.parent is not None else f"/{self._spec.task.training.epochs}"
        if trial.result is not None:
            return f"{trial.result.metrics[guide]:.4f}", f"{trial.result.epochs}{of}"
        if trial.state is TrialState.RUNNING and self._last is not None:
            return f"{self._last.metrics[guide]:.4f}", f"{self._last.epoch}{of}"
        return "", f"0{of}" if trial.state is TrialState.RUNNING else ""

    def _time(self, trial: Trial) -> str:
        if trial.state is TrialState.RUNNING:
            return clock(self._eta.trial(time.monotonic()))
        return clock(trial.result.seconds) + " spent" if trial.result else ""

    def _footer(self) -> RenderableType:
        done, total = self._trained, self._spec.budget.trials
        children = len(self._finished) - done
        bar = Table.grid(padding=(0, 1))
        bar.add_row(
            ProgressBar(total=total, completed=done, width=40), f"{done} of {total} trials",
            f"{children} compressed" if children else "",
            f"ETA {clock(self._eta.study(time.monotonic()))}",
            Text(f"{self._rejected} rejected unseen", style="dim") if self._rejected else "",
            Text("* on the front", style="dim"),
        )  # fmt: skip
        return bar

    def _line(self, trial: Trial) -> str:
        quality, epoch = self._progress(trial)
        label = self._spec.task.quality.label
        remaining = clock(self._eta.study(time.monotonic()))
        head = f"trial {trial.number:3d} {trial.label:7s}"
        if trial.failure is not None:
            return f"{head} {trial.failure.kind}: {trial.failure.message.splitlines()[0]}"
        cost = trial.result.cost if trial.result else None
        costs = f" {cost.gmacs:.3f} GFLOPs {cost.megabytes:.2f} MB" if cost else ""
        return (
            f"{head} epoch {epoch} {label} {quality}{costs} "
            f"[{summary(trial.config)}] ETA {remaining}"
        )


def summary(config: Config) -> str:
    """A config in one line: how it is compressed, then the choices that shape the model."""
    compression = compression_of(config)
    how = [] if compression is None else [str(compression)]
    model = [
        str(v) for k, v in config.items() if k.startswith(("model.arch", "model.enc", "data."))
    ]
    rest = [str(config[k]) for k in ("training.loss", "training.optimizer") if k in config]
    rate = config.get("training.learning_rate")
    return " ".join([*how, *model, *rest, *([f"lr {rate:.1e}"] if rate is not None else [])])
