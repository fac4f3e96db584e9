"""Configs that the space excludes: rejected before they are costed, never trained or charged."""

from __future__ import annotations

from pathlib import Path

import pytest
from optuna.trial import TrialState
from toy_study import cost_of, history, result_of, spec_of, with_space

from automed.domain.config import Config
from automed.domain.cost import Cost
from automed.domain.errors import ConstraintError
from automed.domain.objective import Constraint
from automed.domain.task import Baseline, SegmentationTask
from automed.search.baselines import baselines_of
from automed.search.enumeration import configs_of
from automed.search.probe import find_feasible
from automed.search.samplers.registry import SAMPLERS
from automed.search.screen import HOPELESS, screen
from automed.search.study import Study

TEXT = """
[model.architecture]
choices = ["unet", "deeplab"]
[model.width]
choices = [0.25, 0.5, 1.0]
when = { "model.architecture" = "unet" }
[model.channels]
choices = [32, 64, 128]
when = { "model.architecture" = "deeplab" }
[model.encoder]
choices = ["a", "b", "c", "d", "e"]
[[model.encoder.exclude]]
choices = ["a", "b", "c"]
when = { "model.architecture" = "deeplab" }
[[model.encoder.exclude]]
choices = ["e"]
unless = { "model.architecture" = "deeplab", "model.channels" = [32, 64] }
"""
TASK = with_space(TEXT)
VALID = 3 * 4 + 3 + 2  # unet with a to d; deeplab with d, and with e at 32 and 64 channels


def careful(config: Config) -> Cost:
    """Costs allowed configs only: whatever asks for another one fails."""
    assert TASK.space.validate_config(dict(config.items()))
    return cost_of(config)


def test_an_excluded_config_is_judged_without_its_cost() -> None:
    config = Config({"model.architecture": "unet", "model.width": 0.5, "model.encoder": "e"})

    def fail(_: Config) -> Cost:
        raise AssertionError("costed")

    verdict = screen(config, TASK.space, fail, ())
    assert verdict.cost is None
    assert verdict.violation == HOPELESS
    assert verdict.rejected == (
        "model.encoder = e needs model.architecture = deeplab and model.channels = 32 or 64"
    )


@pytest.mark.parametrize("sampler", [name for name in SAMPLERS if name != "gp"])
def test_studies_train_every_allowed_config_and_no_other(tmp_path: Path, sampler: str) -> None:
    spec = spec_of(task=TASK, sampler=sampler, trials=VALID + 5)
    rejected = []
    with Study.create(tmp_path / "s", spec, careful, rejected.append) as study:
        trained = []
        while (trial := study.ask()) is not None:
            trained.append(trial.config)
            study.tell(trial, result_of(trial))
        assert study.spent is None
        assert study.spending.trials == VALID
        assert set(trained) == set(configs_of(TASK.space, at_most=100) or [])
        assert len(trained) == VALID
        assert all(t.state.value == "PRUNED" and not t.charged for t in rejected)
        assert all("model.encoder = " in str(t.rejected) for t in rejected)
        frozen = [t for t in study._journal.trials() if t.state is TrialState.PRUNED]
        assert len(frozen) == len(rejected)
        for trial in frozen:
            assert trial.system_attrs["constraints:excluded"] == HOPELESS


def test_the_gaussian_process_takes_an_excluded_config_as_infeasible(tmp_path: Path) -> None:
    # With a real number in the space, its proposals are new at once: each takes a second.
    task = with_space(f"{TEXT}[training.learning_rate]\nlow = 1e-5\nhigh = 1e-1\nlog = true\n")

    def cost(config: Config) -> Cost:
        assert task.space.validate_config(dict(config.items()))
        return cost_of(config)

    with Study.create(tmp_path / "s", spec_of(task=task, sampler="gp", trials=11), cost) as study:
        while (trial := study.ask()) is not None:
            study.tell(trial, result_of(trial))
        assert len(study.trials) > 11
        assert {t.rejected is None for t in study.trials[:10]} == {True, False}


def test_a_resumed_study_goes_on_as_if_uninterrupted(tmp_path: Path) -> None:
    runs = []
    for name, stops in (("one", [9]), ("two", [2, 1, 6])):
        study = Study.create(tmp_path / name, spec_of(task=TASK, trials=9), careful)
        for stop in stops:
            for _ in range(stop):
                trial = study.ask()
                assert trial is not None
                study.tell(trial, result_of(trial))
            study.close()
            study = Study.open(tmp_path / name, careful)
        runs.append(history(study.trials))
        study.close()
    assert runs[0] == runs[1]
    assert any(rejected for *_, rejected, _, _ in runs[0])


def test_the_enumeration_counts_what_the_space_counts() -> None:
    configs = configs_of(TASK.space, at_most=100)
    assert configs is not None
    assert len(configs) == VALID == TASK.space.combinations()
    for config in configs:
        TASK.space.validate_config(dict(config.items()))
    assert configs_of(TASK.space, at_most=VALID - 1) is None


def test_the_probe_looks_at_allowed_configs_only() -> None:
    tight = (Constraint(metric="macs", bound=0.2e9),)  # unet at 0.25 only
    spec = spec_of(task=TASK, constraints=tight)

    def judge(config: Config):
        careful(config)
        return screen(config, TASK.space, cost_of, tight)

    found = find_feasible(spec, judge)
    assert judge(found).rejected is None
    spec = spec_of(task=TASK, constraints=(Constraint(metric="macs", bound=1.0),))
    with pytest.raises(ConstraintError):
        find_feasible(spec, lambda c: screen(c, TASK.space, careful, spec.constraints))


def test_a_baseline_that_is_excluded_is_left_out_with_a_note() -> None:
    wanted = {"model.architecture": "deeplab", "model.channels": 32, "model.encoder": "a"}
    task: SegmentationTask = TASK.replace(baselines=(Baseline(name="paper", config=wanted),))
    found = baselines_of(task)
    assert not found.configs
    assert "'paper' is left out" in found.notes[0]
