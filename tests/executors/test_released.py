"""Between trials no memory of a GPU is held; tested without one, on torch's own words."""

from __future__ import annotations

import weakref
from pathlib import Path

import pytest
import torch

from automed.domain.config import Config
from automed.domain.decision import Decision
from automed.domain.result import Failure
from automed.domain.trial import Trial
from automed.executors.messages import Ended, Order
from automed.executors.obey import obey
from automed.executors.released import released

TRIAL = Trial(number=0, config=Config({"training.loss": "dice"}), seed=0)


class Model:
    """Part of a cycle, as a model with hooks is."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture
def emptied(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether the model was alive when the cache was emptied, each time."""
    told: list[bool] = []
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: told.append(MODELS[-1]() is not None))
    return told


MODELS: list[weakref.ref[Model]] = []


def trains(trial: Trial, report: object) -> None:
    model = Model()
    MODELS.append(weakref.ref(model))
    raise RuntimeError(f"trial {trial.number}, {model is not None}, {report is not None}")


def test_a_trial_that_failed_holds_nothing(emptied: list[bool], tmp_path: Path) -> None:
    said = obey(Order(TRIAL, tmp_path), trains, lambda _: Decision.CONTINUE)
    assert isinstance(said, Ended)
    assert isinstance(said.outcome, Failure)
    assert emptied == [False]


def test_without_a_gpu_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: pytest.fail("there is no GPU"))
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: False)
    with released():
        pass
