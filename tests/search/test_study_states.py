"""Ask, report, tell: what each does, and what each refuses."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import threading
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
    measurements,
    result_of,
    spec_of,
    with_space,
)

from automed.domain.budget import Budget
from automed.domain.config import Config
from automed.domain.decision import Decision
from automed.domain.errors import ConstraintError, StudyError
from automed.domain.front import front_of
from automed.domain.measurement import Measurement
from automed.domain.objective import Constraint
from automed.domain.result import Failure
from automed.domain.task import Baseline
from automed.domain.trial import Trial, TrialState
from automed.search import proposer
from automed.search.enumeration import configs_of
from automed.search.lock import HOLDER_FILE
from automed.search.study import Study


def asked(study: Study) -> Trial:
    trial = study.ask()
    assert trial is not None
    return trial


def test_a_trial_from_ask_to_tell(tmp_path: Path) -> None:
    with Study.create(tmp_path / "s", spec_of(), cost_of) as study:
        trial = asked(study)
        assert (trial.number, trial.state, trial.origin) == (0, TrialState.RUNNING, "paper base")
        assert trial.predicted == cost_of(trial.config)
        assert study.remaining == 7
        for measurement in measurements(trial):
            assert study.report(trial, measurement) is Decision.CONTINUE
        result = result_of(trial, iou=0.4)
        told = study.tell(trial, result)
        assert told.state is TrialState.COMPLETE
        assert told.result == result
        assert study.trials == (told,)
    with Study.open(tmp_path / "s", cost_of) as study:
        assert study.trials == (told,)
        assert study.spec == spec_of()


def test_only_the_guide_metric_makes_the_curve(tmp_path: Path) -> None:
    with Study.create(tmp_path / "s", spec_of(), cost_of) as study:
        trial = asked(study)
        study.report(trial, Measurement(epoch=1, metrics={"dice": 0.25, "loss": 3}, seconds=1))
        study.report(trial, Measurement(epoch=2, metrics={"loss": 2}, seconds=2))
        study.report(trial, Measurement(epoch=3, metrics={"dice": math.nan}, seconds=3))
    storage = JournalStorage(JournalFileBackend(str(tmp_path / "s" / "journal.log")))
    curve = storage.get_all_trials(0)[0].intermediate_values
    assert curve.pop(1) == 0.25
    assert list(curve) == [3]
    assert math.isnan(curve[3])


@pytest.mark.parametrize(
    ("value", "message"), [(math.nan, "dice is nan"), (math.inf, "dice is inf")]
)
def test_an_objective_that_is_not_finite_fails_the_trial(tmp_path: Path, value, message) -> None:
    with Study.create(tmp_path / "s", spec_of(), cost_of) as study:
        trial = asked(study)
        told = study.tell(trial, result_of(trial, dice=value))
        assert told.state is TrialState.FAIL
        assert told.failure == Failure(kind="NonFiniteObjective", message=message, epoch=2)
        assert study.remaining == 7
        result = result_of(asked(study))
        missing = result.replace(metrics={"iou": 0.3})
        told = study.tell(study.trials[1], missing)
        assert told.failure is not None
        assert told.failure.message == "dice is missing"
        assert study.front().trials == ()


def test_a_stopped_trial_keeps_its_result_off_the_front(tmp_path: Path) -> None:
    with Study.create(tmp_path / "s", spec_of(), cost_of) as study:
        stopped = asked(study)
        told = study.tell(stopped, result_of(stopped, dice=0.98), stopped=True)
        assert (told.state, told.label) == (TrialState.PRUNED, "stopped")
        assert told.result is not None
        complete = asked(study)
        study.tell(complete, result_of(complete))
        assert [t.number for t in study.front().trials] == [complete.number]
        assert study.remaining == 6
        # Its curve and result must not trip the sampler.
        for _ in range(6):
            trial = asked(study)
            study.report(trial, measurements(trial)[0])
            study.tell(trial, result_of(trial), stopped=True)
        assert study.ask() is None


def test_nothing_is_told_twice(tmp_path: Path) -> None:
    with Study.create(tmp_path / "s", spec_of(), cost_of) as study:
        trial = asked(study)
        study.tell(trial, result_of(trial))
        journal = (tmp_path / "s" / "journal.log").read_bytes()
        stranger = trial.replace(number=77)
        for act in (
            lambda: study.tell(trial, result_of(trial)),
            lambda: study.tell(trial, Failure(kind="E", message="m")),
            lambda: study.report(trial, measurements(trial)[0]),
        ):
            with pytest.raises(StudyError, match="trial 0 of study 'toy-study' is not running"):
                act()
        with pytest.raises(StudyError, match="trial 77"):
            study.tell(stranger, result_of(trial))
        assert (tmp_path / "s" / "journal.log").read_bytes() == journal


def test_what_was_running_is_handed_out_again_first(tmp_path: Path) -> None:
    with Study.create(tmp_path / "s", spec_of(trials=3), cost_of) as study:
        first, second = asked(study), asked(study)
        assert second.number == 1
        study.report(second, measurements(second)[0])
        study.tell(first, result_of(first))
    with Study.open(tmp_path / "s", cost_of) as study:
        again = asked(study)
        assert again == second
        third = asked(study)
        assert third.number == 2
        assert study.ask() is None, "running trials are charged"
        study.put_back(again)
        assert asked(study) == again
        study.tell(again, result_of(again))
        study.tell(third, result_of(third))
        assert study.ask() is None
        assert len(study.trials) == 3


def test_a_failed_training_is_charged_and_a_rejected_config_is_not(tmp_path: Path) -> None:
    heard: list[Trial] = []
    spec = spec_of(trials=4, constraints=TIGHT)
    with Study.create(tmp_path / "s", spec, cost_of, heard.append) as study:
        failed = asked(study)
        study.tell(failed, Failure(kind="DivergedError", message="m", epoch=1))
        while (trial := study.ask()) is not None:
            study.tell(trial, result_of(trial))
        labels = [t.label for t in study.trials]
        assert labels.count("failed") == 1
        assert labels.count("done") == 3
        assert labels.count("rejected") == len(heard) > 0
        assert [t for t in study.trials if t.rejected] == heard
        assert heard[0].rejected == "GFLOPs (MACs) 1.6, allowed: at most 1"
        assert heard[0].predicted is not None
        assert all(t.result.cost.macs.value <= 1e9 for t in study.front().trials if t.result)
        notes = "\n".join(study.notes)
        assert "the baseline 'paper base' was rejected: GFLOPs (MACs) 1.6" in notes
    storage = JournalStorage(JournalFileBackend(str(tmp_path / "s" / "journal.log")))
    for theirs, label in zip(storage.get_all_trials(0), labels, strict=True):
        (violation,) = theirs.constraints.values()
        assert (violation > 0) == (label == "rejected")


def test_a_config_that_cannot_be_built_is_rejected_not_fatal(tmp_path: Path) -> None:
    with Study.create(tmp_path / "s", spec_of(trials=6), build_error) as study:
        while (trial := study.ask()) is not None:
            assert trial.config["model.architecture"] == "unet"
            study.tell(trial, result_of(trial))
        rejected = [t for t in study.trials if t.rejected]
        assert rejected
        assert {t.rejected for t in rejected} == {"deeplab needs 64 pixels"}
        assert {t.predicted for t in rejected} == {None}


def test_a_bug_in_the_cost_is_not_taken_for_a_rejection(tmp_path: Path) -> None:
    def bug(_: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Study.create(tmp_path / "s", spec_of(), bug)


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
        assert "--image-size" in str(error.value)

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
            assert study.remaining == 7
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
            assert study.remaining == 43
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


class TestBaselines:
    def test_narrowed_away_or_equal_ones_are_left_out_and_said(self, tmp_path: Path) -> None:
        narrowed = TASK.replace(
            space=TASK.space.narrow("training.learning_rate", "1e-2..1e-1"),
            baselines=(*TASK.baselines, Baseline(
                name="fast", config=BASE | {"training.learning_rate": 0.05}
            )),
        )  # fmt: skip
        with Study.create(tmp_path / "a", spec_of(task=narrowed), cost_of) as study:
            assert asked(study).origin == "fast"
            assert asked(study).origin == "tpe"
            assert [n.split("'")[1] for n in study.notes] == ["paper base", "paper final"]
            assert "outside the search space" in study.notes[0]
        fixed = TASK.replace(space=TASK.space.fix("training.loss", "dice"))
        with Study.create(tmp_path / "b", spec_of(task=fixed), cost_of) as study:
            assert asked(study).origin == "paper base"
            assert asked(study).origin == "tpe"
            assert study.notes == ("the baseline 'paper final' is left out: it now equals "
                                   "'paper base'",)  # fmt: skip

    def test_a_budget_smaller_than_their_number(self, tmp_path: Path) -> None:
        with Study.create(tmp_path / "s", spec_of(trials=1), cost_of) as study:
            assert asked(study).origin == "paper base"
            assert study.ask() is None


class TestFolder:
    def test_a_second_study_in_it(self, tmp_path: Path) -> None:
        Study.create(tmp_path / "s", spec_of(), cost_of).close()
        before = (tmp_path / "s" / "study.json").read_bytes()
        with pytest.raises(StudyError, match="there is a study 'toy-study'") as error:
            Study.create(tmp_path / "s", spec_of(seed=9), cost_of)
        assert "--resume" in str(error.value)
        assert (tmp_path / "s" / "study.json").read_bytes() == before

    def test_no_study_in_it(self, tmp_path: Path) -> None:
        with pytest.raises(StudyError, match="there is no study in") as error:
            Study.open(tmp_path, cost_of)
        assert "automed studies" in str(error.value)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "x"}', "\xff\xfe"])
    def test_a_broken_spec(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "study.json").write_text(text, encoding="latin-1")
        with pytest.raises(StudyError, match=r"study\.json is no study of this version"):
            Study.open(tmp_path, cost_of)

    def test_objectives_that_do_not_belong_to_the_journal(self, tmp_path: Path) -> None:
        Study.create(tmp_path / "s", spec_of(), cost_of).close()
        spec = json.loads((tmp_path / "s" / "study.json").read_text())
        spec["task"]["objectives"].pop()
        (tmp_path / "s" / "study.json").write_text(json.dumps(spec))
        with pytest.raises(StudyError, match="do not belong together"):
            Study.open(tmp_path / "s", cost_of)
        # The lock was released on the way out.
        with pytest.raises(StudyError, match="do not belong together"):
            Study.open(tmp_path / "s", cost_of)

    def test_one_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(StudyError, match="cannot be made"):
            Study.create(tmp_path / "file" / "s", spec_of(), cost_of)

    def test_a_relative_path(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        Study.create(Path("s"), spec_of(), cost_of).close()
        # Optuna's own lock would wait for ever on this one if its path were relative.
        (tmp_path / "s" / "journal.log.lock").symlink_to(tmp_path / "s" / "journal.log")
        with Study.open(Path("s"), cost_of) as study:
            monkeypatch.chdir(tmp_path.parent)
            assert asked(study).number == 0

    def test_the_spec_survives_the_file(self, tmp_path: Path) -> None:
        spec = spec_of(constraints=TIGHT, seed=5)
        with Study.create(tmp_path / "s", spec, cost_of) as study:
            folder = study.folder
        assert Study.open(folder, cost_of).spec == spec
        assert list(json.loads((folder / "study.json").read_text())["task"]["space"]["parameters"])[
            :2
        ] == ["model.architecture", "model.width"]


class TestLock:
    def test_a_running_study_is_not_opened_twice(self, tmp_path: Path) -> None:
        with Study.create(tmp_path / "s", spec_of(), cost_of) as study:
            with pytest.raises(StudyError, match=f"already running, pid {os.getpid()} on"):
                Study.open(tmp_path / "s", cost_of)
            study.close()
            study.close()
            Study.open(tmp_path / "s", cost_of).close()

    def test_nor_by_another_process(self, tmp_path: Path) -> None:
        script = (
            "import sys; from pathlib import Path; from toy_study import *;"
            "from automed.search.study import Study\n"
            "try: Study.open(Path(sys.argv[1]), cost_of)\n"
            "except Exception as error: print(type(error).__name__, error)"
        )
        with Study.create(tmp_path / "s", spec_of(), cost_of):
            done = subprocess.run(
                [sys.executable, "-c", script, str(tmp_path / "s")],
                env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
                capture_output=True, text=True, timeout=60,
            )  # fmt: skip
        assert f"StudyError study 's' is already running, pid {os.getpid()}" in done.stdout

    def test_one_whose_holder_died_is_waited_for(self, tmp_path: Path) -> None:
        """A data loader outlives its killed parent for a moment, and the lock with it."""
        dead = subprocess.Popen([sys.executable, "-c", ""])
        dead.wait()
        study = Study.create(tmp_path / "s", spec_of(), cost_of)
        holder = json.loads((tmp_path / "s" / HOLDER_FILE).read_text())
        (tmp_path / "s" / HOLDER_FILE).write_text(json.dumps(holder | {"pid": dead.pid}))
        later = threading.Timer(0.5, study.close)
        later.start()
        Study.open(tmp_path / "s", cost_of).close()
        later.join()

    def test_one_without_a_name_on_it(self, tmp_path: Path) -> None:
        with Study.create(tmp_path / "s", spec_of(), cost_of):
            (tmp_path / "s" / HOLDER_FILE).write_text("{")
            with pytest.raises(StudyError, match="already running, pid unknown"):
                Study.open(tmp_path / "s", cost_of)


def test_the_front_is_that_of_the_domain(tmp_path: Path) -> None:
    with Study.create(tmp_path / "s", spec_of(trials=10), cost_of) as study:
        assert study.front().trials == ()
        while (trial := study.ask()) is not None:
            study.tell(trial, result_of(trial))
        assert study.front() == front_of(study.trials, TASK.objectives)
        assert study.front().knee is not None


def test_a_trial_added_by_hand_is_ignored(tmp_path: Path) -> None:
    Study.create(tmp_path / "s", spec_of(trials=2), cost_of).close()
    storage = JournalStorage(JournalFileBackend(str(tmp_path / "s" / "journal.log")))
    storage.create_new_trial(0)
    with Study.open(tmp_path / "s", cost_of, budget=Budget(trials=2)) as study:
        assert study.trials == ()
        assert asked(study).number == 1
        assert study.remaining == 1
