"""``automed export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from automed.cli.options import WorkspaceOption, workspace_at


def export(
    study: Annotated[str, typer.Argument(help="Name of the study; see automed studies.")],
    trial: Annotated[
        int | None,
        typer.Option("--trial", help="Number of the trial.", show_default="the front's knee"),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The bundle's folder.", show_default="STUDY-trial-N"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a bundle that is there.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Write a trial's model as a bundle that predicts without automed."""
    from automed.api.bundles import export_bundle
    from automed.cli.bundle_view import print_bundle
    from automed.cli.console import err, next_steps

    space = workspace_at(workspace)
    with err.status("Exporting the model"):
        done = export_bundle(study, space, trial=trial, output=output, force=force)
    print_bundle(done)
    next_steps(
        ("predict", f"automed predict {done.folder} IMAGES... -o FOLDER"),
        ("predict where automed is not installed",
         f"python {done.folder / 'predict.py'} IMAGES... -o FOLDER"),
        ("time it on this machine", f"automed bench {done.folder}"),
    )  # fmt: skip
