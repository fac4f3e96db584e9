"""Digests are a function of content alone, and values refuse what is invalid."""

from __future__ import annotations

import itertools
import json
import math
import os
import pickle
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from automed.domain import errors
from automed.domain.budget import Budget
from automed.domain.config import Config
from automed.domain.cost import Cost, Quantity
from automed.domain.data_options import DataOptions
from automed.domain.digest import derive_seed, digest
from automed.domain.errors import AutomedError, DivergedError, SpaceError, TakenOverError
from automed.domain.objective import Constraint, Objective
from automed.domain.result import Result
from automed.domain.sample import Sample
from automed.domain.split import Split, SplitPolicy
from automed.domain.study_spec import DataRef, StudySpec
from automed.domain.training_settings import TrainingSettings
from automed.domain.trial import Trial, TrialState
from automed.domain.workspace import Workspace
from automed.registry.tasks import load_task

VALUES = st.one_of(
    st.booleans(),
    st.integers(-(2**40), 2**40),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
)
CONFIGS = st.dictionaries(st.text("abc.", min_size=1, max_size=6), VALUES, max_size=6)


class TestDigests:
    @given(CONFIGS, st.randoms(use_true_random=False))
    def test_the_order_of_insertion_does_not_matter(self, values, shuffler) -> None:
        keys = list(values)
        shuffler.shuffle(keys)
        other = Config({key: values[key] for key in keys})
        assert other.digest == Config(values).digest
        assert other == Config(values)
        assert hash(other) == hash(Config(values))
        assert list(other) == sorted(values)

    @given(CONFIGS, st.text("abc.", min_size=1, max_size=6), VALUES)
    def test_content_does(self, values, key, value) -> None:
        changed = {**values, key: value}
        same = json.dumps(changed, sort_keys=True) == json.dumps(values, sort_keys=True)
        assert (Config(changed).digest == Config(values).digest) == same

    @given(CONFIGS)
    def test_a_config_survives_json_with_its_types(self, values) -> None:
        again = Config.model_validate_json(Config(values).model_dump_json())
        assert again.digest == Config(values).digest
        assert {k: type(v) for k, v in again.items()} == {k: type(v) for k, v in values.items()}

    def test_every_process_finds_the_same(self) -> None:
        script = (
            "from automed.registry.tasks import load_task\n"
            "from automed.domain.config import Config\n"
            "from automed.domain.digest import derive_seed\n"
            "print(load_task('polyp').space.digest, load_task('cell').digest,"
            " Config({'b': 1.5, 'a': True, 'c': 'ü'}).digest, derive_seed(3, 'ask', 7))"
        )
        outputs = set()
        for hash_seed in ("0", "123"):
            done = subprocess.run(
                [sys.executable, "-c", script],
                env=os.environ | {"PYTHONHASHSEED": hash_seed},
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, done.stderr
            outputs.add(done.stdout)
        (output,) = outputs
        polyp, cell, config, seed = output.split()
        assert polyp == load_task("polyp").space.digest
        assert cell == load_task("cell").digest
        assert config == Config({"c": "ü", "a": True, "b": 1.5}).digest
        assert int(seed) == derive_seed(3, "ask", 7)

    def test_the_digest_of_a_config_never_changes_between_versions(self) -> None:
        # Seeds of trials hang on it: should it change, old studies no longer replay.
        assert Config({"model.encoder": "x", "training.learning_rate": 1e-3}).digest == (
            digest({"training.learning_rate": 0.001, "model.encoder": "x"})
        )
        # sha256sum of the bytes {"a":[1,2.5,"x",true,null]}
        assert digest({"a": [1, 2.5, "x", True, None]}) == (
            "aeb1b42de5fe2a198c7af1ac6c9ba3c8dcc7a524a83534832c48dc929f81722c"
        )

    def test_seeds_of_neighbours_are_unrelated(self) -> None:
        seeds = [derive_seed(0, number) for number in range(2000)]
        assert len(set(seeds)) == 2000
        assert all(0 <= seed < 2**32 for seed in seeds)
        bits = sum(bin(a ^ b).count("1") for a, b in itertools.pairwise(seeds))
        assert bits / 1999 == pytest.approx(16, abs=0.5)

    def test_what_json_cannot_hold_is_refused(self) -> None:
        with pytest.raises(TypeError):
            digest({1, 2})


class TestConfig:
    @pytest.mark.parametrize("value", [None, [1], {"a": 1}, (1,), print])
    def test_containers_and_callables_are_refused(self, value) -> None:
        with pytest.raises(ValidationError):
            Config({"a": value})

    def test_it_reads_as_a_mapping_and_cannot_be_assigned_to(self) -> None:
        config = Config({"model.b": 1, "model.a": 2, "training.c": 3})
        assert config["model.a"] == 2
        assert config.get("model.z", 9) == 9
        assert "model.b" in config
        assert len(config) == 3
        assert config.part("model.") == Config({"model.a": 2, "model.b": 1})
        assert config.part("model.", "training.") == config
        with pytest.raises(ValidationError):
            config.root = {}
        with pytest.raises(KeyError):
            config["model.z"]


class TestValues:
    def test_frozen_values_refuse_assignment_and_unknown_keys(self) -> None:
        budget = Budget(trials=3)
        with pytest.raises(ValidationError):
            budget.trials = 4
        with pytest.raises(ValidationError):
            Budget(trials=3, hours=4)
        assert budget.replace(trials=5) == Budget(trials=5)
        with pytest.raises(ValidationError):
            budget.replace(trials=0)
        assert len({budget, Budget(trials=3), Budget(trials=4)}) == 2

    @pytest.mark.parametrize("trials", [0, -1, 1.5])
    def test_budgets_hold_whole_trials(self, trials) -> None:
        with pytest.raises(ValidationError):
            Budget(trials=trials)

    def test_cost_in_the_units_of_papers(self) -> None:
        cost = Cost(
            parameters=Quantity(value=3.3e6),
            macs=Quantity(value=1.5757e9),
            size_bytes=Quantity(value=13.3e6),
            input_shape=(3, 288, 384),
        )
        assert "1.576 GMACs at 288x384 (= 3.151 GFLOPs counting multiply and add" in cost.describe()
        assert cost.megabytes == pytest.approx(13.3)
        with pytest.raises(ValidationError):
            Quantity(value=-1)

    def test_objectives_and_constraints_know_their_side(self) -> None:
        assert Objective(metric="dice").loss(0.8) == -0.8
        assert Objective(metric="macs", direction="minimize").loss(2.0) == 2.0
        most = Constraint(metric="macs", bound=2e9)
        least = Constraint(metric="dice", bound=0.8, kind="at_least")
        assert (most.violation(3e9) > 0, most.violation(2e9) > 0) == (True, False)
        assert (least.violation(0.7) > 0, least.violation(0.8) > 0) == (True, False)
        assert most.describe() == "GFLOPs (MACs) at most 2"
        assert least.describe() == "Dice at least 0.8"

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"group_pattern": "("}, "no regular expression"),
            ({"group_pattern": "x"}, r"needs one \(group\)"),
            ({"group_pattern": "(x)", "group_csv": "a.csv"}, "exclude each other"),
            ({"group_column": "a"}, "needs --group-csv"),
            ({"no_groups": "x"}, "at least 3"),
        ],
    )
    def test_data_options_that_contradict_themselves(self, fields, words) -> None:
        with pytest.raises(ValidationError, match=words):
            DataOptions(**fields)

    def test_a_split_is_a_partition(self) -> None:
        fields = {"train": ("a",), "val": ("b",), "test": ("c",), "seed": 0, "grouped_by": None}
        assert Split(**fields).ids("val") == ("b",)
        with pytest.raises(ValidationError, match="two parts"):
            Split(**{**fields, "val": ("a",)})
        with pytest.raises(ValidationError, match="the test part is empty"):
            Split(**{**fields, "test": ()})
        with pytest.raises(ValidationError, match="expected 1"):
            SplitPolicy(train=0.5, val=0.1, test=0.1)

    def test_a_sample_has_one_target(self) -> None:
        with pytest.raises(ValidationError, match="either masks or a label"):
            Sample(id="a", image="a.png")
        with pytest.raises(ValidationError, match="either masks or a label"):
            Sample(id="a", image="a.png", masks=("m.png",), label="x")

    def test_trials_as_users_read_them(self) -> None:
        trial = Trial(number=0, config=Config({"a": 1}), seed=0)
        assert (trial.label, trial.charged) == ("running", True)
        assert trial.replace(state=TrialState.PRUNED).label == "stopped"
        rejected = trial.replace(state=TrialState.PRUNED, rejected="too large")
        assert (rejected.label, rejected.charged) == ("rejected", False)

    def test_a_result_survives_json_even_where_it_is_not_finite(self) -> None:
        cost = Cost(
            parameters=Quantity(value=1),
            macs=Quantity(value=2),
            size_bytes=Quantity(value=3, source="measured"),
            input_shape=(3, 8, 8),
        )
        result = Result(
            metrics={"dice": 0.1 + 0.2, "loss": math.inf}, cost=cost, epochs=2, best_epoch=1,
            seconds=0.5, split_digest="s",
        )  # fmt: skip
        assert Result.model_validate_json(result.model_dump_json()) == result
        nan = result.replace(metrics={"dice": math.nan})
        again = Result.model_validate_json(nan.model_dump_json())
        assert math.isnan(again.metrics["dice"])

    @pytest.mark.parametrize("name", ["polyp", "cell", "leukemia", "breast_cell"])
    def test_a_spec_survives_json(self, name: str) -> None:
        data = DataRef(name="demo", path="/x", digest="d", options=DataOptions(layout="pranet"))
        spec = StudySpec(
            name="a-1", task=load_task(name), data=data, split_digest="s",
            budget=Budget(trials=3), constraints=(Constraint(metric="macs", bound=1e9),),
            version="0",
        )  # fmt: skip
        again = StudySpec.model_validate_json(spec.model_dump_json())
        assert again == spec
        assert again.digest == spec.digest
        # The order in which parameters are decided is part of what is replayed.
        assert list(again.task.space.parameters) == list(spec.task.space.parameters)
        assert hash(again) == hash(spec)
        assert data.is_demo

    @pytest.mark.parametrize("name", ["", "a/b", "../x", ".hidden", "a b", "-x"])
    def test_names_that_are_no_folder_names(self, name: str) -> None:
        data = DataRef(name="demo", path="/x", digest="d")
        with pytest.raises(ValidationError):
            StudySpec(
                name=name, task=load_task("cell"), data=data, split_digest="s",
                budget=Budget(trials=1), version="0",
            )  # fmt: skip

    def test_a_workspace_that_cannot_be_written_to(self, tmp_path, monkeypatch) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(errors.WorkspaceError, match="--workspace PATH"):
            Workspace.at(tmp_path / "file" / "below").ensure_writable()
        monkeypatch.setenv("AUTOMED_WORKSPACE", str(tmp_path / "env"))
        assert Workspace.at().root == tmp_path / "env"
        assert Workspace.at(tmp_path / "flag").ensure_writable().root.is_dir()


