"""The front as a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from automed.api.front import ShownFront
from automed.cli.console import out
from automed.cli.live import summary
from automed.domain.trial import TrialState


def print_front(shown: ShownFront) -> None:
    """The non-dominated trials, best quality first, the knee marked."""
    spec, front = shown.spec, shown.front
    complete = sum(t.state is TrialState.COMPLETE for t in shown.trials)
    if not front.trials:
        out.print(f"\nStudy {spec.name} has no complete trial yet: no front.")
        _print_failures(shown)
        return
    height, width = spec.task.image_size
    demo = "  [black on yellow] synthetic demo data [/]" if spec.data.is_demo else ""
    table = Table(
        title=f"Front of {spec.name}: {len(front.trials)} of {complete} trials{demo}",
        title_justify="left", title_style="bold",
        caption=f"GFLOPs are multiply-accumulates (GMACs) at {height}x{width}; twice that "
        f"counting multiply and add. {spec.task.quality.label} on the validation part. "
        f"Hypervolume {front.hypervolume:.4f}.",
        caption_justify="left",
    )  # fmt: skip
    for column in ("trial", spec.task.quality.label, "GFLOPs", "MB", "params (M)", "", "config"):
        right = column not in ("", "config")
        table.add_column(column, justify="right" if right else "left", overflow="fold")
    for trial in front.trials:
        assert trial.result is not None
        cost = trial.result.cost
        remarks = [trial.origin] if trial.origin != spec.sampler else []
        remarks += ["knee"] if trial.number == front.knee else []
        table.add_row(
            str(trial.number), f"{trial.result.metrics[spec.task.guide]:.4f}",
            f"{cost.gmacs:.3f}", f"{cost.megabytes:.2f}", f"{cost.parameters.value / 1e6:.3f}",
            ", ".join(remarks), summary(trial.config),
        )  # fmt: skip
    out.print()
    out.print(table)
    if all(not t.result or not t.result.metrics[spec.task.guide] for t in front.trials):
        out.print(f"[yellow]No trial learned anything yet ({spec.task.quality.label} 0)[/yellow]: "
                  "more epochs (--epochs) or a larger input (--image-size) may help.")  # fmt: skip
    _print_failures(shown)


def print_files(files: Sequence[Path]) -> None:
    """Where the plots are, a path a line to be copied."""
    out.print("\nWritten:")
    for file in files:
        out.print(f"  {file}", soft_wrap=True)


def _print_failures(shown: ShownFront) -> None:
    failed = [t for t in shown.trials if t.failure is not None and t.charged]
    for trial in failed[:3]:
        assert trial.failure is not None
        first = trial.failure.message.splitlines()[0]
        out.print(f"[red]trial {trial.number} failed:[/red] {trial.failure.kind}: {first}")
    if len(failed) > 3:
        out.print(f"[red]and {len(failed) - 3} more failed[/red]")
