"""``automed trials``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from automed.cli.options import WorkspaceOption, workspace_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from automed.api.front import ShownFront
    from automed.domain.objective import Constraint
    from automed.domain.trial import Trial


def trials(
    study: Annotated[str, typer.Argument(help="Name of the study; see automed studies.")],
    rejected: Annotated[
        bool, typer.Option("--rejected", help="Those, too, that the screen rejected.")
    ] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """List every trial of a study: compressed children with what they lost to their parents."""
    from rich.table import Table
    from rich.text import Text

    from automed.api.front import show_front
    from automed.cli.console import next_steps, out

    space = workspace_at(workspace)
    shown = show_front(study, space)
    table = Table(title=f"Trials of {study}", title_justify="left", title_style="bold")
    quality = shown.spec.task.quality.label
    for column in ("trial", "state", quality, "to parent", "GFLOPs", "MB", "s", "what"):
        table.add_column(column, justify="left" if column in ("state", "what") else "right",
                         overflow="fold")  # fmt: skip
    listed = [t for t in shown.trials if rejected or t.rejected is None]
    numbered = {t.number: t for t in shown.trials}
    front = {t.number for t in shown.front.trials}
    bounds = shown.spec.constraints
    for trial in listed:
        mark = "*" * (trial.number in front) + "!" * trial.is_marked
        table.add_row(
            f"{trial.number}{mark}", "paused" if trial.number in shown.paused else trial.label,
            *_figures(trial, numbered, shown.spec.task.guide),
            Text(_broken(trial, bounds) + _waits(trial, shown) + _about(trial), style="cyan")
            + Text(_config(trial)),
        )  # fmt: skip
    out.print(table)
    hidden = len(shown.trials) - len(listed)
    if any(trial.is_marked for trial in listed):
        out.print(f"! lost more than --max-drop allows ({shown.spec.max_drop:g})")
    out.print("* on the front" + (f"; {hidden} rejected, see --rejected" if hidden else ""))
    next_steps(
        ("see the front", f"automed front {study}{space.flag}"),
        ("take one along", f"automed export {study} --trial N -o bundle{space.flag}"),
    )


def _figures(
    trial: Trial, numbered: Mapping[int, Trial], guide: str
) -> tuple[str, str, str, str, str]:
    """Quality, its difference to the parent's, MACs, bytes, seconds."""
    cost = trial.result.cost if trial.result else trial.predicted
    price = ("", "") if cost is None else (f"{cost.gmacs:.3f}", f"{cost.megabytes:.2f}")
    if trial.result is None:
        return ("", "", *price, "")
    value = trial.result.metrics.get(guide)
    parent = None if trial.parent is None else numbered[trial.parent]
    before = parent.result.metrics.get(guide) if parent and parent.result else None
    return (
        "" if value is None else f"{value:.4f}",
        "" if value is None or before is None else f"{value - before:+.4f}",
        *price, f"{trial.result.seconds:.0f}",
    )  # fmt: skip


def _config(trial: Trial) -> str:
    from automed.cli.live import summary
    from automed.domain.compression import compression_of

    # Of a child the rest is its parent's.
    return summary(trial.config) if trial.parent is None else str(compression_of(trial.config))


def _broken(trial: Trial, constraints: Sequence[Constraint]) -> str:
    """Which constraints a finished model breaks: it is no candidate for the front."""
    from automed.search.screen import broken_by

    broken = broken_by(constraints, trial.result.values()) if trial.result is not None else []
    return "".join(f"{words}: " for words in broken)


def _waits(trial: Trial, shown: ShownFront) -> str:
    """How far a training has come that nobody goes on with now."""
    if trial.number not in shown.paused or trial.parent is not None:
        return ""
    epochs = trial.config.get("training.epochs", shown.spec.task.training.epochs)
    return f"paused at epoch {shown.paused[trial.number]} of {epochs}: "


def _about(trial: Trial) -> str:
    if trial.rejected is not None:
        return f"{trial.rejected}: "
    if trial.failure is not None:
        return f"{trial.failure.kind}: "
    if trial.stop is not None:
        return f"stopped after epoch {trial.stop.epoch}, {trial.stop.why}: "
    return "" if trial.parent is None else f"child of {trial.parent}: "
