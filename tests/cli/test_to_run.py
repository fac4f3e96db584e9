"""What is left to run counts a trial that was cut off: it begins again."""

from __future__ import annotations

import pytest

from automed.cli.budget_view import owed_children, to_run
from automed.domain.budget import Budget
from automed.domain.compression import read_compressions
from automed.domain.config import Config
from automed.domain.study_spec import DataRef, StudySpec
from automed.domain.trial import Trial, TrialState
from automed.registry.tasks import load_task


def trial(
    number: int, state: TrialState, rejected: str | None = None, parent: int | None = None
) -> Trial:
    return Trial(
        number=number, config=Config({}), seed=0, state=state, rejected=rejected, parent=parent
    )


@pytest.fixture
def spec() -> StudySpec:
    return StudySpec(
        name="s", task=load_task("cell"), data=DataRef(name="demo", path="/x", digest="d"),
        split_digest="d", budget=Budget(trials=4), version="0",
    )  # fmt: skip


def test_running_and_rejected_trials_are_not_spent(spec: StudySpec) -> None:
    trials = [
        trial(0, TrialState.PRUNED, "too large"),
        trial(1, TrialState.COMPLETE),
        trial(2, TrialState.FAIL),
        trial(3, TrialState.RUNNING),
    ]
    assert to_run(trials, spec) == 2
    assert to_run(trials, spec.replace(budget=Budget(trials=1))) == 0
    assert to_run(trials, spec.replace(budget=Budget(epochs=9))) is None


def test_children_that_are_not_made_are_owed_by_complete_trials(spec: StudySpec) -> None:
    trials = [
        trial(0, TrialState.COMPLETE),
        trial(1, TrialState.COMPLETE, parent=0),
        trial(2, TrialState.PRUNED, "cannot be pruned", parent=0),
        trial(3, TrialState.PRUNED),
        trial(4, TrialState.COMPLETE),
        trial(5, TrialState.RUNNING, parent=4),
    ]
    asked = spec.replace(compress=read_compressions("ptq,prune:0.5"))
    assert owed_children(trials, asked) == 2
    assert owed_children(trials[:3], asked) == 0
    assert owed_children(trials, spec) == 0
