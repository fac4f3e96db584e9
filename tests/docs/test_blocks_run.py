"""The blocks that pages mark as run are run, in the order of the page, in an empty folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import mlflow  # noqa: F401 - here, so that no test's tracker imports it in its thread
import pytest

from automed.cli.app import main
from automed.registry import components

from .blocks import PAGES, ROOT, Block, blocks_of, calls_in, lines_of

TO_RUN = [page for page in PAGES if any(block.marker == "run" for block in blocks_of(page))]
LED = [ROOT / "docs" / name for name in ("quickstart.md", "tutorial.md")]
"""Pages that lead by the hand: each of their blocks says what is done with it."""

Shell = Callable[[str], None]


@pytest.fixture
def shell(
    tmp_path: Path,
    empty_store: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Shell:
    """Run a line; ``automed`` in this process, which has imported what it needs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AUTOMED_WORKSPACE", raising=False)
    # Set first, so that what a command sets is taken back, too.
    monkeypatch.setenv("AUTOMED_PLUGINS", "")
    monkeypatch.delenv("AUTOMED_PLUGINS")
    monkeypatch.setattr(components, "_DECLARED", {})
    monkeypatch.setattr(components, "_WAITING", [])
    workspace = tmp_path / "automed-workspace"
    workspace.mkdir()
    shutil.copy(empty_store, workspace / "mlflow.db")
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))

    def run(line: str) -> None:
        calls = list(calls_in(line))
        if not calls:
            done = subprocess.run(
                ["bash", "-c", line], env={**os.environ, "PATH": path},
                capture_output=True, text=True, timeout=120,
            )  # fmt: skip
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        for words in calls:
            monkeypatch.setattr(sys, "argv", ["automed", *words])
            code: object = 0
            try:
                main()
            except SystemExit as end:
                code = end.code or 0
            printed = capsys.readouterr()
            assert code == 0, f"{line}\n{printed.out}{printed.err}"

    return run


def perform(block: Block, shell: Shell, names: dict[str, object]) -> None:
    if block.marker == "save":
        Path(block.about).write_text(block.text, encoding="utf-8")
    elif block.marker == "run" and block.language == "python":
        code = "\n" * (block.line - 1) + block.text  # an error names the page's own line
        exec(compile(code, block.page, "exec"), names)
    elif block.marker == "run":
        assert block.language == "sh", block.place
        for line in lines_of(block.text):
            shell(line)


@pytest.mark.filterwarnings("ignore:JournalStorage is experimental")
@pytest.mark.parametrize("page", TO_RUN, ids=lambda page: page.name)
def test_the_page_does_what_it_says(page: Path, shell: Shell) -> None:
    names: dict[str, object] = {}
    for block in blocks_of(page):
        perform(block, shell, names)


@pytest.mark.parametrize("page", LED, ids=lambda page: page.name)
def test_no_block_is_left_out_without_a_reason(page: Path) -> None:
    for block in blocks_of(page):
        if block.language:
            assert block.marker, f"{block.place} says neither run, save nor not run"
        if block.marker != "run":
            assert block.about or not block.marker, f"{block.place} needs a name or a reason"


def test_a_line_that_fails_is_noticed(shell: Shell) -> None:
    for line in ("false", "automed plugin show not_there"):
        with pytest.raises(AssertionError, match=line):
            shell(line)
