"""Constraints that bind, corners that are hard to find, spaces that come to an end."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from toy_study import (
    BASE,
    TASK,
    TIGHT,
    build_error,
    cost_of,
    history,
    result_of,
    spec_of,
    with_space,
)

from automed.domain.config import Config
from automed.domain.errors import ConstraintError, StudyError
from automed.domain.objective import Constraint
from automed.domain.trial import Trial
from automed.search import proposer
from automed.search.enumeration import configs_of
from automed.search.feasible import made_feasible
from automed.search.screen import screen
from automed.search.study import Study


def asked(study: Study) -> Trial:
    trial = study.ask()
    assert trial is not None
    return trial


class TestConstraints:
    def test_none_that_can_be_met(self, tmp_path: Path) -> None:
        spec = spec_of(constraints=(Constraint(metric="macs", bound=0.1e9),))
        with pytest.raises(ConstraintError) as error:
            Study.create(tmp_path / "s", spec, cost_of)
        text = str(error.value)
        # Unet at a quarter of its width: 0.1 + 1.5 / 16 GMACs, the cheapest of the space.
        assert "meets: GFLOPs (MACs) at most 0.1" in text
        assert "GFLOPs (MACs) 0.1938" in text
        assert "model.width=0.25" in text
        assert "--max-gflops 0.194" in text
        assert not (tmp_path / "s").exists()

    def test_the_proposed_bound_works(self, tmp_path: Path) -> None:
        spec = spec_of(trials=3, constraints=(Constraint(metric="macs", bound=0.194e9),))
        with Study.create(tmp_path / "s", spec, cost_of) as study:
            assert asked(study).config["model.width"] == 0.25

    def test_only_the_binding_one_is_named(self, tmp_path: Path) -> None:
        both = (
            Constraint(metric="macs", bound=1e9),
            Constraint(metric="size_bytes", bound=2e6),
        )
        with pytest.raises(ConstraintError) as error:
            Study.create(tmp_path / "s", spec_of(constraints=both), cost_of)
        assert "meets: Size (MB) at most 2\n" in str(error.value)
        assert "next:     loosen it, for example: --max-size-mb 5.5" in str(error.value)

    def test_contradicting_ones(self, tmp_path: Path) -> None:
        both = (
            Constraint(metric="macs", bound=0.5e9),
            Constraint(metric="parameters", bound=5e6, kind="at_least"),
        )
        with pytest.raises(ConstraintError, match="closest of"):
            Study.create(tmp_path / "s", spec_of(constraints=both), cost_of)

    def test_nothing_that_can_be_built(self, tmp_path: Path) -> None:
        def never(_: object) -> None:
            raise StudyError("too small", hint="-")

        with pytest.raises(ConstraintError, match=r"none of .* can be built") as error:
            Study.create(tmp_path / "s", spec_of(), never)
        assert "automed space check" in str(error.value)

    def test_images_that_are_too_small_for_all(self, tmp_path: Path) -> None:
        def never(_: object) -> None:
            raise StudyError("the encoder 'e' cannot take images of 8x8", hint="-")

        with pytest.raises(ConstraintError, match="--image-size"):
            Study.create(tmp_path / "s", spec_of(), never)

    def test_a_rare_feasible_corner_is_found(self, tmp_path: Path) -> None:
        """One config in 30: a probe that only draws at random may well miss it."""
        task = with_space("".join(f"[p{i}]\nlow = 0\nhigh = 29\n" for i in range(3)), name="corner")

        def steep(config):
            return cost_of(config).replace(
                macs={"value": sum(config[f"p{i}"] for i in range(3)) + 1.0}
            )

        spec = spec_of(task=task, constraints=(Constraint(metric="macs", bound=1.5),))
        Study.create(tmp_path / "s", spec, steep).close()

    def test_one_on_quality_is_judged_by_the_result(self, tmp_path: Path) -> None:
        quality = (Constraint(metric="iou", bound=0.5, kind="at_least"),)
        with Study.create(tmp_path / "s", spec_of(trials=3, constraints=quality), cost_of) as study:
            for iou, dice in ((0.4, 0.9), (0.6, 0.5), (math.nan, 0.95)):
                trial = asked(study)
                study.tell(trial, result_of(trial, iou=iou, dice=dice))
            assert [t.label for t in study.trials] == ["done"] * 3
            assert [t.number for t in study.front().trials] == [1]
        storage = JournalStorage(JournalFileBackend(str(tmp_path / "s" / "journal.log")))
        assert [list(t.constraints.values()) for t in storage.get_all_trials(0)] == [
            [pytest.approx(0.2)], [pytest.approx(-0.2)], [1000],
        ]  # fmt: skip

    def test_an_unknown_metric(self, tmp_path: Path) -> None:
        spec = spec_of(constraints=(Constraint(metric="latency", bound=1),))
        with pytest.raises(ConstraintError, match="'latency'"):
            Study.create(tmp_path / "s", spec, cost_of)

    def test_one_that_a_changed_library_made_impossible(self, tmp_path: Path) -> None:
        """The probe passed when the study began; on resume every model has grown."""
        spec = spec_of(trials=9, constraints=(Constraint(metric="macs", bound=0.2e9),))
        Study.create(tmp_path / "s", spec, cost_of).close()

        def grown(config):
            return cost_of(config).replace(macs={"value": 9e9})

        with Study.open(tmp_path / "s", grown) as study:
            with pytest.raises(ConstraintError, match="GFLOPs"):
                study.ask()
            assert [t.label for t in study.trials] == ["rejected"] * proposer.HELP_AFTER

    def test_a_corner_that_samplers_miss_is_filled_from_what_is_known(self, tmp_path: Path) -> None:
        """One model in 3 x 8 x 6 or so is allowed, with any training."""
        text = "".join(f"[model.p{i}]\nlow = 0\nhigh = 19\n" for i in range(3))
        text += "[training.learning_rate]\nlow = 1e-5\nhigh = 1e-1\nlog = true\n"

        def steep(config):
            total = sum(config[f"model.p{i}"] for i in range(3)) + 1.0
            return cost_of(config).replace(macs={"value": total})

        spec = spec_of(
            trials=12, task=with_space(text), constraints=(Constraint(metric="macs", bound=2.5),)
        )
        runs = []
        for name, stops in (("one", [12]), ("two", [3, 1, 8])):
            study = Study.create(tmp_path / name, spec, steep)
            for stop in stops:
                for _ in range(stop):
                    trial = asked(study)
                    study.tell(trial, result_of(trial).replace(cost=steep(trial.config)))
                study.close()
                study = Study.open(tmp_path / name, steep)
            runs.append(history(study.trials))
            study.close()
        assert runs[0] == runs[1]
        accepted = [h for h in runs[0] if h[3] == "COMPLETE"]
        assert len(accepted) == 12
        # The sampler's own choice of training survives, and not one model alone is trained.
        assert len({dict(h[1])["training.learning_rate"] for h in accepted}) == 12
        assert len(runs[0]) <= 12 * (proposer.HELP_AFTER + 1)

    def test_help_changes_no_more_than_it_must(self) -> None:
        wide = Config(BASE | {"training.learning_rate": 0.05, "training.loss": "dice"})
        narrow = Config(BASE | {"model.width": 0.25, "training.learning_rate": 1e-5})

        def judge(config):
            return screen(config, TASK.space, cost_of, TIGHT)

        assert judge(wide).rejected
        helped = made_feasible(wide, narrow, TASK.space, judge)
        assert helped == Config(dict(wide.items()) | {"model.width": 0.25})
        deeplab = Config(
            {k: v for k, v in wide.items() if k != "model.width"}
            | {"model.architecture": "deeplab", "model.channels": 256}
        )
        assert judge(deeplab).rejected
        assert made_feasible(deeplab, narrow, TASK.space, judge) == helped
        assert made_feasible(wide, narrow, TASK.space, lambda _: judge(wide)) == narrow

    def test_all_that_is_allowed_has_been_tried(self, tmp_path: Path) -> None:
        only = Config(dict(TASK.baselines[0].config))

        def once(config):
            if config != only:
                raise StudyError("not this one")
            return cost_of(config)

        with Study.create(tmp_path / "s", spec_of(), once) as study:
            trial = asked(study)
            study.tell(trial, result_of(trial))
            assert study.ask() is None
            assert study.spent is None
            assert study.spending.trials == 1
            assert "no config is left that is new and allowed" in study.notes[-1]


class TestExhaustion:
    def test_every_config_once_then_none(self, tmp_path: Path) -> None:
        task = with_space(
            '[a]\nchoices = ["x", "y", "z"]\n[b]\nlow = 1\nhigh = 3\nwhen = { a = ["x", "y"] }\n'
        )
        with Study.create(tmp_path / "s", spec_of(trials=50, task=task), cost_of) as study:
            found = []
            while (trial := study.ask()) is not None:
                found.append(trial.config)
                study.tell(trial, result_of(trial))
            assert len(found) == len(set(found)) == 7
            assert study.spent is None
            assert study.spending.trials == 7
            assert "no config is left that is new and allowed" in study.notes[-1]
        with Study.open(tmp_path / "s", cost_of) as study:
            assert study.ask() is None

    def test_the_last_config_of_many_is_found(self, tmp_path: Path) -> None:
        task = with_space("[a]\nlow = 0\nhigh = 59\n")
        spec = spec_of(trials=70, task=task, sampler="random")
        with Study.create(tmp_path / "s", spec, cost_of) as study:
            while (trial := study.ask()) is not None:
                study.tell(trial, result_of(trial))
            assert {t.config["a"] for t in study.trials} == set(range(60))

    def test_what_no_draw_finds_is_looked_up(self, tmp_path: Path, monkeypatch) -> None:
        monkeypatch.setattr(proposer, "ATTEMPTS", 1)
        monkeypatch.setattr(proposer, "RANDOM_DRAWS", 1)
        task = with_space("[a]\nlow = 0\nhigh = 39\n")
        with Study.create(tmp_path / "s", spec_of(trials=70, task=task), cost_of) as study:
            while (trial := study.ask()) is not None:
                study.tell(trial, result_of(trial))
            assert {t.config["a"] for t in study.trials} == set(range(40))
            assert {t.origin for t in study.trials} == {"tpe", "random", "leftover"}

    def test_an_endless_space_is_never_exhausted(self, tmp_path: Path) -> None:
        assert configs_of(TASK.space, at_most=10**6) is None
        finite = TASK.space.fix("training.learning_rate", "1e-3").fix("model.dropout", "0.1")
        configs = configs_of(finite, at_most=10**6)
        assert configs is not None
        # 3 widths or 8 numbers of channels, 2 losses, batches of 4 to 32.
        assert len(configs) == len(set(configs)) == (3 + 8) * 2 * 29
        assert configs_of(finite, at_most=len(configs)) == configs
        assert configs_of(finite, at_most=len(configs) - 1) is None

    def test_what_is_left_but_not_allowed_is_passed_over(self, tmp_path: Path) -> None:
        task = with_space(
            '[model.architecture]\nchoices = ["unet", "deeplab"]\n'
            '[n]\nlow = 0\nhigh = 39\nwhen = { "model.architecture" = "deeplab" }\n'
        )
        with Study.create(tmp_path / "s", spec_of(task=task), build_error) as study:
            trial = asked(study)
            study.tell(trial, result_of(trial))
            assert study.ask() is None
            assert len(study.trials) <= 1 + 2 * proposer.HELP_AFTER

    def test_rejected_configs_are_not_proposed_again(self, tmp_path: Path) -> None:
        task = with_space('[model.architecture]\nchoices = ["deeplab", "unet", "fpn"]\n')
        with Study.create(tmp_path / "s", spec_of(task=task), build_error) as study:
            while (trial := study.ask()) is not None:
                study.tell(trial, result_of(trial))
            assert {t.config["model.architecture"] for t in study.trials if t.result} == {
                "unet",
                "fpn",
            }
            assert sum(t.label == "rejected" for t in study.trials) <= 1
