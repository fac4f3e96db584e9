"""The table of a running search."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from automed.cli.budget_view import owed_children
from automed.cli.console import out
from automed.cli.eta import Eta, clock
from automed.domain.budget import Spent
from automed.domain.compression import compression_of
from automed.domain.config import Config
from automed.domain.measurement import Measurement
from automed.domain.study_spec import StudySpec
from automed.domain.trial import Trial, TrialState
from automed.search.screen import broken_by
from automed.search.view import feasible_front

_ROWS = 12
_STYLES = {"done": "green", "failed": "red", "running": "bold cyan", "stopped": "dim",
           "paused": "yellow"}  # fmt: skip


class LiveTable:
    """An observer that shows the newest trials, the budget and the time that remains.

    On a terminal the table is redrawn in place; elsewhere each finished trial is one line.

    Args:
        spec: The study's settings.
        spending: Says what is spent by now.
        earlier: Trials of earlier sessions, where a study goes on.
    """

    def __init__(
        self, spec: StudySpec, spending: Callable[[], Spent], earlier: Sequence[Trial] = ()
    ) -> None:
        self._spec = spec
        self._spending = spending
        self._over = False
        self._finished = [
            t for t in earlier if t.rejected is None and t.state is not TrialState.RUNNING
        ]
        self._running: dict[int, Trial] = {}
        self._put_back: dict[int, Trial] = {}
        self._last: dict[int, Measurement] = {}
        self._rejected = sum(t.rejected is not None for t in earlier)
        self._eta = Eta(
            spec.budget, self._trained, spec.task.training.epochs,
            len(spec.compress), owed_children(earlier, spec),
        )  # fmt: skip
        self._look()
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
        self._over = True
        if out.is_terminal:
            self._live.stop()

    def trial_started(self, trial: Trial) -> None:
        """Show the trial as running."""
        self._last.pop(trial.number, None)
        self._put_back.pop(trial.number, None)
        self._running = {**self._running, trial.number: trial}
        self._eta.started(trial.number, time.monotonic(), child=trial.parent is not None)
        self._look()

    def trial_measured(self, trial: Trial, measurement: Measurement) -> None:
        """Show its epoch and its quality."""
        self._last[trial.number] = measurement
        self._eta.measured(trial.number, measurement.epoch)
        self._look()

    def trial_put_back(self, trial: Trial, lost: str | None = None) -> None:
        """Show it no longer, but at the end: it waits. That its worker is lost is said above."""
        if lost is not None:
            said = f"trial {trial.number:3d} goes on from its last whole epoch: {lost}"
            out.print(Text(said, style="yellow"), soft_wrap=True)
        if trial.number in self._running:
            self._put_back[trial.number] = trial
            self._strike_off(trial)
            self._eta.put_back(trial.number, time.monotonic())
            self._look()

    def trial_finished(self, trial: Trial) -> None:
        """Show what came of it."""
        self._finished.append(trial)
        self._strike_off(trial)
        if trial.parent is None:
            complete = trial.state is TrialState.COMPLETE
            self._eta.trained(
                trial.number, time.monotonic(), charged=trial.charged, complete=complete
            )
        else:
            self._eta.compressed(trial.number, time.monotonic())
        self._look()
        self._refresh_front()
        if not out.is_terminal:
            out.print(self._line(trial), soft_wrap=True, markup=False)

    def trial_rejected(self, trial: Trial) -> None:
        """Count it: it cost nothing."""
        self._rejected += 1
        if trial.parent is not None:
            self._eta.refused()

    def _strike_off(self, trial: Trial) -> None:
        # A new one, as the thread that draws may be going through the old one.
        self._running = {n: t for n, t in self._running.items() if n != trial.number}

    @property
    def _trained(self) -> int:
        return sum(t.charged for t in self._finished)

    def _refresh_front(self) -> None:
        front = feasible_front(self._spec, self._finished)
        self._front = {t.number for t in front.trials}

    def _look(self) -> None:
        # Only when something happens: the study must not be read from the thread that draws.
        self._spent, self._seen = self._spending(), time.monotonic()

    def _spent_by(self, now: float) -> Spent:
        running = [] if self._over else list(self._running.values())
        since, children = now - self._seen, sum(trial.parent is not None for trial in running)
        return replace(
            self._spent, seconds=self._spent.seconds + since * bool(running),
            device_seconds=self._spent.device_seconds + since * (len(running) - children),
            child_seconds=self._spent.child_seconds + since * children,
        )  # fmt: skip

    def _remaining(self) -> str:
        now = time.monotonic()
        return clock(self._eta.study(now, self._spent_by(now)))

    def _render(self) -> RenderableType:
        quality = self._spec.task.quality.label
        table = Table(expand=True)
        for column in ("trial", "state", "epoch", quality, "GFLOPs", "MB", "ETA"):
            table.add_column(column, justify="left" if column == "state" else "right", no_wrap=True)
        table.add_column("config", no_wrap=True, overflow="ellipsis", ratio=1)
        for trial in self._finished[-_ROWS:]:
            table.add_row(*self._cells(trial))
        waiting = self._put_back if self._over else {}
        for _, trial in sorted({**self._running, **waiting}.items()):
            table.add_row(*self._cells(trial))
        return Group(table, self._footer())

    def _cells(self, trial: Trial) -> list[RenderableType]:
        star = "*" if trial.number in self._front else ""
        label = "paused" if self._over and trial.state is TrialState.RUNNING else trial.label
        state = Text(label + star, style=_STYLES.get(label, ""))
        cost = trial.result.cost if trial.result else trial.predicted
        gmacs, size = (f"{cost.gmacs:.3f}", f"{cost.megabytes:.2f}") if cost else ("", "")
        quality, epoch = self._progress(trial)
        config = Text.assemble((self._broken(trial), "yellow"), summary(trial.config))
        return [
            str(trial.number), state, epoch, quality, gmacs, size,
            self._time(trial), config,
        ]  # fmt: skip

    def _broken(self, trial: Trial) -> str:
        """Which constraints the finished model breaks: it is no candidate for the front."""
        values = trial.result.values() if trial.result is not None else None
        broken = broken_by(self._spec.constraints, values) if values is not None else []
        return "".join(f"{words}: " for words in broken)

    def _progress(self, trial: Trial) -> tuple[str, str]:
        guide = self._spec.task.guide
        of = "" if trial.parent is not None else f"/{self._spec.task.training.epochs}"
        if trial.result is not None:
            return f"{trial.result.metrics[guide]:.4f}", f"{trial.result.epochs}{of}"
        last = self._last.get(trial.number)
        if trial.state is TrialState.RUNNING and last is not None:
            return f"{last.metrics[guide]:.4f}", f"{last.epoch}{of}"
        return "", f"0{of}" if trial.state is TrialState.RUNNING else ""

    def _time(self, trial: Trial) -> str:
        if trial.state is TrialState.RUNNING:
            return "" if self._over else clock(self._eta.trial(trial.number, time.monotonic()))
        return clock(trial.result.seconds) + " spent" if trial.result else ""

    def _footer(self) -> RenderableType:
        budget, spent = self._spec.budget, self._spent_by(time.monotonic())
        # A training counts here when it has ended.
        spent = replace(spent, trials=self._trained)
        share = max(getattr(spent, name) / limit for name, limit in budget.given.items())
        children = len(self._finished) - self._trained
        bar = Table.grid(padding=(0, 1))
        bar.add_row(
            ProgressBar(total=1.0, completed=min(1.0, share), width=40),
            budget.describe_spent(spent), f"{children} compressed" if children else "",
            "" if self._over else f"ETA {self._remaining()}",
            Text(f"{self._rejected} rejected unseen", style="dim") if self._rejected else "",
            Text("* on the front", style="dim"),
        )  # fmt: skip
        return bar

    def _line(self, trial: Trial) -> str:
        quality, epoch = self._progress(trial)
        label = self._spec.task.quality.label
        head = f"trial {trial.number:3d} {trial.label:7s}"
        if trial.failure is not None:
            return f"{head} {trial.failure.kind}: {trial.failure.message.splitlines()[0]}"
        cost = trial.result.cost if trial.result else None
        costs = f" {cost.gmacs:.3f} GFLOPs {cost.megabytes:.2f} MB" if cost else ""
        return (
            f"{head} epoch {epoch} {label} {quality}{costs} "
            f"[{self._broken(trial)}{summary(trial.config)}] ETA {self._remaining()}"
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
