"""``automed plugin check``."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="Check task plugins.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps ``check`` a subcommand while it is the only one."""


@app.command()
def check(
    name: Annotated[str, typer.Argument(help="Name of the task; see automed tasks.")],
) -> None:
    """Run the conformance suite on a task plugin. Exit code 1 if a check fails."""
    from automed.cli.console import out
    from automed.registry.tasks import load_task
    from automed.testing.conformance import CHECKS, run_check

    task = load_task(name)
    failed = 0
    for check_name in CHECKS:
        problem = run_check(check_name, task)
        mark = "[green]ok[/green]  " if problem is None else "[red]FAIL[/red]"
        out.print(f"{mark} {check_name.replace('_', ' ')}" + (f": {problem}" if problem else ""))
        failed += problem is not None
    if failed:
        raise typer.Exit(1)
