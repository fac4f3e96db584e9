"""What plugins declare is found by name, in every table, and only there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from automed.data.augment.own import read_own
from automed.data.file_names import is_image
from automed.data.preprocess import read_chain
from automed.data.readers import read_image, read_mask
from automed.domain.component import Loss, Metric, Reader
from automed.domain.errors import DataError, PluginError, TrainingError
from automed.models.architectures import ARCHITECTURES
from automed.registry import components as registry
from automed.registry.components import declare, declared
from automed.registry.tasks import expect_plugin, load_task
from automed.testing.conformance import run_check
from automed.training.losses import LOSSES, check_loss

PLUGIN = """
import numpy as np
import torch
from automed import (
    Augment, Augmentation, Loss, Metric, Model, Preprocessing, Reader, SearchSpace,
    SegmentationTask, SplitPolicy, load_space,
)

def build(in_channels, classes, width):
    return torch.nn.Conv2d(in_channels, classes, width, padding="same")

components = (
    Reader("rows", suffixes=(".rows",), read=lambda path: np.loadtxt(path, dtype=np.uint8)),
    Preprocessing("negative", apply=lambda image: 255 - image, version=3),
    Augmentation("darker", apply=lambda images, masks, generator: (
        images * torch.rand(len(images), 1, 1, 1, generator=generator), masks)),
    Metric("share", compute=lambda predicted, truth: float((predicted == truth).mean())),
    Loss("squared", make=lambda: lambda logits, targets: ((logits - targets) ** 2).mean()),
    Model("one_layer", build=build, parameters={"kernel": int}),
)
task = SegmentationTask(
    name="mine", title="Test", classes=("thing",), image_size=(64, 64),
    preprocess="negative", augment=Augment(own="darker"), metrics=("share",),
    space=load_space(FOLDER + "/mine.toml"),
)
"""
SPACE = """
[space]
name = "mine"
[model.architecture]
choices = ["one_layer"]
[model.kernel]
choices = [3, 5]
[training.loss]
choices = ["squared", "bce+squared"]
[training.optimizer]
choices = ["sgd"]
[training.learning_rate]
low = 1e-4
high = 1e-2
[training.weight_decay]
choices = [0.0]
[training.batch_size]
choices = [4]
"""


@pytest.fixture(autouse=True)
def empty(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing that other tests declared, and nothing left for them."""
    monkeypatch.setattr(registry, "_DECLARED", {})
    monkeypatch.setattr(registry, "_WAITING", [])
    return


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AUTOMED_PLUGINS", str(tmp_path))
    source = PLUGIN.replace("FOLDER", repr(str(tmp_path))).replace("width", "kernel")
    (tmp_path / "mine.py").write_text(source)
    (tmp_path / "mine.toml").write_text(SPACE)
    return tmp_path


def test_a_plugin_with_one_of_each_conforms(plugin: Path) -> None:
    task = load_task("mine")
    for check in ("survives_json", "losses_and_optimizers_are_known", "own_components_work",
                  "preprocessing_is_known"):  # fmt: skip
        assert run_check(check, task) is None


def test_every_table_has_what_was_declared(plugin: Path) -> None:
    load_task("mine")
    assert "squared" in LOSSES
    assert next(iter(LOSSES)) == "bce"
    assert ARCHITECTURES["one_layer"].keys["model.kernel"]("3") == {"kernel": 3}
    chain = read_chain("clahe+negative", 3)
    assert chain.versions == [3]
    assert read_chain("clahe", 3).versions == []
    image = np.full((8, 8, 3), 5, np.uint8)
    assert (read_chain("negative", 3).at_final_size(image) == 250).all()
    assert [one.name for one in read_own("darker")] == ["darker"]


def test_a_reader_reads_images_and_masks(plugin: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.rows"
    np.savetxt(file, [[0, 9], [0, 255]], fmt="%d")
    assert not is_image("a.rows")
    load_task("mine")
    assert is_image("a.rows")
    assert read_image(file, 3).tolist() == [[[0] * 3, [9] * 3], [[0] * 3, [255] * 3]]
    assert read_mask(file, "half").tolist() == [[False, False], [False, True]]
    file.write_text("no numbers")
    with pytest.raises(DataError, match="cannot be read"):
        read_image(file, 3)


def test_what_nobody_declares_is_unknown() -> None:
    with pytest.raises(TrainingError, match="no loss 'squared'"):
        check_loss("squared")
    with pytest.raises(DataError, match="no preprocessing 'negative'"):
        read_chain("negative", 3)
    with pytest.raises(PluginError, match="no augmentation 'darker'"):
        read_own("darker")


def test_the_plugin_of_a_study_is_loaded_when_a_name_is_looked_for(plugin: Path) -> None:
    expect_plugin("mine")
    expect_plugin("one that is gone")
    assert registry._DECLARED == {}
    check_loss("bce")
    assert registry._DECLARED == {}
    check_loss("squared", "binary masks")


def test_a_component_that_breaks_its_protocol_is_named(plugin: Path) -> None:
    source = (plugin / "mine.py").read_text()
    (plugin / "mine.py").write_text(source.replace("255 - image", "image[:4]"))
    problem = run_check("own_components_work", load_task("mine"))
    assert problem is not None
    assert "'negative' of a plugin changes shape" in problem
    (plugin / "mine.py").write_text(source.replace(".rows", ".png"))
    problem = run_check("own_components_work", load_task("mine"))
    assert problem is not None
    assert "automed reads .png itself" in problem
    (plugin / "mine.py").write_text(source.replace("(predicted == truth).mean()", "1 / 0"))
    problem = run_check("own_components_work", load_task("mine"))
    assert problem is not None
    assert "ZeroDivisionError" in problem


def test_names_are_claimed_once() -> None:
    one = Metric("mine", compute=lambda a, b: 0.0)
    declare((one,), "first")
    declare((one,), "second")  # imported from one place in both
    with pytest.raises(PluginError, match="two plugins declare a metric 'mine'"):
        declare((Metric("mine", compute=lambda a, b: 1.0),), "third")
    declare((Loss("mine", make=lambda: lambda a, b: a),), "third")  # of another kind
    assert declared(Metric) == {"mine": one}


def test_what_is_no_component_is_refused() -> None:
    with pytest.raises(PluginError, match="`components` of here cannot be used"):
        declare(("mine",), "here")
    with pytest.raises(ValueError, match="lower-case"):
        Metric("My Metric", compute=lambda a, b: 0.0)
    with pytest.raises(ValueError, match="endings"):
        Reader("mine", suffixes=("lif",), read=lambda path: np.zeros((2, 2)))
