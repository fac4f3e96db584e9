"""Every ``automed`` command of the pages exists, with its flags; nothing is executed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.exceptions import TyperException
from typer.main import get_command

from automed.cli.app import app

from .blocks import PAGES, blocks_of, calls_in, lines_of

SHELL = ("", "sh")
COMMAND = get_command(app)
WRONG = (LookupError, TyperException)
FOREIGN = {"--profile", "--allowed-hosts"}
"""Flags of other programs that the pages name."""


def parse(words: list[str], *, whole: bool) -> None:
    """Parse a call as the command line would.

    Args:
        words: Arguments after ``automed``.
        whole: Whether a missing argument is an error.

    Raises:
        LookupError: There is no such command.
        TyperException: What the command line would say.
    """
    command, context, name = COMMAND, None, "automed"
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        name, words = words[0], words[1:]
        if name not in command.commands:
            raise LookupError(f"there is no command {name!r}, but {', '.join(command.commands)}")
        command = command.commands[name]
    if hasattr(command, "commands") and not words:
        return  # a group alone prints its help, or a list
    command.make_context(name, words, parent=context, resilient_parsing=not whole)


def shell_calls(page: Path) -> Iterator[tuple[str, list[str]]]:
    for block in blocks_of(page):
        for line in lines_of(block.text) if block.language in SHELL else ():
            # Blocks without a language hold output, too, which need not be shell.
            if block.language or re.match(r"([A-Z_]+=\S+ )*automed ", line):
                for words in calls_in(line):
                    yield f"{block.place}: {line}", words


def spans(page: Path) -> list[str]:
    text = re.sub(r"^( *)```.*?^\1```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    return [" ".join(span.split()) for span in re.findall(r"(?<!`)`([^`]+)`(?!`)", text)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_flags_exist(page: Path) -> None:
    for place, words in shell_calls(page):
        try:
            parse(words, whole=True)
        except WRONG as error:
            pytest.fail(f"{place}\n  {type(error).__name__}: {error}")
    for span in spans(page):
        for words in calls_in(span) if re.match("automed (?!COMMAND)", span) else ():
            try:
                parse(words, whole=False)
            except WRONG as error:
                pytest.fail(f"{page.name}: `{span}`\n  {type(error).__name__}: {error}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_flags_in_the_text_exist(page: Path) -> None:
    known = FOREIGN | {flag for command in commands(COMMAND) for flag in flags(command)}
    named = {span.split()[0].partition("=")[0] for span in spans(page) if span.startswith("--")}
    assert not named - known


def commands(command) -> Iterator:
    yield command
    for below in getattr(command, "commands", {}).values():
        yield from commands(below)


def flags(command) -> Iterator[str]:
    for parameter in command.params:
        yield from (*parameter.opts, *parameter.secondary_opts)


def test_there_is_something_to_parse() -> None:
    assert sum(1 for page in PAGES for _ in shell_calls(page)) > 80


@pytest.mark.parametrize(
    "words",
    [["serach", "polyp"], ["search", "polyp", "--budge", "3"], ["search"], ["data", "look"],
     ["search", "polyp", "--budget", "many"]],
)  # fmt: skip
def test_what_does_not_exist_is_noticed(words: list[str]) -> None:
    with pytest.raises(WRONG):
        parse(words, whole=True)
