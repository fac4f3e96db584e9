"""``automed replay``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from automed.cli.options import WorkspaceOption, workspace_at

if TYPE_CHECKING:
    from automed.api.replay import Difference, Replayed
    from automed.domain.workspace import Workspace

_SHOWN = 10
"""Differences that are printed: after the first, most follow from it."""


def replay(
    study: Annotated[str, typer.Argument(help="Name of the study; see automed studies.")],
    workspace: WorkspaceOption = None,
) -> None:
    """Recompute what a study decided from its log, and say where it differs. Exit code 1 if so."""
    from automed.api.replay import replay_study
    from automed.cli.console import steps

    space = workspace_at(workspace)
    with steps() as step:
        done = replay_study(study, space, step)
    print_replay(done, space)
    if done.replay.differences:
        raise typer.Exit(1)


def print_replay(done: Replayed, space: Workspace) -> None:
    """The table, the first differences, what may explain them, and what to do next."""
    from rich.table import Table
    from rich.text import Text

    from automed.cli.console import next_steps, out

    found, name = done.replay.differences, done.replay.spec.name
    table = Table(title=f"Replay of {name}", title_justify="left", title_style="bold")
    for column in ("what", "recomputed", "equal", "different"):
        table.add_column(column, justify="left" if column == "what" else "right")
    for check, tally in done.replay.tallies.items():
        style = "red" if tally.different else None
        table.add_row(check, *map(str, (tally.recomputed, tally.equal, tally.different)),
                      style=style)  # fmt: skip
    out.print(table)
    for note in done.replay.notes:
        out.print(Text(f"note: {note}", style="dim"), soft_wrap=True)
    if not found:
        out.print("Nothing differs: the study follows from its settings and its log.")
        next_steps(("see the front", f"automed front {name}{space.flag}"))
        return
    out.print(f"\n[bold]The first of {len(found)} differences[/bold]")
    for difference in found[:_SHOWN]:
        out.print(Text(_in_words(difference)), soft_wrap=True)
    out.print(Text(_versions(done), style="dim"), soft_wrap=True)
    next_steps(
        ("see what each trial is", f"automed trials {name} --rejected{space.flag}"),
        *([] if done.then == done.now["automed"] else
          [("recompute it as it was made", f"pip install automed=={done.then}")]),
    )  # fmt: skip


def _in_words(difference: Difference) -> str:
    where = "study.json" if difference.trial is None else f"trial {difference.trial}"
    return (
        f"{where} ({difference.check}): {difference.key}\n"
        f"  recorded:   {difference.recorded}\n"
        f"  recomputed: {difference.recomputed}"
    )


def _versions(done: Replayed) -> str:
    now = ", ".join(f"{package} {number}" for package, number in done.now.items())
    return (
        f"The study was begun with automed {done.then}; recomputed with {now}. The versions of "
        "other packages were not recorded: another one may draw or cost differently."
    )
