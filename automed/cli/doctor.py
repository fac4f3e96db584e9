"""``automed doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from automed.cli.options import WorkspaceOption, workspace_at

if TYPE_CHECKING:
    from automed.api.doctor import Report


def doctor(
    ray: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Ask a Ray cluster, too: HOST:PORT or auto."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Check what this machine can do, with a command for what can be better.

    Exit code 1 only where something stops every search.
    """
    from automed.api.doctor import examine
    from automed.cli.console import err

    place = workspace_at(workspace)
    with err.status("Looking at this machine"):
        report = examine(place, ray)
    if as_json:
        _print_json(report)
    else:
        _print_table(report)
    if not report.can_search:
        raise typer.Exit(1)


def _print_json(report: Report) -> None:
    import json

    findings = [finding.model_dump(mode="json") for finding in report.findings]
    typer.echo(json.dumps({"can_search": report.can_search, "findings": findings}, indent=1))


def _print_table(report: Report) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from automed.api.doctor import Status
    from automed.cli.console import next_steps, out

    marks = {
        Status.OK: ("✓", "green"),
        Status.WARNING: ("!", "yellow"),
        Status.BROKEN: ("✗", "red"),
    }
    table = Table(title="This machine", title_justify="left", title_style="bold",
                  box=box.SIMPLE_HEAD, show_edge=False)  # fmt: skip
    table.add_column("", no_wrap=True)
    table.add_column("check", no_wrap=True)
    table.add_column("found", overflow="fold")
    for finding in report.findings:
        sign, colour = marks[finding.status]
        table.add_row(Text(sign, style=f"bold {colour}"), finding.name, Text(finding.found))
    out.print(table)
    fixes = [(f.name, f.fix) for f in report.findings if f.fix is not None]
    if fixes:
        next_steps(*fixes)
    if not report.can_search:
        out.print("\n[bold red]No search can run before that is mended.[/bold red]")
