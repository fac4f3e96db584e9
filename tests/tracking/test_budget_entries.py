"""A study without a number of trainings has a budget, too."""

from __future__ import annotations

import pytest

from automed.domain.budget import Budget
from automed.domain.study_spec import DataRef, StudySpec
from automed.registry.tasks import load_task
from automed.tracking.entries import study_params, study_tags


@pytest.mark.parametrize(
    ("budget", "text"),
    [
        (Budget(trials=3), "3"),
        (Budget(seconds=7200), "2:00 h"),
        (Budget(trials=3, epochs=9), "9 epochs, 3 trials"),
    ],
)
def test_the_budget_in_params_and_tags(budget: Budget, text: str) -> None:
    spec = StudySpec(
        name="s", task=load_task("cell"), data=DataRef(name="demo", path="/d", digest="d"),
        split_digest="s", budget=budget, version="0",
    )  # fmt: skip
    assert study_params(spec)["budget"] == text
    assert study_tags(spec, "u")["budget"] == text
