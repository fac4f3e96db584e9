"""What is left to run counts a trial that was cut off: it begins again."""

from __future__ import annotations

from automed.cli.budget_view import to_run
from automed.domain.budget import Budget
from automed.domain.config import Config
from automed.domain.study_spec import DataRef, StudySpec
from automed.domain.trial import Trial, TrialState
from automed.registry.tasks import load_task


def trial(number: int, state: TrialState, rejected: str | None = None) -> Trial:
    return Trial(number=number, config=Config({}), seed=0, state=state, rejected=rejected)


def test_running_and_rejected_trials_are_not_spent() -> None:
    spec = StudySpec(
        name="s", task=load_task("cell"), data=DataRef(name="demo", path="/x", digest="d"),
        split_digest="d", budget=Budget(trials=4), version="0",
    )  # fmt: skip
    trials = [
        trial(0, TrialState.PRUNED, "too large"),
        trial(1, TrialState.COMPLETE),
        trial(2, TrialState.FAIL),
        trial(3, TrialState.RUNNING),
    ]
    assert to_run(trials, spec) == 2
    assert to_run(trials, spec.replace(budget=Budget(trials=1))) == 0
    assert to_run(trials, spec.replace(budget=Budget(epochs=9))) is None
