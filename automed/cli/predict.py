"""``automed predict``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def predict(
    bundle: Annotated[Path, typer.Argument(help="Folder that automed export wrote.")],
    images: Annotated[list[str], typer.Argument(help="Image files, folders or patterns.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the results.")],
    threshold: Annotated[
        float | None,
        typer.Option(help="Of one foreground class.", show_default="the bundle's"),
    ] = None,
    overlays: Annotated[
        bool, typer.Option("--overlays/--no-overlays", help="Draw masks over their images.")
    ] = True,
    force: Annotated[bool, typer.Option("--force", help="Replace results that are there.")] = False,
    threads: Annotated[int, typer.Option(help="0: as many as the machine has cores.")] = 0,
) -> None:
    """Predict images with a bundle: masks, overlays and a table, or classes."""
    from automed.api.bundles import predict_with
    from automed.cli.console import steps
    from automed.cli.prediction_view import print_predictions

    with steps() as shown:
        done = predict_with(
            bundle, images, output,
            overlays=overlays, threads=threads, threshold=threshold, force=force,
            steps=shown,
        )  # fmt: skip
    print_predictions(done)
    if done.report.problems:
        raise typer.Exit(1)
