"""``automed reproduce``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from automed.cli.options import WorkspaceOption, workspace_at


def reproduce(
    paper: Annotated[str, typer.Argument(help="The experiment: paper1.")],
    data: Annotated[
        Path | None, typer.Option(help="Folder of images, instead of the registered one.")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Of each training.", show_default="the paper's, 100")
    ] = None,
    image_size: Annotated[
        str | None,
        typer.Option(help="Input size: 128, or HEIGHTxWIDTH.", show_default="the paper's, 256"),
    ] = None,
    base_width: Annotated[
        int | None,
        typer.Option(
            help="Channels of the U-Net's first level: 8, 16, 32 or 64.",
            show_default="the paper's, 64",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of split and trainings.", show_default="0")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Of the study.", show_default="the experiment's")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:1.")] = "auto",
    workspace: WorkspaceOption = None,
) -> None:
    """Repeat a paper's experiment, or go on with it, and print its table beside the paper's."""
    from automed.api.reproduce import ReproduceRequest
    from automed.cli.image_size import image_size_of
    from automed.cli.reproduce_view import run_grid

    request = ReproduceRequest(
        paper=paper, data=data, epochs=epochs, image_size=image_size_of(image_size), seed=seed,
        name=name, base_width=base_width,
    )  # fmt: skip
    run_grid(request, workspace_at(workspace), device)
