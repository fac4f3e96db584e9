"""``automed plugin new``: from a folder of images to a task that can be searched."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import typer
from rich.text import Text

from automed.api.datasets import add_data
from automed.api.plugin_new import place_for, write_plugin
from automed.api.plugin_proposal import Given, Proposal, propose
from automed.api.plugin_space import travels
from automed.api.registered_options import as_registered
from automed.cli.console import next_steps, out, show_error, steps
from automed.cli.data_view import show
from automed.cli.plugin_ask import asked
from automed.cli.plugin_checks import checked
from automed.cli.plugin_view import print_proposal
from automed.domain.errors import AutomedError, DataError
from automed.domain.workspace import Workspace
from automed.registry.tasks import FOLDERS, load_task


def make_plugin(
    given: Given, output: Path | None, workspace: Workspace, *, force: bool, yes: bool
) -> None:
    """Propose, ask, write, check and register.

    Raises:
        AutomedError: The name, the folder or a flag cannot be used; nothing is written then.
        typer.Exit: The plugin was written, and a check or its data failed.
    """
    file = place_for(given.name, output, force=force)
    if not yes and not is_terminal():
        raise AutomedError(
            "there is no terminal to ask questions on",
            hint=f"take what is proposed: {command_of(given)} --yes",
        )
    with steps() as step:
        proposal = propose(given, step)
    print_proposal(proposal, travels(proposal.space, file))
    if not yes:
        answered = asked(given, proposal)
        if answered != given:
            given = answered
            with steps() as step:
                proposal = propose(given, step)
        typer.confirm(f"Write {_shown(file)}?", default=True, abort=True)
    found = write_plugin(proposal, file, command_of(given))
    out.print(Text("Written: ", style="green") + Text(_shown(file)), soft_wrap=True)
    prefix = "" if found else f"{FOLDERS}={shlex.quote(str(file.parent))} "
    if not checked(load_task(given.name)):
        next_steps(("mend the file, then", f"{prefix}automed plugin check {given.name}"))
        raise typer.Exit(1)
    _register(proposal, given, workspace, prefix)


def _register(proposal: Proposal, given: Given, workspace: Workspace, prefix: str) -> None:
    name, root, options = given.name, proposal.dataset.root, proposal.options
    flags = f"{shlex.quote(str(root))}{options.flags}{workspace.flag}"
    known = as_registered(name, root, options, workspace, fresh=True)
    try:
        with steps() as step:
            data = add_data(name, root, workspace, options, step)
    except DataError as error:
        show_error(error)
        next_steps(
            ("mend the data, then register them", f"{prefix}automed data add {name} {flags}")
        )
        raise typer.Exit(1) from None
    show(data, known.notes)
    next_steps(
        ("see what it declares", f"{prefix}automed plugin show {name}{workspace.flag}"),
        ("what a search may vary", f"{prefix}automed space show {name}"),
        ("search", f"{prefix}automed search {name} --budget 50{workspace.flag}"),
    )


def command_of(given: Given) -> str:
    """The command that says the same again."""
    size = "x".join(map(str, given.image_size)) if given.image_size else None
    words = {
        "--kind": given.kind, "--title": given.title, "--image-size": size, "--space": given.space,
        "--classes": ",".join(given.classes) if given.classes else None,
    }  # fmt: skip
    said = "".join(f" {flag} {shlex.quote(word)}" for flag, word in words.items() if word)
    return (
        f"automed plugin new {given.name} --data {shlex.quote(str(given.path))}"
        f"{said}{given.options.flags}"
    )


def is_terminal() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _shown(file: Path) -> str:
    here = Path.cwd()
    return str(file.relative_to(here) if file.is_relative_to(here) else file)
