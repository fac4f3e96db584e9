"""A paper's experiment as a study, and the study as the paper's table."""

from __future__ import annotations

import csv

import pytest

from automed.analysis.grid_heatmap import write_grid_heatmap
from automed.analysis.grid_rows import grid_rows
from automed.analysis.grid_table import write_grid_csv, write_grid_markdown
from automed.api.reproduce import ReproduceRequest
from automed.domain.budget import Budget
from automed.domain.compression import Compression, with_compression
from automed.domain.config import Config
from automed.domain.cost import Cost, Quantity
from automed.domain.errors import AutomedError, SpaceError, StudyError
from automed.domain.paper1_grid import PAPER_1
from automed.domain.result import Failure, Result
from automed.domain.study_spec import DataRef, StudySpec
from automed.domain.trial import Trial, TrialState
from automed.domain.workspace import Workspace
from automed.search.baselines import baselines_of
from automed.search.study_file import write_spec
from automed.training.recipe import recipe_of

REQUEST = ReproduceRequest("paper1", epochs=10, base_width=8, image_size=(64, 64))


def spec_of(request=REQUEST):
    search = request.search
    return StudySpec(
        name=request.study, task=request.task, split_digest="s", version="0",
        data=DataRef(name="cells", path="/cells", digest="d"), compress=search.compress,
        budget=Budget(trials=search.budget), artifact=search.artifact, weights=search.weights,
    )  # fmt: skip


def test_the_study_trains_the_papers_combinations_and_no_others_as_the_paper_does():
    task = ReproduceRequest("paper1").task
    found = baselines_of(task)
    assert found.notes == ()
    assert list(found.configs) == [c.name for c in PAPER_1.combinations]
    for combination, config in zip(PAPER_1.combinations, found.configs.values(), strict=True):
        recipe = recipe_of(config, task)
        assert f"{recipe.optimizer} + {recipe.loss}" == combination.name
        assert (recipe.epochs, recipe.batch_size, recipe.learning_rate) == (100, 8, 1e-4)
        assert (recipe.schedule, recipe.step_at, recipe.step_factor) == ("step", 0.4, 1e-3)
        assert recipe.patience == 100
        assert config["model.architecture"] == "plain_unet"
        assert config["model.base_width"] == 64
    assert task.image_size == (256, 256)
    search = ReproduceRequest("paper1").search
    assert search.budget == 8
    assert [c.method for c in search.compress] == ["ptq", "qat", "sparse"]
    assert (search.weights, search.artifact) == ("none", "onnx")


def test_what_a_user_asks_for_goes_into_the_study():
    task, search = REQUEST.task, REQUEST.search
    assert task.image_size == (64, 64)
    assert (task.training.epochs, task.training.patience) == (10, 10)
    assert {b.config["model.base_width"] for b in task.baselines} == {8}
    assert search.name == "paper1"
    assert len(baselines_of(task).configs) == 8


def test_the_space_holds_the_papers_optimizers_and_losses_only():
    space = REQUEST.task.space
    free = {key for key, p in space.parameters.items() if len(p.values() or (1, 2)) > 1}
    assert free == {"training.optimizer", "training.loss"}
    assert set(space.parameters["training.optimizer"].values()) == {
        "adam", "nadam", "rmsprop", "adagrad",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"paper": "paper9"}, "no experiment 'paper9'"), ({"paper": "papr1"}, "paper1"),
        ({"epochs": 0}, "--epochs must be positive"), ({"name": "../x"}, "--name"),
        ({"image_size": (8, 8)}, "--image-size"), ({"base_width": 7}, "model.base_width"),
    ],
)  # fmt: skip
def test_bad_settings_are_refused_by_name(change, problem):
    with pytest.raises((AutomedError, SpaceError), match=problem):
        _ = ReproduceRequest(**{"paper": "paper1", **change}).task


def trial(number, config, parent=None, value=0.9, state=TrialState.COMPLETE):
    result = Result(
        metrics={"accuracy": value + 0.05, "dice": value, "iou": value - 0.1, "recall": value,
                 "precision": value, "dice_pooled": 0.1},
        cost=Cost(parameters=Quantity(value=1), macs=Quantity(value=1), input_shape=(3, 64, 64),
                  size_bytes=Quantity(value=2e6), zipped_bytes=Quantity(value=5e5)),
        epochs=10, best_epoch=9, seconds=1.0, split_digest="s", parent=parent,
    )  # fmt: skip
    failed = {"failure": Failure(kind="ExportError", message="no")}
    done = {"result": result} if state is TrialState.COMPLETE else failed
    return Trial(number=number, config=config, seed=0, state=state, parent=parent, **done)


