"""``automed confirm``."""

from __future__ import annotations

from typing import Annotated

import typer

from automed.cli.options import WorkspaceOption, workspace_at


def confirm(
    study: Annotated[str, typer.Argument(help="Name of the study; see automed studies.")],
    trials: Annotated[
        str | None,
        typer.Option(help="Numbers of trials, such as 3,7.", show_default="those of the front"),
    ] = None,
    partitions: Annotated[
        int, typer.Option(help="How often each is trained anew, at least 3.")
    ] = 8,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:1.")] = "auto",
    workspace: WorkspaceOption = None,
) -> None:
    """Retrain a study's front on other partitions, and use its test part: is it what it seems?

    The same command goes on where it was interrupted.
    """
    from automed.api.confirm import ConfirmRequest
    from automed.cli.confirm_view import run_confirm

    request = ConfirmRequest(
        study=study, trials=_numbers(trials), partitions=partitions, device=device
    )
    run_confirm(request, workspace_at(workspace))


def _numbers(text: str | None) -> tuple[int, ...]:
    from automed.domain.errors import AutomedError

    parts = [] if text is None else [part.strip() for part in text.split(",") if part.strip()]
    if text is not None and not (parts and all(part.isdecimal() for part in parts)):
        raise AutomedError(
            "--trials names no trials", found=text, expected="numbers, such as --trials 3,7"
        )
    return tuple(int(part) for part in parts)
