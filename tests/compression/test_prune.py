"""Pruned models: that they are right, as small as predicted, and can be trained and exported."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

from automed.artifact.session import OnnxForward
from automed.compression.bench import Bench
from automed.compression.prune import Prune
from automed.domain.compression import Compression
from automed.domain.config import Config
from automed.domain.decision import Decision
from automed.domain.errors import CompressionError
from automed.domain.normalization import Normalization
from automed.models.build import build_model
from automed.models.cost import count_macs
from automed.registry.tasks import load_task
from automed.training.part import Part
from automed.training.recipe import Recipe

TINY = "test_efficientnet"


def bench(task, heard=None, **compression):
    height, width = task.image_size
    source = np.random.default_rng(0)
    images = source.integers(0, 256, (8, height, width, 3), dtype=np.uint8)
    segmentation = task.kind == "segmentation"
    targets = (images[..., 0] > 128).astype(np.uint8) if segmentation else np.arange(8) % 4
    part = Part(images, targets, np.arange(8), classes=len(task.classes))
    recipe = Recipe(loss="bce+dice" if segmentation else "ce", optimizer="adamw",
                    learning_rate=0.01, batch_size=4, epochs=4, precision="fp32")  # fmt: skip

    def report(measurement):
        (heard if heard is not None else []).append(measurement)
        return Decision.CONTINUE

    return Bench(
        compression=Compression(method="prune", **compression), task=task, recipe=recipe,
        train=part, val=part, normalization=Normalization(mean=(0.5,) * 3, std=(0.25,) * 3),
        seed=3, device=torch.device("cpu"), report=report,
    )  # fmt: skip


def segmentation(side=64):
    return load_task("polyp").replace(image_size=(side, side))


def classification():
    return load_task("leukemia").replace(classes=("a", "b", "c", "d"), image_size=(64, 64))


def trained(task, **model):
    """A model with the scales and statistics of a trained one: no branch is silent."""
    torch.manual_seed(0)
    config = Config({f"model.{key}": value for key, value in model.items()})
    net = build_model(config, task).eval()
    for module in net.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 1.5)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.3)
    return net


def last_layer(model):
    return [m for m in model.modules() if isinstance(m, (nn.Conv2d, nn.Linear))][-1]


MODELS = {
    "unet with scse": {"architecture": "unet", "encoder": TINY, "decoder_attention": "scse"},
    "deeplabv3plus": {"architecture": "deeplabv3plus", "encoder": "tf_mobilenetv3_small_075"},
    "fpn with group norm": {"architecture": "fpn", "encoder": TINY},
    "manet": {"architecture": "manet", "encoder": TINY, "decoder_width": 0.25},
    "pspnet, whose deep stages are not used": {
        "architecture": "pspnet", "encoder": "tf_mobilenetv3_small_075",
    },
    "linknet with grouped convolutions": {"architecture": "linknet", "encoder": "regnety_002"},
    "upernet": {"architecture": "upernet", "encoder": TINY, "decoder_channels": 32},
    "segformer's decoder": {"architecture": "segformer", "encoder": TINY, "decoder_channels": 32},
    "unet with ghost modules": {"architecture": "unet", "encoder": "ghostnet_050"},
    "plain unet": {"architecture": "plain_unet", "base_width": 16},
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_a_pruned_model_is_the_masked_original_and_keeps_its_output(name):
    task = segmentation()
    model = trained(task, **MODELS[name])
    macs = count_macs(model, (3, 64, 64), "cpu")
    outputs = last_layer(model).out_channels
    step = Prune()
    pruned = step.prepare(model, bench(task, importance="random"))
    details = step.describe()
    assert details["masked_difference"] < 1e-9
    assert 0.4 <= details["kept_channels"] <= 0.55
    assert count_macs(pruned, (3, 64, 64), "cpu") < 0.45 * macs
    assert last_layer(pruned).out_channels == outputs == 1
    assert not pruned.training
    with torch.no_grad():
        for batch in (1, 3):
            assert pruned(torch.zeros(batch, 3, 64, 64)).shape == (batch, 1, 64, 64)


def test_importance_decides_what_goes_but_not_how_much():
    task = segmentation()
    whole = trained(task, architecture="deeplabv3plus", encoder="tf_mobilenetv3_small_075")
    sizes, firsts = set(), set()
    for importance in ("l1", "l2", "bn_scale", "taylor", "random"):
        pruned = Prune().prepare(copy.deepcopy(whole), bench(task, importance=importance))
        sizes.add(tuple(tuple(p.shape) for p in pruned.parameters()))
        firsts.add(round(float(sum(p.detach().double().sum() for p in pruned.parameters())), 4))
        assert all(p.grad is None for p in pruned.parameters())
    assert len(sizes) == 1
    assert len(firsts) >= 4


@pytest.mark.parametrize("importance", ["taylor", "random"])
def test_pruning_repeats_itself_and_leaves_the_random_state(importance):
    task = classification()
    whole = trained(task, encoder=TINY)
    twice = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        before = torch.random.get_rng_state()
        pruned = Prune().prepare(copy.deepcopy(whole), bench(task, importance=importance))
        assert torch.equal(torch.random.get_rng_state(), before)
        twice.append(pruned.state_dict())
    assert all(torch.equal(a, b) for a, b in zip(*(s.values() for s in twice), strict=True))


def test_the_weights_that_stay_are_those_of_the_most_worth():
    task = segmentation()
    whole = trained(task, architecture="plain_unet", base_width=16)
    first = whole.down[4][0]  # its outputs lead to one norm and one convolution alone
    with torch.no_grad():
        first.weight[::2] *= 100
    pruned = Prune().prepare(copy.deepcopy(whole), bench(task, importance="l2"))
    kept = pruned.down[4][0].weight.detach()
    assert kept.shape[0] == first.out_channels // 2
    assert float(kept.abs().mean()) > 10 * float(first.weight.detach()[1::2].abs().mean())


def test_a_classifier_is_pruned_trained_and_exported(tmp_path):
    task, heard = classification(), []
    setting = bench(task, heard, ratio=0.3, scope="global", epochs=2)
    step = Prune()
    whole = trained(task, encoder=TINY)
    parameters = sum(p.numel() for p in whole.parameters())
    model = step.prepare(whole, setting)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model = step.finetune(model, setting)
    assert len(heard) == 2
    assert any(not torch.equal(before[n], v) for n, v in model.state_dict().items())
    plain = step.finalize(model, tmp_path / "model.onnx", setting)
    left = sum(p.numel() for p in plain.parameters())
    assert left < 0.75 * parameters
    assert step.describe()["kept_parameters"] == left / parameters
    images = torch.rand(3, 3, 64, 64)
    with torch.no_grad():
        expected = plain((images - 0.5) / 0.25)
    found = OnnxForward(tmp_path / "model.onnx", setting.normalization, threads=1)(images)
    assert torch.allclose(found, expected, atol=1e-4)


def test_sparsity_learning_makes_scales_smaller_than_training_without(monkeypatch):
    task = segmentation(32)
    scales = {}
    for strength in (0.0, 0.5):
        monkeypatch.setattr("automed.compression.prune_sparsity.STRENGTH", strength)
        step = Prune()
        setting = bench(task, sparsity_learning=True, epochs=3, importance="l2")
        model = trained(task, architecture="unet", encoder=TINY, decoder_width=0.25)
        before = torch.random.get_rng_state()
        pruned = step.prepare(model, setting)
        assert torch.equal(torch.random.get_rng_state(), before)
        norms = [m for m in pruned.modules() if isinstance(m, nn.BatchNorm2d)]
        scales[strength] = float(torch.cat([m.weight.detach().abs() for m in norms]).mean())
        assert not any(m.weight._backward_hooks for m in norms)
        assert 0 <= step.describe()["weak_channels"] <= 1
    assert scales[0.5] < scales[0.0] - 0.02  # six steps of 0.01


@pytest.mark.parametrize("encoder", ["efficientvit_b0", "vit_tiny_patch16_224"])
def test_attention_encoders_are_refused_by_name(encoder):
    task = classification().replace(image_size=(224, 224) if "vit_tiny" in encoder else (64, 64))
    with pytest.raises(CompressionError, match="attention"):
        Prune().prepare(trained(task, encoder=encoder), bench(task))
