"""``automed trials``: what became of each trial, and why."""

from __future__ import annotations

import pytest
from rich.console import Console

from automed.api.front import ShownFront
from automed.cli import console, trials
from automed.domain.compression import Compression, with_compression
from automed.domain.config import Config
from automed.domain.cost import Cost, Quantity
from automed.domain.front import front_of
from automed.domain.result import Failure, Result
from automed.domain.stop import Stop
from automed.domain.study_spec import DataRef, StudySpec
from automed.domain.trial import Trial, TrialState
from automed.registry.tasks import load_task

CONFIG = Config({"model.architecture": "unet", "model.encoder": "resnet18"})
COST = Cost(
    parameters=Quantity(value=1e6), macs=Quantity(value=2e9), size_bytes=Quantity(value=4e6),
    input_shape=(3, 32, 32),
)  # fmt: skip


def result(dice):
    return Result(metrics={"dice": dice}, cost=COST, epochs=3, best_epoch=2, seconds=7.0,
                  split_digest="split")  # fmt: skip


@pytest.fixture
def shown(monkeypatch, tmp_path):
    """The command's text for a study with a trial of each kind."""
    task = load_task("cell")
    done = TrialState.COMPLETE
    made = (
        Trial(number=0, config=CONFIG, seed=0, state=done, result=result(0.8)),
        Trial(number=1, config=with_compression(CONFIG, Compression(method="ptq")), seed=0,
              state=done, result=result(0.79), parent=0),
        Trial(number=2, config=CONFIG, seed=0, state=TrialState.PRUNED, result=result(0.3),
              stop=Stop(epoch=3, why="2 of 4 trials gained more")),
        Trial(number=3, config=CONFIG, seed=0, state=TrialState.FAIL,
              failure=Failure(kind="DivergedError", message="the loss is NaN")),
        Trial(number=4, config=CONFIG, seed=0, state=TrialState.PRUNED, predicted=COST,
              rejected="GFLOPs above 1"),
        Trial(number=5, config=CONFIG, seed=0),
        Trial(number=6, config=CONFIG, seed=0),
        Trial(number=7, config=with_compression(CONFIG, Compression(method="qat")), seed=0,
              state=done, result=result(0.7).replace(remarks=("Dice is worse",)), parent=0),
    )  # fmt: skip
    spec = StudySpec(
        name="s", task=task, data=DataRef(name="demo", path="/d", digest="d"), split_digest="s",
        budget={"trials": 3}, version="0",
        constraints=({"metric": "dice", "bound": 0.795, "kind": "at_least"},),
    )  # fmt: skip
    front = ShownFront(spec, made, front_of(made, task.objectives), paused={5: 2})
    monkeypatch.setattr("automed.api.front.show_front", lambda *_: front)
    written = Console(width=160, record=True, quiet=False)
    monkeypatch.setattr(console, "out", written)

    def run(**flags):
        trials.trials("s", workspace=tmp_path, **flags)
        return written.export_text()

    return run


def row(text, number):
    (found,) = [ln for ln in text.splitlines() if ln.lstrip("│ ").startswith(f"{number}")]
    return found


def test_each_trial_says_what_became_of_it(shown):
    text = shown(rejected=False)
    assert "0.8000" in row(text, "0*")
    assert "-0.0100" in row(text, "1 ")
    assert "child of 0: ptq" in row(text, "1 ")
    assert "stopped after epoch 3, 2 of 4 trials gained more" in " ".join(text.split())
    assert "DivergedError" in row(text, "3 ")
    assert "1 rejected, see --rejected" in text
    assert "GFLOPs above 1" not in text


def test_a_model_that_breaks_a_constraint_says_which(shown):
    text = shown(rejected=False)
    assert "Dice 0.79, allowed: at least 0.795: child of 0" in row(text, "1 ")
    assert "allowed" not in row(text, "0*")


def test_a_training_that_nobody_goes_on_with_is_paused(shown):
    text = shown(rejected=False)
    epochs = load_task("cell").training.epochs
    assert f"paused at epoch 2 of {epochs}: unet" in " ".join(row(text, "5 ").split())
    assert "running" in row(text, "6 ")
    assert "paused" not in row(text, "6 ")


def test_a_child_that_lost_too_much_is_marked(shown):
    text = shown(rejected=False)
    assert "-0.1000" in row(text, "7!")
    assert "! lost more than --max-drop allows (0.01)" in text


def test_rejected_ones_on_request(shown):
    assert "GFLOPs above 1" in shown(rejected=True)
