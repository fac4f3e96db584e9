"""``automed encoders``."""

from __future__ import annotations

from typing import Annotated

import typer


def encoders(
    task: Annotated[
        str | None, typer.Argument(help="Costs at its image size; see automed tasks.")
    ] = None,
    max_macs: Annotated[
        float | None, typer.Option(metavar="GMACS", help="Most multiply-accumulates, in 10^9.")
    ] = None,
    pretrained: Annotated[
        bool, typer.Option("--pretrained", help="Only those with published ImageNet weights.")
    ] = False,
    architecture: Annotated[
        str | None,
        typer.Option(help="Only those that it can be built with, at the whole model's cost."),
    ] = None,
    image_size: Annotated[
        str | None,
        typer.Option(
            help="128, or HEIGHTxWIDTH as in 288x384.", show_default="the task's, or 224x224"
        ),
    ] = None,
) -> None:
    """List encoders worth trying, cheapest first: cost, weights, licence, where they come from."""
    from automed.api.encoders import EncoderQuestion, list_encoders
    from automed.cli.console import next_steps, steps
    from automed.cli.encoders_view import example, show
    from automed.cli.image_size import image_size_of

    question = EncoderQuestion(
        task=task, image_size=image_size_of(image_size), max_gmacs=max_macs,
        pretrained=pretrained, architecture=architecture,
    )  # fmt: skip
    with steps() as step:
        found = list_encoders(question, step)
    show(found, question)
    next_steps(*example(found, question))
