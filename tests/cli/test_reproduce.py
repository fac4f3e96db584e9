"""``automed reproduce``: what it runs, and what it prints."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from automed.api.reproduce import ReproduceRequest, show_grid
from automed.cli import reproduce_view
from automed.cli.reproduce import reproduce
from automed.domain.budget import Budget
from automed.domain.errors import AutomedError, StudyError
from automed.domain.study_spec import DataRef, StudySpec
from automed.domain.workspace import Workspace
from automed.search.study_file import write_spec


@pytest.fixture
def command(workspace, monkeypatch):
    """Runs the command; searches only write down what they were asked, and begin a study."""
    asked = []

    def run_new(request, place, device, task):
        asked.append(("new", request, device, task))
        folder = place.studies / request.name
        folder.mkdir(parents=True)
        data = DataRef(name="cells", path=str(request.data), digest="d")
        write_spec(folder, StudySpec(
            name=request.name, task=task, data=data, split_digest="s", version="0",
            budget=Budget(trials=request.budget), compress=request.compress, seed=request.seed,
        ))  # fmt: skip

    def run_on(task, name, place, budget, device):
        asked.append(("on", name, device, task))

    monkeypatch.setattr(reproduce_view, "run_new", run_new)
    monkeypatch.setattr(reproduce_view, "run_on", run_on)
    app = typer.Typer()
    app.command()(reproduce)

    def run(*arguments):
        done = CliRunner().invoke(app, [str(a) for a in arguments])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return asked

    return run


SMALL = ("--epochs", 2, "--image-size", "32x48", "--base-width", 8, "--seed", 3)


def test_it_starts_the_papers_study_and_shows_its_table(command, workspace, tmp_path, capsys):
    asked = command("paper1", "--data", tmp_path, *SMALL, "--device", "cpu")
    kind, request, device, task = asked[0]
    assert (kind, device, request.name, request.seed, request.data) == (
        "new", "cpu", "paper1", 3, tmp_path,
    )  # fmt: skip
    assert (task.image_size, task.training.epochs) == ((32, 48), 2)
    assert len(task.baselines) == 8
    folder = workspace / "studies" / "paper1"
    assert {"grid.csv", "grid.md", "grid.png"} <= {p.name for p in folder.iterdir()}


def test_the_same_command_goes_on(command, tmp_path):
    command("paper1", "--data", tmp_path, *SMALL)
    asked = command("paper1", "--data", tmp_path, *SMALL)
    assert [kind for kind, *_ in asked] == ["new", "on"]
    assert asked[1][1:] == ("paper1", "auto", "cell")


def test_an_experiment_that_is_over_is_shown_without_running(command, monkeypatch):
    command("paper1", *SMALL)
    monkeypatch.setattr(reproduce_view.ShownGrid, "is_over", property(lambda _: True))
    assert [kind for kind, *_ in command("paper1")] == ["new"]


def test_other_settings_do_not_go_on_with_a_study(command):
    command("paper1", *SMALL)
    with pytest.raises(StudyError, match="--epochs 3"):
        command("paper1", "--epochs", 3)


def test_an_unknown_experiment_is_refused_with_the_known_ones(command):
    with pytest.raises(AutomedError, match="no experiment 'paper7'") as caught:
        command("paper7")
    assert "paper1" in str(caught.value.expected)


def test_the_table_has_a_row_for_each_combination_and_compression(command, workspace, capsys):
    command("paper1", *SMALL)
    shown = show_grid(ReproduceRequest("paper1"), Workspace(workspace))
    capsys.readouterr()
    with reproduce_view.out.capture() as captured:
        reproduce_view.print_grid(shown)
    text = " ".join(captured.get().split())
    assert text.count("(PostQ)") == text.count("(Pruned)") == 8
    assert "rmsprop + bce+jaccard" in text
    assert "- / 0.9561" in text
    assert "32 of 32 to come" in text
    assert "2 epochs at 32x48" in text
    assert "test part stays locked" in text
