"""What every architecture must do, whichever row of the table it is."""

from __future__ import annotations

import os
import warnings

import numpy as np
import onnxruntime
import pytest
import torch

from automed.domain.config import Config
from automed.domain.cost import Cost
from automed.domain.space_file import parse_space
from automed.domain.task import SegmentationTask
from automed.models.architectures import ARCHITECTURES
from automed.models.build import BuildError, build_model
from automed.models.cost import _priced_on, _Question, predict_cost

TASK = SegmentationTask(
    name="toy", title="Toy", classes=("object",), image_size=(128, 160),
    space=parse_space(
        '[space]\nname = "toy"\n[model.encoder]\nchoices = ["test_resnet"]', source="toy.toml"
    ),
)  # fmt: skip

SMALL = {
    "dpt": {"model.encoder": "test_vit", "model.decoder_channels": 32},
    "plain_unet": {"model.base_width": 4},
}
"""What makes a row small; the others take an encoder of 0.5 M parameters."""

SIZES = {"pan": (256, 256)}
"""PAN pools an eighth of what an output stride of 32 leaves."""

CHOICES = {
    "model.encoder_depth": (3, 4, 5),
    "model.decoder_width": (0.25, 1.0),
    "model.decoder_attention": ("none", "scse"),
    "model.decoder_channels": (16, 196),
    "model.output_stride": (8, 16, 32),
    "model.atrous_rates": ("12/24/36", "8/22/36"),
    "model.decoder_dropout": (0.0, 0.5),
    "model.base_width": (3, 8),
}
"""Values to try; a row takes at least one of each of its parameters."""

ALL = os.environ.get("AUTOMED_EXPORT_ALL") == "1"
EXPORTED = tuple(ARCHITECTURES) if ALL else ("unet", "deeplabv3plus", "plain_unet")
"""An export takes 3 to 30 s: all rows only with ``AUTOMED_EXPORT_ALL=1``."""


def config_of(architecture: str, **changes: object) -> Config:
    base = {"model.architecture": architecture, **SMALL.get(architecture, {
        "model.encoder": "test_resnet"})}  # fmt: skip
    return Config({**base, **changes})


def task_of(architecture: str, **changes: object) -> SegmentationTask:
    return TASK.replace(**{"image_size": SIZES.get(architecture, TASK.image_size), **changes})


def built(config: Config, task: SegmentationTask | None = None) -> torch.nn.Module:
    torch.manual_seed(0)
    return build_model(config, task or task_of(str(config["model.architecture"])))


every_architecture = pytest.mark.parametrize("architecture", ARCHITECTURES)


@every_architecture
@pytest.mark.parametrize(("channels", "classes"), [(1, 1), (3, 1), (5, 2)])
def test_logits_have_the_size_of_the_image_and_a_channel_an_output(architecture, channels, classes):
    task = task_of(architecture, channels=channels, classes=("a", "b")[:classes])
    model = built(config_of(architecture), task).eval()
    with torch.no_grad():
        logits = model(torch.rand(2, channels, *task.image_size))
    assert logits.shape == (2, task.outputs, *task.image_size)
    assert task.outputs == (1 if classes == 1 else 3)


PARAMETERS = [
    (name, key, value)
    for name, row in ARCHITECTURES.items()
    for key in row.keys
    for value in CHOICES[key]
]


@pytest.mark.parametrize(("architecture", "key", "value"), PARAMETERS)
def test_each_value_of_each_parameter_builds_or_is_refused_in_words(architecture, key, value):
    config, task = config_of(architecture, **{key: value}), task_of(architecture)
    works = [v for v in CHOICES[key] if _works(architecture, key, v)]
    assert works, f"{architecture} takes no value of {key}"
    if value not in works:
        with pytest.raises(BuildError, match=key) as refused:
            build_model(config, task)
        assert all(str(v) in str(refused.value.expected) for v in works)
        return
    model = built(config).eval()
    assert model(torch.rand(1, 3, *task.image_size)).shape == (1, 1, *task.image_size)
    cost = predict_cost(config, task)
    assert sum(p.numel() for p in model.parameters()) == cost.parameters.value


