"""The command that trains a trial again: its flags give the config back, to the last digit."""

from __future__ import annotations

import random
import shlex

import pytest
from typer.testing import CliRunner

from automed.api.request import SearchRequest
from automed.api.trial_commands import export_command, space_of, train_again
from automed.cli.app import app
from automed.domain.budget import Budget
from automed.domain.compression import Compression, compression_of, dense, with_compression
from automed.domain.config import Config
from automed.domain.errors import AutomedError
from automed.domain.space_file import parse_space
from automed.domain.study_spec import DataRef, StudySpec
from automed.domain.trial import Trial
from automed.registry.tasks import load_task

OWN = parse_space(
    """
    [space]
    name = "own"
    [model.architecture]
    choices = ["unet"]
    [model.encoder]
    choices = ["tf_mobilenetv3_large_075"]
    [training.learning_rate]
    low = 1e-5
    high = 1e-1
    log = true
    [training.batch_size]
    low = 4
    high = 32
    [training.class_weights]
    choices = [true, false]
    """,
    source="own.toml",
)


def spec_of(task, **changes):
    fields = {
        "name": "s", "task": task, "split_digest": "split", "budget": Budget(trials=5),
        "data": DataRef(
            name="d", path="/a folder/d", digest="d", options={"no_groups": "one's own"}
        ),
        "version": "0", "artifact": "onnx", "seed": 3,
    }  # fmt: skip
    return StudySpec(**{**fields, **changes})


@pytest.fixture
def typed(monkeypatch, tmp_path):
    """What a search is asked for, where the command is typed into a shell."""

    def parse(again):
        asked = []

        def take(request, workspace, device, workers, first):
            asked.append(request)

        monkeypatch.setattr("automed.cli.run_search.run_new", take)
        monkeypatch.chdir(tmp_path)
        if again.space:
            (tmp_path / again.file).write_text(again.space, encoding="utf-8")
        words = shlex.split(again.command.replace("\\\n", " "))
        assert words[0] == "automed"
        done = CliRunner().invoke(app, words[1:])
        assert done.exit_code == 0, done.output
        (request,) = asked
        return request

    return parse


def check(request: SearchRequest, spec: StudySpec, config: Config) -> None:
    """The request holds this config alone, and all else that decides on a training."""
    task = request.adapt(load_task(spec.task.name))
    assert task.space.complete({}) == config
    assert task.training == spec.task.training
    assert task.augment == spec.task.augment
    assert task.image_size == spec.task.image_size
    assert (task.preprocess, task.normalize, task.window) == (
        spec.task.preprocess, spec.task.normalize, spec.task.window,
    )  # fmt: skip
    assert (request.seed, request.weights, request.artifact) == (
        spec.seed, spec.weights, spec.artifact,
    )  # fmt: skip
    assert request.limits.given == {"trials": 1}
    assert str(request.data) == spec.data.path
    assert request.options == spec.data.options


@pytest.mark.parametrize("name", ["polyp", "cell", "leukemia", "breast_cell", "white_cell"])
@pytest.mark.parametrize("weights", ["none", "imagenet"])
def test_configs_of_every_task_come_back(typed, name, weights):
    spec = spec_of(load_task(name), weights=weights)
    source = random.Random(name)
    for number in range(3):
        config = spec.task.space.sample(source)
        again = train_again(spec, Trial(number=number, config=config, seed=0))
        assert not again.space
        assert not again.differs
        check(typed(again), spec, config)


def test_settings_of_the_study_come_back(typed):
    asked = SearchRequest(
        task="polyp", image_size=(64, 96), epochs=7, weights="none", artifact="weights",
        set_values=("training.patience=3", "training.precision=fp32", "augment.rotation=15",
                    "data.window=lung"),
    )  # fmt: skip
    spec = spec_of(asked.adapt(load_task("polyp")), weights="none", artifact="weights")
    config = spec.task.space.sample(random.Random(1))
    again = train_again(spec, Trial(number=0, config=config, seed=0))
    assert not again.differs
    request = typed(again)
    check(request, spec, config)
    assert request.stopper == "none"


def test_a_child_is_made_from_its_parents_training(typed):
    spec = spec_of(load_task("cell"), compress=(Compression(method="prune+ptq", ratio=0.3),))
    config = with_compression(spec.task.space.sample(random.Random(2)), spec.compress[0])
    request = typed(train_again(spec, Trial(number=4, config=config, seed=0, parent=1)))
    check(request, spec, dense(config))
    assert request.compress == spec.compress


def test_a_compression_that_the_sampler_chose(typed):
    asked = SearchRequest(task="cell", compress_auto=True)
    spec = spec_of(asked.adapt(load_task("cell")))
    source = random.Random(3)
    drawn = [spec.task.space.sample(source) for _ in range(8)]
    small = next(config for config in drawn if compression_of(config) is not None)
    whole = Config({**dict(dense(small).items()), "compression.method": "none"})
    for config in (small, whole):
        request = typed(train_again(spec, Trial(number=0, config=config, seed=0)))
        check(request, spec, config)


def test_a_space_of_the_users_own_comes_along(typed):
    asked = SearchRequest(task="cell", set_values=("training.patience=4",))
    spec = spec_of(asked.adapt(load_task("cell")).replace(space=OWN, baselines=()))
    for number in range(3):
        config = OWN.sample(random.Random(number))
        again = train_again(spec, Trial(number=number, config=config, seed=0))
        assert again.file == f"s-trial-{number}.toml"
        check(typed(again), spec, config)


def test_a_space_of_one_config_keeps_types():
    config = Config(
        {"a.b": True, "a.c": 1, "a.d": 1.0, "a.e": "1", "a.f": 1e-05, "a.g": "é 'x'\n\\\"$y"}
    )
    found = parse_space(space_of(config, "x"), source="x").complete({})
    assert found == config
    assert [type(v) for _, v in found.items()] == [type(v) for _, v in config.items()]


def test_what_no_flag_brings_back_is_named():
    task = load_task("cell").replace(channels=1)
    spec = spec_of(task)
    config = task.space.sample(random.Random(0))
    assert train_again(spec, Trial(number=0, config=config, seed=0)).differs == ("channels",)


def test_a_task_without_its_plugin_has_no_command():
    spec = spec_of(load_task("cell").replace(name="gone_for_good"))
    config = spec.task.space.sample(random.Random(0))
    with pytest.raises(AutomedError, match="gone_for_good"):
        train_again(spec, Trial(number=0, config=config, seed=0))


def test_the_export_names_study_and_trial():
    trial = Trial(number=7, config=Config({}), seed=0)
    assert export_command(spec_of(load_task("cell")), trial) == (
        "automed export s --trial 7 -o s-trial-7"
    )
