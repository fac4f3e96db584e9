"""A screen that rejects nearly everything says what binds and what the cheapest config costs."""

from __future__ import annotations

from pathlib import Path

import pytest
from toy_study import BASE, TASK, build_error, cost_of, result_of, spec_of

from automed.domain.errors import ConstraintError
from automed.domain.objective import Constraint
from automed.search import screening_note
from automed.search.study import Study

TINY = (
    Constraint(metric="macs", bound=0.15e9),
    Constraint(metric="parameters", bound=1e6, kind="at_least"),
)
"""The first leaves one batch size and one dropout."""


def noted(study: Study) -> list[str]:
    return [note for note in study.notes if "rejected unseen" in note]


def test_it_names_what_binds_and_what_the_cheapest_costs(tmp_path: Path) -> None:
    task = TASK.replace(baselines=())
    spec = spec_of(task=task, trials=99, constraints=TINY, sampler="random")

    def one_passes(config):
        beyond = config["training.batch_size"] - 4 + config["model.dropout"] * 10
        return cost_of(config).replace(macs={"value": 1e8 * (1 + beyond)})

    with Study.create(tmp_path / "s", spec, one_passes) as study:
        while len(study.trials) < screening_note.ENOUGH:
            assert not noted(study)
            trial = study.ask()
            assert trial is not None
            study.tell(trial, result_of(trial).replace(cost=one_passes(trial.config)))
        rejected = [t for t in study.trials if t.rejected]
        assert len(rejected) >= 0.9 * len(study.trials)
        (note,) = noted(study)
        assert note.startswith(
            f"{len(rejected)} of {len(study.trials)} proposals were rejected unseen: "
            f"{len(rejected)} break GFLOPs (MACs) at most 0.15; "
        )
        assert "the cheapest seen has GFLOPs (MACs) 0.1 (trial " in note
        best = min(t.number for t in study.trials if not t.rejected)
        assert f"(trial {best}: model.architecture=" in note
        assert "the largest seen has Parameters (M) 7 (trial " in note
    with Study.open(tmp_path / "s", one_passes) as study:
        assert noted(study) == [note], "it is read off the journal"


def test_models_that_cannot_be_built_are_counted_apart(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(screening_note, "ENOUGH", 5)

    def never_but_base(config):
        if dict(config.items()) != BASE:
            raise ConstraintError("deeplab needs 64 pixels")
        return cost_of(config)

    with Study.create(tmp_path / "s", spec_of(trials=9), never_but_base) as study:
        trial = study.ask()
        assert trial is not None
        study.tell(trial, result_of(trial))
        assert study.ask() is None
        (note,) = noted(study)
        rejected = sum(t.rejected is not None for t in study.trials)
        assert note.endswith(f"rejected unseen: {rejected} cannot be built")


def test_nothing_is_said_where_enough_pass(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(screening_note, "ENOUGH", 5)
    spec = spec_of(trials=6, constraints=(Constraint(metric="macs", bound=1e9),))
    with Study.create(tmp_path / "s", spec, cost_of) as study:
        while (trial := study.ask()) is not None:
            study.tell(trial, result_of(trial))
        assert any(t.rejected for t in study.trials)
        assert not noted(study)


def test_a_bound_that_all_miss_by_far_is_named_where_some_cannot_be_built(tmp_path: Path) -> None:
    spec = spec_of(constraints=(Constraint(metric="parameters", bound=1),))
    with pytest.raises(ConstraintError, match=r"meets: Parameters \(M\) at most 1e-06") as error:
        Study.create(tmp_path / "s", spec, build_error)
    assert "Parameters (M) 1.375" in str(error.value)
    assert "--max-params 1380000" in str(error.value)


@pytest.mark.parametrize(
    ("constraint", "flag"),
    [
        (Constraint(metric="parameters", bound=1e6), "--max-params 1380000"),
        (Constraint(metric="macs", bound=9e9, kind="at_least"), "--constraint 'macs>=1.6e+09'"),
    ],
)
def test_a_refusal_proposes_a_flag_that_can_be_typed(
    tmp_path: Path, constraint: Constraint, flag: str
) -> None:
    with pytest.raises(ConstraintError, match="no config of space 'toy' meets") as error:
        Study.create(tmp_path / "s", spec_of(constraints=(constraint,)), cost_of)
    assert str(error.value).endswith(flag)
    assert constraint.describe() in str(error.value)
