"""The front as a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from shlex import quote

from rich.table import Table
from rich.text import Text

from automed.api.front import ShownFront
from automed.cli.console import out
from automed.cli.live import summary
from automed.domain.trial import Trial, TrialState
from automed.domain.workspace import Workspace


def print_front(shown: ShownFront) -> None:
    """The non-dominated trials, best quality first, the knee marked."""
    spec, front = shown.spec, shown.front
    complete = sum(t.state is TrialState.COMPLETE for t in shown.trials)
    if not front.trials:
        if complete:
            bounds = " and ".join(c.describe() for c in spec.constraints)
            out.print(f"\nNone of {complete} complete trials of study {shown.name} keeps {bounds}: "
                      f"no front. What each has: automed trials {quote(shown.name)}")  # fmt: skip
        else:
            out.print(f"\nStudy {shown.name} has no complete trial yet: no front.")
        _print_failures(shown)
        return
    height, width = spec.task.image_size
    demo = "  [black on yellow] synthetic demo data [/]" if spec.data.is_demo else ""
    table = Table(
        title=f"Front of {shown.name}: {len(front.trials)} of {complete} trials{demo}",
        title_justify="left", title_style="bold",
        caption=f"GFLOPs are multiply-accumulates (GMACs) at {height}x{width}; twice that "
        f"counting multiply and add. {spec.task.quality.label} on the validation part. "
        f"Hypervolume {front.hypervolume:.4f}.{_timed(shown)}",
        caption_justify="left",
    )  # fmt: skip
    timed = any(t.result and t.result.cost.latency for t in front.trials)
    quality = spec.task.quality.label
    for column in ("trial", quality, "GFLOPs", "MB", "ms" if timed else "params (M)", "config"):
        right = column != "config"
        table.add_column(column, justify="right" if right else "left", overflow="fold")
    for trial in front.trials:
        assert trial.result is not None
        cost = trial.result.cost
        last = f"{cost.parameters.value / 1e6:.3f}"
        if timed:
            last = f"{cost.latency.p50_ms:.1f}" if cost.latency else ""
        about = ", ".join(_remarks(trial, shown))
        table.add_row(
            str(trial.number), f"{trial.result.metrics[spec.task.guide]:.4f}",
            f"{cost.gmacs:.3f}", f"{cost.megabytes:.2f}", last,
            Text(about + ": " if about else "", style="cyan") + Text(summary(trial.config)),
        )  # fmt: skip
    out.print()
    out.print(table)
    if all(not t.result or not t.result.metrics[spec.task.guide] for t in front.trials):
        out.print(f"[yellow]No trial learned anything yet ({spec.task.quality.label} 0)[/yellow]: "
                  "more epochs (--epochs) or a larger input (--image-size) may help.")  # fmt: skip
    _print_warnings(front.trials)
    _print_failures(shown)


def _timed(shown: ShownFront) -> str:
    found = next((t.result.cost.latency for t in shown.front.trials if t.result), None)
    if found is None:
        return ""
    return f" ms: one image on {found.threads} thread ({found.device}, {found.runtime})."


def _remarks(trial: Trial, shown: ShownFront) -> list[str]:
    words = [trial.origin] if trial.origin != shown.spec.sampler else []
    words += [f"child of {trial.parent}"] if trial.parent is not None else []
    words += ["knee"] if trial.number == shown.front.knee else []
    return words + (["see below"] if trial.result and trial.result.remarks else [])


def _print_warnings(trials: Sequence[Trial]) -> None:
    for trial in trials:
        for remark in trial.result.remarks if trial.result else ():
            out.print(f"[yellow]! trial {trial.number}:[/yellow] {remark}")


def to_export(shown: ShownFront, workspace: Workspace) -> tuple[tuple[str, str], ...]:
    """The command that takes the front's knee along; none where there is no front."""
    guide = shown.spec.task.guide
    learned = any(t.result and t.result.metrics[guide] for t in shown.front.trials)
    if shown.front.knee is None or not learned:
        return ()
    command = f"automed export {quote(shown.name)} --trial {shown.front.knee} -o bundle"
    return (("take the knee with you", command + workspace.flag),)


def to_confirm(shown: ShownFront, workspace: Workspace) -> tuple[tuple[str, str], ...]:
    """The command that tells the front from luck; none where there is no front."""
    if not shown.front.trials:
        return ()
    command = f"automed confirm {quote(shown.name)}{workspace.flag}"
    return (("confirm it by retraining", command),)


def print_files(files: Sequence[Path]) -> None:
    """Where the plots are, a path a line to be copied."""
    out.print("\nWritten:")
    for file in files:
        out.print(f"  {file}", soft_wrap=True)


def _print_failures(shown: ShownFront) -> None:
    failed = [t for t in shown.trials if t.failure is not None]
    for trial in failed[:3]:
        assert trial.failure is not None
        first = trial.failure.message.splitlines()[0]
        out.print(f"[red]trial {trial.number} failed:[/red] {trial.failure.kind}: {first}")
    if len(failed) > 3:
        out.print(f"[red]and {len(failed) - 3} more failed[/red]")