def _works(architecture, key, value):
    try:
        predict_cost(config_of(architecture, **{key: value}), task_of(architecture))
    except BuildError:
        return False
    return True


@every_architecture
def test_each_parameter_changes_the_model(architecture):
    """A key that no value of changes anything would be a dead one."""
    for key in ARCHITECTURES[architecture].keys:
        values = [v for v in CHOICES[key] if _works(architecture, key, v)]
        models = [repr(built(config_of(architecture, **{key: value}))) for value in values]
        assert len(set(models)) == len(values) >= 2, key


@every_architecture
def test_a_parameter_of_others_is_refused(architecture):
    own = set(ARCHITECTURES[architecture].parameters)
    for key in {"model.encoder", *CHOICES} - own:
        with pytest.raises(BuildError, match=f"{key} would have no effect"):
            build_model(config_of(architecture, **{key: 1}), TASK)


@every_architecture
def test_every_layer_that_is_called_learns(architecture):
    task = task_of(architecture)
    model = built(config_of(architecture)).train()
    called: set[str] = set()
    for name, module in model.named_modules():
        module.register_forward_hook(lambda *_, name=name: called.add(name))
    logits = model(torch.rand(2, 3, *task.image_size))
    torch.nn.functional.binary_cross_entropy_with_logits(logits, torch.ones_like(logits)).backward()
    for name, module in model.named_modules():
        for own, parameter in module.named_parameters(recurse=False):
            if name in called:
                assert parameter.grad is not None, f"{name}.{own}"
                assert torch.isfinite(parameter.grad).all(), f"{name}.{own}"
            else:
                assert name.startswith("encoder."), f"{name}.{own} is never used"


@every_architecture
def test_a_step_down_the_gradient_lowers_the_loss(architecture):
    task = task_of(architecture)
    model = built(config_of(architecture)).eval()  # without dropout: the same loss twice
    images = torch.rand(1, 3, *task.image_size)

    def loss() -> torch.Tensor:
        logits = model(images)
        return torch.nn.functional.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))

    before = loss()
    before.backward()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.grad is not None:
                parameter.sub_(1e-3 * parameter.grad)
        assert loss() < before


@every_architecture
def test_cost_without_weights_equals_cost_with_weights(architecture):
    task = task_of(architecture)
    question = _Question(config_of(architecture), "segmentation", 1, 3, task.image_size, task)
    with_weights: Cost = _priced_on("cpu", question).cost
    assert predict_cost(question.config, task) == with_weights
    if architecture != "dpt":  # its drop-path table cannot be made on the meta device
        assert _priced_on("meta", question).cost == with_weights


@every_architecture
def test_a_size_that_does_not_go_is_answered_with_one_that_does(architecture):
    config = config_of(architecture)
    odd = task_of(architecture, image_size=(90, 130))
    try:
        predict_cost(config, odd)
    except BuildError as error:
        height, width = (int(n) for n in str(error.hint).split()[1].rstrip(",").split("x"))
        predict_cost(config, odd.replace(image_size=(height, width)))
    else:
        with torch.no_grad():
            assert built(config, odd).eval()(torch.rand(1, 3, 90, 130)).shape == (1, 1, 90, 130)


@pytest.mark.parametrize("architecture", EXPORTED)
def test_the_exported_model_agrees(architecture, tmp_path):
    task = task_of(architecture)
    model = built(config_of(architecture)).eval()
    images = torch.rand(2, 3, *task.image_size)
    path = tmp_path / "model.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's exporter warns of its own internals
        torch.onnx.export(model, (images,), path, dynamo=True, verbose=False)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    answer = session.run(None, {session.get_inputs()[0].name: images.numpy()})[0]
    with torch.no_grad():
        expected = model(images).numpy()
    assert np.ptp(expected) > 1e-3, "a constant would agree with anything"
    np.testing.assert_allclose(answer, expected, atol=1e-4)
