"""Which encoders a user is shown, and at what cost."""

from __future__ import annotations

import pytest

from automed.api import encoders as module
from automed.api.encoders import EncoderQuestion, list_encoders
from automed.domain.config import Config
from automed.domain.errors import AutomedError, PluginError
from automed.domain.space_file import parse_space
from automed.models.build import BuildError
from automed.models.catalogue import CuratedEncoder
from automed.models.cost import predict_cost
from automed.models.encoder_cost import encoder_cost
from automed.registry.tasks import load_task

FEW = (
    CuratedEncoder("test_convnext", "ConvNeXt", "modern small"),
    CuratedEncoder("test_efficientnet", "EfficientNet", "baseline"),
    CuratedEncoder("test_vit", "ViT", "modern small"),
    CuratedEncoder("mobilenetv3_large_075", "MobileNetV3", "baseline"),
    CuratedEncoder("inception_v3", "Inception", "paper 5"),
)


SPACE = parse_space(
    '[space]\nname = "few"\n[model.encoder]\nchoices = ["test_resnet", "test_efficientnet"]',
    source="few.toml",
)


def with_small_space(name):
    return load_task(name).replace(space=SPACE, baselines=())


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(module, "CATALOGUE", FEW)
    monkeypatch.setattr(module, "load_task", with_small_space)


def names(found):
    return [row.encoder.name for row in found.rows]


def test_without_a_task_encoders_are_costed_at_224_pixels_cheapest_first():
    found = list_encoders(EncoderQuestion())
    assert found.input_shape == (3, 224, 224)
    assert set(names(found)) == {encoder.name for encoder in FEW}
    macs = [row.cost.macs.value for row in found.rows]
    assert macs == sorted(macs)
    assert found.rows[0].cost == encoder_cost(names(found)[0], 3, (224, 224))
    assert not any(row.in_space for row in found.rows)


def test_a_segmentation_task_costs_the_encoder_alone_at_its_own_size():
    found = list_encoders(EncoderQuestion(task="polyp", max_gmacs=2.0))
    task = load_task("polyp")
    assert found.input_shape == (3, *task.image_size)
    shown = {row.encoder.name: row for row in found.rows}
    assert "inception_v3" not in shown
    assert shown["test_efficientnet"].cost == encoder_cost("test_efficientnet", 3, task.image_size)
    assert shown["test_resnet"].encoder.source == "the task"  # it is not in the list
    assert {name for name, row in shown.items() if row.in_space} == {
        "test_resnet", "test_efficientnet"
    }  # fmt: skip


def test_a_classification_costs_the_classifier_and_names_who_cannot_take_the_size():
    found = list_encoders(EncoderQuestion(task="leukemia", image_size=(64, 64)))
    task = load_task("leukemia").replace(classes=("a", "b"), image_size=(64, 64))
    row = next(row for row in found.rows if row.encoder.name == "test_convnext")
    assert row.cost == predict_cost(Config({"model.encoder": "test_convnext"}), task)
    assert "inception_v3" in dict(found.refused)
    assert "two classes" in found.counted


def test_an_architecture_costs_the_whole_model_and_leaves_out_who_does_not_go():
    question = EncoderQuestion(task="polyp", image_size=(64, 64), architecture="deeplabv3plus")
    found = list_encoders(question)
    config = Config({"model.architecture": "deeplabv3plus", "model.encoder": "test_efficientnet"})
    expected = predict_cost(config, load_task("polyp").replace(image_size=(64, 64)))
    row = next(row for row in found.rows if row.encoder.name == "test_efficientnet")
    assert row.cost == expected
    assert {"test_vit", "inception_v3"} <= set(dict(found.refused))
    assert "dilation" in found.takes


def test_only_those_with_published_weights():
    everything = names(list_encoders(EncoderQuestion(image_size=(96, 96))))
    pretrained = names(list_encoders(EncoderQuestion(image_size=(96, 96), pretrained=True)))
    assert set(everything) - set(pretrained) == {"mobilenetv3_large_075"}


@pytest.mark.parametrize(
    ("question", "error", "complaint"),
    [
        ({"task": "polip"}, PluginError, "polip"),
        ({"task": "polyp", "architecture": "unnet"}, BuildError, r"did you mean 'unet'"),
        ({"task": "polyp", "architecture": "plain_unet"}, BuildError, r"(?s)no encoder.*one of"),
        ({"task": "leukemia", "architecture": "unet"}, BuildError, r"(?s)segmentation.*'leukemia'"),
        ({"architecture": "unet"}, BuildError, r"(?s)segmentation task.*automed encoders polyp"),
        ({"max_gmacs": 0.0}, AutomedError, "--max-macs must be positive"),
        ({"image_size": (8, 8)}, AutomedError, "--image-size is too small"),
    ],
)
def test_questions_without_an_answer_are_refused(question, error, complaint):
    with pytest.raises(error, match=complaint):
        list_encoders(EncoderQuestion(**question))
