"""Fine-tuning with rounded weights and activations."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from automed.artifact.session import open_session
from automed.compression.bench import Bench
from automed.compression.fake_quantize import (
    ActivationRounding,
    WeightRounding,
    activation_roundings,
    insert_fake_quantization,
    quantize,
    strip_fake_quantization,
)
from automed.compression.qat import Qat
from automed.compression.quantize_onnx import snr_db
from automed.domain.compression import Compression
from automed.domain.decision import Decision
from automed.domain.errors import CompressionError
from automed.domain.normalization import Normalization
from automed.domain.task import SegmentationTask
from automed.models.plain_unet import PlainUnet
from automed.registry.tasks import load_task
from automed.training.part import Part
from automed.training.recipe import Recipe

NORMALIZATION = Normalization(mean=(0.5,) * 3, std=(0.5,) * 3)
TASK = SegmentationTask(name="masks", title="", classes=("thing",), image_size=(16, 16),
                        space=load_task("cell").space)  # fmt: skip
RECIPE = Recipe(loss="bce", optimizer="adamw", learning_rate=0.02, batch_size=4, epochs=8,
                precision="fp32")  # fmt: skip


def part(rows):
    images = np.random.default_rng(0).integers(0, 256, (24, 16, 16, 3), dtype=np.uint8)
    return Part(images, (images[..., 0] > 127).astype(np.uint8), np.asarray(rows))


def bench(heard=None, **changes):
    def report(measurement):
        (heard if heard is not None else []).append(measurement)
        return Decision.CONTINUE

    given = Bench(
        Compression(method="qat", epochs=4), TASK, RECIPE, part(range(16)), part(range(16, 24)),
        NORMALIZATION, 3, torch.device("cpu"), report,
    )  # fmt: skip
    return replace(given, **changes)


def network():
    torch.manual_seed(0)
    net = PlainUnet(in_channels=3, classes=1, base_width=8)
    with torch.no_grad():
        for _ in range(20):
            net.train()(torch.randn(8, 3, 16, 16))
    return net.eval()


@pytest.fixture(scope="module")
def tuned():
    """A fine-tuned model with its fake quantization, the float one it came from, and more."""
    heard, step, before = [], Qat(), network()
    given = bench(heard)
    model = step.prepare(copy.deepcopy(before), given)
    return before, step.finetune(model, given), step, heard


def originals(model):
    return {n.replace("parametrizations.weight.original", "weight"): p
            for n, p in model.named_parameters()}  # fmt: skip


def statistics(model):
    return {n: b for n, b in model.named_buffers() if "running" in n}


def test_weights_learn_and_batch_norm_keeps_its_statistics(tuned):
    before, after, _, heard = tuned
    trained = originals(after)
    assert all(not torch.equal(p, trained[n]) for n, p in before.named_parameters() if p.ndim > 1)
    kept = statistics(after)
    assert kept
    assert all(torch.equal(b, kept[n]) for n, b in statistics(before).items())
    assert [m.epoch for m in heard] == [1, 2, 3, 4]
    assert heard[-1].metrics["train_loss"] < heard[0].metrics["train_loss"]


def test_ranges_are_those_of_the_inputs_and_fixed_in_the_end(tuned):
    _, after, step, _ = tuned
    roundings = list(activation_roundings(after))
    assert len(roundings) == step.describe()["fake_quantized_layers"]
    assert all(r.low <= 0 < r.high for r in roundings)
    before = [(float(r.low), float(r.high)) for r in roundings]
    after.train()(100 * torch.randn(2, 3, 16, 16))
    assert [(float(r.low), float(r.high)) for r in roundings] == before
    after.eval()


def test_the_best_epoch_is_one_with_fixed_ranges(tuned):
    assert tuned[2].describe()["best_epoch"] >= 3


def test_stripping_leaves_the_trained_float_weights(tuned):
    _, after, _, _ = tuned
    stripped = copy.deepcopy(after)
    strip_fake_quantization(stripped)
    fresh = network()
    assert list(stripped.state_dict()) == list(fresh.state_dict())
    trained = originals(after)
    assert all(torch.equal(p, trained[n]) for n, p in stripped.named_parameters())
    assert not any(m._forward_pre_hooks for m in stripped.modules())
    norm = next(m for m in stripped.train().modules() if isinstance(m, nn.BatchNorm2d))
    stripped(torch.randn(2, 3, 16, 16))
    assert norm.training


def test_a_copy_rounds_by_itself(tuned):
    _, after, _, _ = tuned
    copied, images = copy.deepcopy(after), torch.randn(2, 3, 16, 16)
    assert torch.equal(copied(images), after(images))
    for rounding in activation_roundings(copied):
        rounding.high.mul_(0.1)
    assert not torch.equal(copied(images), after(images))


def test_the_file_does_what_the_rounded_model_does(tuned, tmp_path):
    _, after, _, _ = tuned
    step, path = Qat(), tmp_path / "int8.onnx"
    images, _ = part(range(16)).batch(np.arange(8), torch.device("cpu"))
    images = (images - 0.5) / 0.5
    with torch.no_grad():
        rounded = after(images).numpy()
    plain = step.finalize(copy.deepcopy(after), path, bench())
    with torch.no_grad():
        floating = plain(images).numpy()
    logits = open_session(path, 1).run(None, {"image": images.contiguous().numpy()})[0]
    assert snr_db(floating, logits) > 15
    assert snr_db(rounded, logits) > 15
    assert step.describe()["kept_float"] == 0


def test_weights_round_as_int8_with_a_scale_a_channel():
    for axis, shape in ((0, (6, 4, 3, 3)), (1, (4, 6, 3, 3)), (0, (6, 4))):
        weight = torch.randn(shape) * torch.logspace(-3, 2, 6).reshape(
            [-1 if d == axis else 1 for d in range(len(shape))]
        )
        rounding = WeightRounding(axis)
        assert torch.equal(rounding(weight), weight)
        rounding.quantizing = True
        wide = weight.abs().amax(dim=[d for d in range(len(shape)) if d != axis], keepdim=True)
        steps = rounding(weight) / (wide / 127)
        torch.testing.assert_close(steps, (weight / (wide / 127)).round(), atol=1e-3, rtol=0)


def test_rounding_commutes_with_folding_a_batch_norm():
    weight, factor = torch.randn(6, 4, 3, 3), torch.rand(6, 1, 1, 1) * 9 - 4.5
    rounding = WeightRounding(0)
    rounding.quantizing = True
    torch.testing.assert_close(rounding(weight * factor), rounding(weight) * factor)


def test_activations_round_to_u8_and_zero_stays_zero():
    rounding = ActivationRounding()
    rounding.train()(torch.tensor([0.5, 3.0]))
    rounding.train()(torch.tensor([-1.0, 2.0]))
    assert (float(rounding.low), float(rounding.high)) == (-1.0, 3.0)
    rounding.quantizing = True
    values = torch.linspace(-1, 3, 2001)
    rounded = rounding.eval()(values)
    assert len(rounded.unique()) == 256
    assert (rounded - values).abs().max() <= 4 / 255
    assert float(rounding(torch.zeros(1))) == 0
    assert float(rounding(torch.tensor([9.0]))) == pytest.approx(3.0, abs=0.02)


def test_gradients_pass_through_the_rounding():
    layer = nn.Sequential(nn.Conv2d(3, 4, 3))
    insert_fake_quantization(layer)
    layer.train()(torch.randn(2, 3, 8, 8))
    quantize(layer, True)
    functional.mse_loss(layer(torch.randn(2, 3, 8, 8)), torch.ones(2, 4, 6, 6)).backward()
    weight = layer[0].parametrizations.weight.original
    assert weight.grad is not None
    assert weight.grad.abs().min() > 0


def test_a_model_without_layers_to_round_is_refused():
    with pytest.raises(CompressionError, match="nothing to quantize"):
        Qat().prepare(nn.ReLU(), bench())
