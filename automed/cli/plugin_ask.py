"""What a folder cannot say by itself, asked on the terminal."""

from __future__ import annotations

from dataclasses import replace

import typer

from automed.api.plugin_proposal import Given, Proposal
from automed.cli.image_size import image_size_of
from automed.cli.plugin_words import listed
from automed.domain.data_options import DataOptions
from automed.domain.group_template import read_template

_NONE = "none"


def asked(given: Given, proposal: Proposal) -> Given:
    """Ask for what was not given by a flag; Enter takes what is proposed.

    Raises:
        AutomedError: An answer cannot be read.
    """
    if given.title is None:
        title = typer.prompt("What do the images show, in one line?", default=proposal.title)
        given = replace(given, title=title)
    if given.classes is None and proposal.kind == "segmentation":
        default = ",".join(proposal.classes)
        what = "Names of the classes, by their values, joined by commas"
        one = "What is marked in the masks?"
        answer = typer.prompt(what if proposal.mask_values else one, default=default)
        given = replace(given, classes=listed(answer))
    if given.image_size is None:
        height, width = proposal.image_size
        size = typer.prompt("Input size, height x width", default=f"{height}x{width}")
        given = replace(given, image_size=image_size_of(size))
    return _with_groups(given, proposal)


def _with_groups(given: Given, proposal: Proposal) -> Given:
    options = given.options
    if options.model_dump(include={"group_pattern", "group_csv", "no_groups"}, exclude_none=True):
        return given  # said by a flag
    if proposal.pattern is not None:
        if typer.confirm(f"Keep groups whole by names: {proposal.pattern.told()}?", default=True):
            return _by(given, options, proposal.pattern.pattern, proposal.pattern.word)
        why = "the names do not say what belongs together"
        return replace(given, options=options.replace(no_groups=why))
    if proposal.dataset.grouped_by is not None:
        return given
    answer = typer.prompt(
        "No patient, sequence or plate is known. Where file names hold one, write their pattern, "
        "such as 'C{center}_*' or 'UID_{patient}_*'",
        default=_NONE,
    )
    if answer.strip() == _NONE:
        return given
    pattern, word = read_template(answer.strip())
    return _by(given, options, pattern, word)


def _by(given: Given, options: DataOptions, pattern: str, word: str) -> Given:
    from automed.cli.options import data_options

    read = data_options(options.layout, pattern, None, None, None, options.mask_values)
    return replace(given, options=read, group=word)