class TestTrainingSettings:
    def test_a_flag_sets_one_with_its_type(self) -> None:
        settings = TrainingSettings()
        assert settings.with_value("epochs", "20").epochs == 20
        assert settings.with_value("class_weights", "true").class_weights is True
        assert settings.with_value("clip_norm", "0.5").clip_norm == 0.5
        assert settings.with_value("schedule", "constant").schedule == "constant"
        assert settings == TrainingSettings()

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("epochs", "0"), ("epochs", "x"), ("epochs", "2.5"), ("patience", "-1"),
            ("schedule", "linear"), ("class_weights", "perhaps"), ("precision", "fp16"),
            ("clip_norm", "0"),
        ],
    )  # fmt: skip
    def test_a_value_that_is_not_valid(self, name: str, text: str) -> None:
        with pytest.raises(SpaceError) as error:
            TrainingSettings().with_value(name, text)
        assert f"--set training.{name}={text}: " in str(error.value)
        assert error.value.found == repr(text)

    def test_a_setting_that_does_not_exist(self) -> None:
        with pytest.raises(SpaceError, match="did you mean 'epochs'") as error:
            TrainingSettings().with_value("epoch", "3")
        assert "training.patience" in str(error.value)


OWN_ARGUMENTS = (DivergedError, TakenOverError)


