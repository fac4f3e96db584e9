"""``automed replay``: what it prints, and with which exit code."""

from __future__ import annotations

import json
from functools import partial

import pytest
from typer.testing import CliRunner

from automed.api.replay import replay_study
from automed.api.screened_cost import screened_cost
from automed.cli.app import app
from automed.domain.budget import Budget
from automed.domain.errors import StudyError
from automed.domain.result import Failure
from automed.domain.study_spec import DataRef, StudySpec
from automed.domain.workspace import Workspace
from automed.registry.tasks import load_task
from automed.search.study import Study


@pytest.fixture
def study(workspace):
    """Three failed trials of a real task, with costs of real models."""
    task = load_task("cell").replace(image_size=(32, 32))
    spec = StudySpec(
        name="cell-1", task=task, data=DataRef(name="demo", path="/d", digest="d"),
        split_digest="s", version="0.0.9", budget=Budget(trials=3), sampler="random",
    )  # fmt: skip
    folder = workspace / "studies" / "cell-1"
    with Study.create(folder, spec, partial(screened_cost, task=task)) as made:
        while trial := made.ask():
            made.tell(trial, Failure(kind="X", message="x"))
    return folder


def replay(*arguments):
    done = CliRunner().invoke(app, ["replay", *map(str, arguments)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, " ".join(done.output.split())


@pytest.fixture
def printed(monkeypatch):
    """What is printed to the console that was made at import, not to the runner's streams."""
    from rich.console import Console

    from automed.cli import console

    written = Console(width=160, record=True, quiet=False)
    monkeypatch.setattr(console, "out", written)
    return lambda: " ".join(written.export_text().split())


def test_a_study_that_follows_from_its_log(study, printed):
    code, _ = replay("cell-1")
    text = printed()
    assert code == 0
    assert "suggestions │ 3 │ 3 │ 0" in text
    assert "Nothing differs" in text
    assert "automed front cell-1" in text


def test_a_difference_is_shown_with_the_versions_and_ends_with_code_1(study, printed):
    spec = json.loads((study / "study.json").read_text())
    (study / "study.json").write_text(json.dumps({**spec, "seed": 5}))
    code, _ = replay("cell-1")
    text = printed()
    assert code == 1
    assert "study.json (settings): seed recorded: 0 recomputed: 5" in text
    assert "begun with automed 0.0.9; recomputed with automed" in text
    assert "optuna" in text
    assert "pip install automed==0.0.9" in text


def test_the_bar_moves_to_its_end_and_nothing_is_written(study, workspace):
    before = {path.name: path.read_bytes() for path in study.iterdir()}
    moved = []
    replay_study("cell-1", Workspace(workspace), lambda _: lambda *at: moved.append(at))
    total = len((study / "journal.log").read_text().splitlines())
    assert moved == [(at, total) for at in range(total + 1)]
    assert {path.name: path.read_bytes() for path in study.iterdir()} == before


def test_no_such_study(workspace):
    with pytest.raises(StudyError, match="there is no study"):
        replay("nowhere")