def some_trials(spec):
    """One combination with all compressions, one whose ptq failed, one that failed itself."""
    first, second, third = (Config(b.config) for b in spec.task.baselines[:3])
    made = [trial(0, first)]
    for number, c in enumerate(spec.compress, start=1):
        made.append(trial(number, with_compression(first, c), parent=0, value=0.9 - number / 100))
    # Another sparsity, asked for later: no row of the paper's table.
    other = Compression(method="sparse", sparsity=0.7)
    made.insert(1, trial(9, with_compression(first, other), parent=0, value=0.1))
    made += [trial(4, second),
             trial(5, with_compression(second, spec.compress[0]), parent=4, state=TrialState.FAIL),
             trial(6, third, state=TrialState.FAIL)]  # fmt: skip
    return tuple(made)


def test_each_row_shows_its_own_trial_and_the_papers_figures():
    spec = spec_of()
    rows = grid_rows(PAPER_1, spec, some_trials(spec))
    assert len(rows) == 32
    assert [row.trial for row in rows[:8]] == [0, 1, 2, 3, 4, 5, None, None]
    assert [row.state for row in rows[:13]] == [
        "done", "done", "done", "done", "done", "failed", "to come", "to come",
        "failed", "failed", "failed", "failed", "to come",
    ]  # fmt: skip
    assert [round(row.metrics["dice"], 2) for row in rows[:4]] == [0.9, 0.89, 0.88, 0.87]
    assert rows[3].method == "sparse"
    assert rows[3].reported["dice"] == 0.9444
    assert (rows[3].megabytes, rows[3].zipped_megabytes) == (2.0, 0.5)
    assert all(row.reported for row in rows)
    assert [row.is_over for row in rows[:13]] == [True] * 6 + [False] * 2 + [True] * 4 + [False]


def test_the_table_is_written_for_spreadsheets_texts_and_eyes(tmp_path):
    spec = spec_of()
    rows = grid_rows(PAPER_1, spec, some_trials(spec))
    with write_grid_csv(rows, PAPER_1, tmp_path / "grid.csv").open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 32
    assert lines[1]["compression"] == "ptq"
    assert float(lines[1]["dice_validation"]) == pytest.approx(0.89)
    assert float(lines[1]["dice_paper_test"]) == 0.9415
    assert lines[31]["dice_validation"] == "" == lines[31]["size_mb"]
    text = write_grid_markdown(rows, PAPER_1, tmp_path / "grid.md", "t").read_text(encoding="utf-8")
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len(table) == 34
    assert "| adam + bce | ptq (PostQ) | 0.9400 / 0.9531 | 0.8900 / 0.9415 |" in table[3]
    assert "failed / 0.9340" in table[7]
    assert "test part stays locked" in text
    picture = write_grid_heatmap(rows, PAPER_1, tmp_path / "grid.png", "t")
    assert picture.read_bytes()[:4] == b"\x89PNG"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["grid.csv", "grid.md", "grid.png"]


def test_a_study_that_nothing_is_known_of_yet_is_drawn_too(tmp_path):
    rows = grid_rows(PAPER_1, spec_of(), ())
    assert {row.state for row in rows} == {"to come"}
    assert write_grid_heatmap(rows, PAPER_1, tmp_path / "grid.png", "t").stat().st_size > 1000


@pytest.fixture
def begun(tmp_path):
    """A workspace with a study of paper 1."""
    workspace = Workspace(tmp_path)
    spec = spec_of()
    folder = workspace.studies / spec.name
    folder.mkdir(parents=True)
    write_spec(folder, spec)
    return workspace


def test_the_same_request_goes_on_with_its_study(begun, tmp_path):
    assert REQUEST.goes_on(begun)
    assert ReproduceRequest("paper1").goes_on(begun)
    assert not ReproduceRequest("paper1", name="another").goes_on(begun)


@pytest.mark.parametrize(
    ("change", "flag", "expected"),
    [
        ({"epochs": 11}, "--epochs 11", "10"), ({"base_width": 16}, "--base-width 16", "8"),
        ({"image_size": (32, 64)}, "--image-size 32x64", "64x64"), ({"seed": 3}, "--seed 3", "0"),
    ],
)  # fmt: skip
def test_a_study_goes_on_with_its_own_settings_only(begun, change, flag, expected):
    with pytest.raises(StudyError, match=flag) as caught:
        ReproduceRequest(**{"paper": "paper1", **change}).goes_on(begun)
    assert str(caught.value.expected) == expected
    assert "--name" in str(caught.value.hint)


def test_another_study_of_that_name_is_not_gone_on_with(begun):
    spec = spec_of()
    other = spec.replace(task=spec.task.replace(baselines=()))
    write_spec(begun.studies / spec.name, other)
    with pytest.raises(StudyError, match="no reproduction of paper1"):
        REQUEST.goes_on(begun)