class TestErrors:
    def test_all_parts_are_said(self) -> None:
        error = AutomedError("wrong", found=3, expected="4", hint="do this")
        assert str(error).splitlines() == [
            "wrong", "  found:    3", "  expected: 4", "  next:     do this",
        ]  # fmt: skip
        assert str(AutomedError("wrong", found=0)) == "wrong\n  found:    0"

    @pytest.mark.parametrize(
        "kind",
        sorted(
            (
                k
                for k in vars(errors).values()
                if isinstance(k, type) and issubclass(k, AutomedError) and k not in OWN_ARGUMENTS
            ),
            key=lambda k: k.__name__,
        ),
    )
    def test_they_cross_process_boundaries_whole(self, kind: type[AutomedError]) -> None:
        error = kind("wrong", found="a", expected="b", hint="c")
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is kind
        assert str(again) == str(error)
        assert again.hint == "c"

    def test_divergence_keeps_its_epoch(self) -> None:
        again = pickle.loads(pickle.dumps(DivergedError(7, "the loss")))
        assert (again.epoch, again.what) == (7, "the loss")
        assert "epoch 7" in str(again)

    def test_a_trial_that_was_taken_over_keeps_its_number(self) -> None:
        again = pickle.loads(pickle.dumps(TakenOverError(7)))
        assert again.number == 7
        assert "trial 7" in str(again)
