"""The ``automed`` command. Heavy imports wait inside the commands: ``--help`` must be instant."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from automed import __version__
from automed.cli import (
    bench,
    confirm,
    dashboard,
    data,
    doctor,
    encoders,
    export,
    front,
    plugin,
    predict,
    replay,
    reproduce,
    search,
    space,
    studies,
    sync,
    tasks,
    trials,
)
from automed.domain.errors import AutomedError

app = typer.Typer(
    name="automed",
    help="Find the medical-imaging models nobody can beat at their price.",
    epilog="Begin with: automed search polyp --budget 12 --no-pretrained",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
app.command()(search.search)
app.command()(front.front)
app.command()(dashboard.dashboard)
app.command()(confirm.confirm)
app.command()(export.export)
app.command()(predict.predict)
app.command()(bench.bench)
app.command()(reproduce.reproduce)
app.command()(trials.trials)
app.command()(replay.replay)
app.command()(studies.studies)
app.command()(tasks.tasks)
app.command()(encoders.encoders)
app.command()(sync.sync)
app.command()(doctor.doctor)
app.add_typer(data.app, name="data")
app.add_typer(plugin.app, name="plugin")
app.add_typer(space.app, name="space")


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(f"automed {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line; a problem that the user can fix ends it with exit code 2."""
    try:
        app()
    except AutomedError as error:
        from automed.cli.console import show_error

        show_error(error)
        sys.exit(2)
    except KeyboardInterrupt:
        typer.echo("Interrupted.", err=True)
        sys.exit(130)
