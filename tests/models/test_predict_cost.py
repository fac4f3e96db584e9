"""Costs without weights."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from automed.domain.config import Config
from automed.models import cost as cost_module
from automed.models.architectures import ARCHITECTURES
from automed.models.build import BuildError, build_model
from automed.models.cost import predict_cost
from automed.models.weights_file import save_weights
from automed.registry.tasks import load_task

POLYP = load_task("polyp").replace(image_size=(64, 96))
LEUKEMIA = load_task("leukemia").replace(classes=("a", "b", "c"), image_size=(96, 96))
UNET = Config({"model.architecture": "unet", "model.encoder": "test_efficientnet"})

MODELS = [
    (POLYP, UNET),
    (POLYP, Config({"model.architecture": "unet", "model.encoder": "tf_efficientnet_lite3",
                    "model.decoder_width": 0.25})),
    (POLYP.replace(channels=1), Config({"model.architecture": "deeplabv3plus",
                                        "model.encoder": "tf_mobilenetv3_small_075"})),
    (LEUKEMIA, Config({"model.encoder": "tf_mobilenetv3_small_075"})),
    (LEUKEMIA.replace(channels=1), Config({"model.encoder": "test_convnext"})),
    (LEUKEMIA, Config({"model.encoder": "inception_v3"})),
]  # fmt: skip


@pytest.mark.parametrize(
    ("task", "config"), MODELS, ids=lambda value: value.get("model.encoder", "")
    if isinstance(value, Config) else value.kind
)  # fmt: skip
def test_the_predicted_size_is_that_of_the_written_file(task, config, tmp_path):
    model = build_model(config, task).to(memory_format=torch.channels_last)
    save_weights(model, tmp_path / "weights.safetensors")
    written = (tmp_path / "weights.safetensors").stat().st_size
    assert predict_cost(config, task).size_bytes.value == written


def test_macs_are_those_of_a_real_forward_pass():
    model = build_model(UNET, POLYP).eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(torch.rand(1, 3, 64, 96))
    assert predict_cost(UNET, POLYP).macs.value == counter.get_total_flops() / 2


def test_neither_random_state_nor_gradients_are_touched():
    cost_module._answer.cache_clear()
    before = torch.random.get_rng_state()
    predict_cost(UNET, POLYP)
    assert torch.equal(before, torch.random.get_rng_state())


def test_only_what_costs_something_is_computed_anew():
    cost_module._answer.cache_clear()
    config = {"model.encoder": "test_resnet", "model.dropout": 0.1, "training.loss": "ce"}
    first = predict_cost(Config(config), LEUKEMIA)
    others = [{"model.dropout": 0.5}, {"training.loss": "focal"}, {"data.preprocess": "otsu"}]
    for other in others:
        assert predict_cost(Config({**config, **other}), LEUKEMIA) is first
    renamed = LEUKEMIA.replace(name="other", classes=("x", "y", "z"))
    assert predict_cost(Config(config), renamed) is first
    for different in (
        LEUKEMIA.replace(classes=("a", "b")), LEUKEMIA.replace(channels=1),
        LEUKEMIA.replace(image_size=(128, 128)),
    ):  # fmt: skip
        assert predict_cost(Config(config), different) != first


def _on_cpu_only(*args, **kwargs):
    torch.linspace(0, 1, 3)[1].item()  # as the drop-path table of some transformers
    return ARCHITECTURES_UNET(*args, **kwargs)


ARCHITECTURES_UNET = ARCHITECTURES["unet"].build


def test_what_fails_on_the_meta_device_is_built_on_the_cpu(monkeypatch):
    with torch.device("meta"), pytest.raises(RuntimeError, match="meta"):
        _on_cpu_only("tu-test_efficientnet", encoder_weights=None)
    expected = predict_cost(UNET, POLYP)
    cost_module._answer.cache_clear()
    monkeypatch.setitem(ARCHITECTURES, "unet", replace(ARCHITECTURES["unet"], build=_on_cpu_only))
    before = torch.random.get_rng_state()
    assert predict_cost(UNET, POLYP) == expected
    assert torch.equal(before, torch.random.get_rng_state())


DEEPLAB = Config(
    {
        "model.architecture": "deeplabv3plus",
        "model.encoder": "test_resnet",
        "model.output_stride": 8,
    }
)


def test_deeplab_names_the_nearest_sizes_that_work():
    predict_cost(DEEPLAB, POLYP.replace(image_size=(72, 40)))
    with pytest.raises(BuildError, match=r"(?s)100x130.*multiples of 8.*96x128 and 104x136"):
        predict_cost(DEEPLAB, POLYP.replace(image_size=(100, 130)))


def test_both_neighbours_of_a_size_are_named():
    config = Config({**DEEPLAB.root, "model.output_stride": 16})
    with pytest.raises(BuildError, match=r"(?s)17x20.*the nearest are 16x16 and 32x32"):
        predict_cost(config, POLYP.replace(image_size=(17, 20)))


@pytest.mark.parametrize("size", [(100, 130), (17, 33)])
def test_a_u_net_pads_odd_sizes_by_itself(size):
    task = POLYP.replace(image_size=size)
    assert build_model(UNET, task).eval()(torch.rand(1, 3, *size)).shape == (1, 1, *size)
    assert predict_cost(UNET, task).input_shape == (3, *size)


def _shrinking(*args, **kwargs):
    return torch.nn.Sequential(ARCHITECTURES_UNET(*args, **kwargs), torch.nn.MaxPool2d(2))


def test_masks_of_another_size_are_no_segmentation(monkeypatch):
    cost_module._answer.cache_clear()
    monkeypatch.setitem(ARCHITECTURES, "unet", replace(ARCHITECTURES["unet"], build=_shrinking))
    with pytest.raises(BuildError, match="masks have another size: 32x48"):
        predict_cost(UNET, POLYP)
    cost_module._answer.cache_clear()


def test_inception_is_refused_at_64_pixels_and_a_size_that_works_is_named():
    config = Config({"model.encoder": "inception_v3"})
    for _ in range(2):  # the second answer is remembered
        with pytest.raises(BuildError, match=r"(?s)'inception_v3'.*64x64.*works is 96x96"):
            predict_cost(config, LEUKEMIA.replace(image_size=(64, 64)))


def test_unknown_encoders_are_refused_by_the_screen_too():
    with pytest.raises(BuildError, match="there is no encoder 'nonsense'"):
        predict_cost(Config({"model.encoder": "nonsense"}), LEUKEMIA)
