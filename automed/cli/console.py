"""Where everything is printed: results to stdout, errors and progress to stderr."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from automed.api.progress import Steps, Tick
from automed.domain.errors import AutomedError

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def show_error(error: AutomedError) -> None:
    """The problem in red, what was found and expected, and the next step to copy."""
    err.print(Text("error: ", style="bold red") + Text(error.problem, style="bold"), soft_wrap=True)
    for label, value in (("found", error.found), ("expected", error.expected)):
        if value is not None:
            err.print(Text(f"  {label + ':':<10}", style="dim") + Text(str(value)), soft_wrap=True)
    if error.hint is not None:
        err.print(Text(f"  {'next:':<10}", style="dim") + Text(error.hint, style="green"),
                  soft_wrap=True)  # fmt: skip


def next_steps(*commands: tuple[str, str]) -> None:
    """Commands to copy, each with what it is for."""
    out.print("\n[bold]Next[/bold]")
    for purpose, command in commands:
        # The command on a line of its own: it must survive being copied from a narrow terminal.
        out.print(Text(f"  {purpose}:", style="dim"))
        out.print(Text(f"    {command}", style="green"), soft_wrap=True)


@contextmanager
def steps() -> Iterator[Steps]:
    """Progress bars with the time that remains, one a step, gone when the last step ends."""
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
    )

    def step(title: str) -> Tick:
        bar = progress.add_task(title, total=None)

        def tick(done: int, total: int) -> None:
            progress.update(bar, completed=done, total=total or None)

        return tick

    with progress:
        yield step
