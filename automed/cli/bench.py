"""``automed bench``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def bench(
    bundle: Annotated[Path, typer.Argument(help="Folder that automed export wrote.")],
    threads: Annotated[
        list[int] | None,
        typer.Option(help="Threads; may be repeated.", show_default="1, 2, 4, ... all cores"),
    ] = None,
    batch: Annotated[
        list[int] | None,
        typer.Option(help="Images in a call; may be repeated.", show_default="1 and 8"),
    ] = None,
    seconds: Annotated[float, typer.Option(help="For each measurement.")] = 2.0,
) -> None:
    """Time a bundle's model on this machine."""
    from automed.api.bundles import bench_bundle
    from automed.cli.bundle_view import print_speeds
    from automed.cli.console import steps

    with steps() as shown:
        manifest, speeds = bench_bundle(
            bundle, threads=threads or (), batches=batch or (1, 8), seconds=seconds, steps=shown
        )
    print_speeds(manifest, speeds)
