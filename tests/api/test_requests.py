"""A request becomes a task with its own space, settings and constraints."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from automed.api.naming import next_name
from automed.api.request import SearchRequest, choices_of
from automed.domain.augment import Augment
from automed.domain.errors import AutomedError, SpaceError
from automed.domain.space_file import load_space, parse_space
from automed.domain.task import AnyTask, Baseline, SegmentationTask
from automed.registry.tasks import load_task


def test_settings_and_space_follow_the_flags() -> None:
    request = SearchRequest(
        task="polyp", epochs=7, image_size=(64, 96),
        set_values=(
            "training.loss=bce,dice", "training.patience=3", "training.learning_rate=1e-4..1e-3",
        ),
        fix_values=("model.architecture=unet",),
    )  # fmt: skip
    task = request.adapt(load_task("polyp"))
    assert task.training.epochs == 7
    assert task.training.patience == 3
    assert task.image_size == (64, 96)
    assert choices_of(task.space, "training.loss", "") == ("bce", "dice")
    assert choices_of(task.space, "model.architecture", "") == ("unet",)
    assert "model.atrous_rates" not in task.space.parameters
    rate = task.space.parameters["training.learning_rate"]
    assert (rate.low, rate.high, rate.log) == (1e-4, 1e-3, True)
    assert task.digest != load_task("polyp").digest


def test_constraints_are_in_macs_and_bytes() -> None:
    request = SearchRequest(task="polyp", max_gflops=2, max_size_mb=8)
    bounds = {c.metric: c.bound for c in request.constraints()}
    assert bounds == {"macs": 2e9, "size_bytes": 8e6}


@pytest.mark.parametrize("order", [1, -1])
def test_a_parameter_cannot_be_fixed_where_another_flag_rules_it_out(order: int) -> None:
    flags = ("model.architecture=unet", "model.output_stride=8")
    request = SearchRequest(task="polyp", fix_values=flags[::order])
    with pytest.raises(SpaceError, match=r"model\.output_stride"):
        request.adapt(load_task("polyp"))


def test_class_weights_are_for_segmentations_too() -> None:
    request = SearchRequest(task="cell", set_values=("training.class_weights=true",))
    assert request.adapt(load_task("cell")).training.class_weights is True


SPACE = """
[space]
name = "mine"
[model.architecture]
choices = ["unet", "deeplabv3plus"]
[model.encoder]
choices = ["resnet18", "resnet34"]
[[model.encoder.exclude]]
choices = ["resnet34"]
when = { "model.architecture" = "deeplabv3plus" }
[model.output_stride]
choices = [8, 16]
when = { "model.architecture" = "deeplabv3plus" }
[training.loss]
choices = ["bce", "dice"]
[augment.rotation]
low = 0.0
high = 30.0
"""


@pytest.fixture
def task() -> AnyTask:
    known = {
        "model.architecture": "unet", "model.encoder": "resnet34", "training.loss": "dice",
        "augment.rotation": 10.0,
    }  # fmt: skip
    return SegmentationTask(
        name="mine",
        title="Mine",
        classes=("thing",),
        image_size=(64, 64),
        augment=Augment(horizontal_flip=0.4, rotation=20, shift=0.2),
        space=parse_space(SPACE, "mine.toml"),
        baselines=(
            Baseline(name="one", config=known),
            Baseline(name="two", config=known | {"model.encoder": "resnet18"}),
        ),
    )


def adapted(task: AnyTask, *flags: str, **more: object) -> AnyTask:
    pairs = [flag.split(" ") for flag in flags]
    request = SearchRequest(
        task="mine",
        set_values=tuple(pair for name, pair in pairs if name == "--set"),
        fix_values=tuple(pair for name, pair in pairs if name == "--fix"),
        **more,
    )
    return request.adapt(task)


class TestSettings:
    @pytest.mark.parametrize("name", ["--set", "--fix"])
    def test_settings_of_task_and_training(self, task: AnyTask, name: str) -> None:
        changed = adapted(
            task, f"{name} training.schedule=step", f"{name} data.normalize=dataset",
            f"{name} data.preprocess=clahe", f"{name} augment.shift=0.1",
        )  # fmt: skip
        assert changed.training.schedule == "step"
        assert (changed.normalize, changed.preprocess) == ("dataset", "clahe")
        assert changed.augment == task.augment.replace(shift=0.1)
        assert changed.space == task.space

    def test_a_strength_leaves_alone_what_another_flag_sets(self, task: AnyTask) -> None:
        for flags in itertools.permutations(
            ["--set augment.strength=0.5", "--set augment.shift=0.3"]
        ):
            changed = adapted(task, *flags)
            assert changed.augment == task.augment.replace(
                horizontal_flip=0.2, rotation=10.0, shift=0.3
            )

    def test_a_parameter_of_the_space_is_narrowed_instead(self, task: AnyTask) -> None:
        changed = adapted(task, "--set augment.rotation=0..10")
        assert changed.augment == task.augment
        assert changed.space.parameters["augment.rotation"].high == 10

    @pytest.mark.parametrize(
        ("flag", "words"),
        [
            ("--set augment.strength=-1", ("--set augment.strength=-1", "at least 0")),
            ("--set augment.strength=strong", ("augment.strength=strong", "a number")),
            ("--set augment.shift=2", ("--set augment.shift=2", "less than or equal to 0.9")),
            ("--set augment.shfit=2", ("did you mean 'augment.shift'?", "augment.zoom")),
            ("--set data.normalize=mean", ("--set data.normalize=mean", "'dataset'")),
            ("--fix data.normalise=unit", ("--fix data.normalise=unit", "'data.normalize'?")),
            ("--set data.preprocess=clahee", ("--set data.preprocess=clahee", "'clahe'?", "otsu")),
            ("--fix training.epochs=0", ("--fix training.epochs=0", "greater than")),
            ("--fix training.epohcs=3", ("did you mean 'training.epochs'?",)),
        ],
    )
    def test_settings_that_cannot_be(self, task: AnyTask, flag: str, words: tuple[str]) -> None:
        with pytest.raises(SpaceError) as error:
            adapted(task, flag)
        for word in words:
            assert word in str(error.value)


class TestConflicts:
    @pytest.mark.parametrize("order", [1, -1])
    @pytest.mark.parametrize("other", ["model.encoder=resnet34", "model.output_stride=8"])
    def test_two_fixed_values_that_exclude_each_other(
        self, task: AnyTask, other: str, order: int
    ) -> None:
        architecture = "deeplabv3plus" if "encoder" in other else "unet"
        flags = [f"--fix model.architecture={architecture}", f"--fix {other}"]
        with pytest.raises(SpaceError) as error:
            adapted(task, *flags[::order])
        assert "cannot go with" in error.value.problem
        assert all(flag in error.value.problem for flag in flags)
        expected = "model.encoder = resnet34 cannot go with model.architecture = deeplabv3plus"
        needs = "model.output_stride needs model.architecture = deeplabv3plus"
        assert str(error.value.found) in (expected, needs)

    def test_a_set_and_a_fix(self, task: AnyTask) -> None:
        flags = ("--set model.encoder=resnet34", "--fix model.architecture=deeplabv3plus")
        with pytest.raises(SpaceError) as error:
            adapted(task, *flags)
        assert all(flag in error.value.problem for flag in flags)

    def test_what_an_earlier_flag_leaves_can_still_be_fixed(self, task: AnyTask) -> None:
        changed = adapted(
            task, "--fix model.encoder=resnet18", "--fix model.architecture=deeplabv3plus"
        )
        assert changed.space.combinations() == 2 * 2
        assert changed.space.parameters["model.encoder"].exclude == ()


class TestOtherSpace:
    def test_baselines_that_do_not_fit_are_left_out_and_named(
        self, task: AnyTask, tmp_path: Path
    ) -> None:
        file = tmp_path / "other.toml"
        file.write_text(SPACE.replace('"resnet18", "resnet34"]', '"resnet34", "resnet50"]'))
        request = SearchRequest(task="mine", space=str(file))
        changed = request.adapt(task)
        assert [b.name for b in changed.baselines] == ["one"]
        assert changed.space.parameters["model.encoder"].choices == ("resnet34", "resnet50")
        assert request.notes(task) == (
            "the baseline 'two' is left out: it is no config of space 'mine'",
        )
        assert type(task).model_validate_json(changed.model_dump_json()) == changed

    def test_a_baseline_with_a_key_that_the_space_lacks(
        self, task: AnyTask, tmp_path: Path
    ) -> None:
        file = tmp_path / "other.toml"
        file.write_text(SPACE.partition("[augment.rotation]")[0])
        request = SearchRequest(task="mine", space=str(file), fix_values=("training.loss=bce",))
        assert request.adapt(task).baselines == ()
        assert all("it lacks augment.rotation" in note for note in request.notes(task))

    def test_a_shipped_space_and_one_that_is_not_there(self, task: AnyTask) -> None:
        assert adapted(task, space="cell").space == load_space("cell")
        with pytest.raises(SpaceError, match="'cel'; did you mean 'cell'"):
            adapted(task, space="cel")


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "a b"])
def test_names_that_are_no_folder_are_refused(name: str) -> None:
    with pytest.raises(AutomedError, match="--name"):
        SearchRequest(task="polyp", name=name)


def test_the_next_name_counts_on(tmp_path: Path) -> None:
    assert next_name(tmp_path / "none", "polyp") == "polyp-1"
    for name in ("polyp-1", "polyp-9", "polyp-x", "cell-12"):
        (tmp_path / name).mkdir()
    assert next_name(tmp_path, "polyp") == "polyp-10"
