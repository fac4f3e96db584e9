"""Weights of small magnitude become zero while the model goes on learning."""

from __future__ import annotations

import copy

import numpy as np
import onnx
import pytest
import torch
from timm.layers import StdConv2d
from torch import nn

from automed.artifact.session import OnnxForward
from automed.compression import sparse
from automed.compression.bench import Bench
from automed.compression.sparse import SMALL, Sparse, prunable_weights, smallest_masked
from automed.compression.sparsity_schedule import SparsitySchedule
from automed.domain.compression import Compression
from automed.domain.decision import Decision
from automed.domain.errors import CompressionError
from automed.domain.normalization import Normalization
from automed.domain.task import SegmentationTask
from automed.models.plain_unet import PlainUnet
from automed.registry.tasks import load_task
from automed.training.evaluate import evaluate
from automed.training.fit import fit
from automed.training.forward import Forward
from automed.training.losses import build_loss
from automed.training.part import Part
from automed.training.recipe import Recipe

CPU = torch.device("cpu")
UNIT = Normalization(mean=(0.0,) * 3, std=(1.0,) * 3)
TASK = SegmentationTask(name="masks", title="", classes=("thing",), image_size=(16, 16),
                        space=load_task("cell").space, normalize="unit")  # fmt: skip
RECIPE = Recipe(loss="bce+dice", optimizer="adamw", learning_rate=0.02, batch_size=4, epochs=10,
                precision="fp32")  # fmt: skip


def squares(samples=24):
    source = np.random.default_rng(0)
    images = source.integers(0, 80, (samples, 16, 16, 3), dtype=np.uint8)
    masks = np.zeros((samples, 16, 16), np.uint8)
    for mask in masks:
        top, left = source.integers(0, 9, 2)
        mask[top : top + 7, left : left + 7] = 1
    images[masks == 1] += 150
    return images, masks


def bench(heard=None, **changes):
    images, masks = squares()
    rows = np.arange(len(images))

    def report(measurement):
        (heard if heard is not None else []).append(measurement)
        return Decision.CONTINUE

    given = {"method": "sparse", "sparsity": 0.9, "epochs": 8, **changes}
    return Bench(
        compression=Compression(**given), task=TASK, recipe=RECIPE,
        train=Part(images, masks, rows[:16]), val=Part(images, masks, rows[16:]),
        normalization=UNIT, seed=3, device=CPU, report=report,
    )  # fmt: skip


@pytest.fixture(scope="session")
def trained():
    """A small plain U-Net that has learned to find bright squares."""
    torch.manual_seed(0)
    model = PlainUnet(base_width=8)
    there = bench()
    fit(model, TASK, RECIPE, there.train, there.val, normalization=UNIT, seed=0, device=CPU,
        report=there.report)  # fmt: skip
    return model


def dice(model, there):
    answers = model if isinstance(model, OnnxForward) else Forward(model, UNIT, CPU, "fp32")
    return evaluate(answers, build_loss("bce"), TASK, there.val, 1).metrics["dice"]


def shares(model):
    return [float((weight == 0).float().mean()) for weight in prunable_weights(model)]


def tuned(model, there):
    step = Sparse()
    return step, step.finetune(step.prepare(copy.deepcopy(model), there), there)


def test_every_layer_ends_at_the_asked_sparsity_and_the_model_still_works(trained):
    there = bench()
    before = dice(trained, there)
    _, model = tuned(trained, there)
    for weight, share in zip(prunable_weights(model), shares(model), strict=True):
        kept = max(round(weight.numel() * 0.1), 1)
        assert share == pytest.approx(1 - kept / weight.numel(), abs=1e-6)
    assert dice(model, there) > before - 0.1 > 0.7
    assert not model.training


def test_only_epochs_at_the_final_sparsity_can_be_the_best_one(trained):
    heard = []
    step, model = tuned(trained, bench(heard))
    # 32 steps: an update after every second one of the first 22, in six epochs of four steps.
    assert step.describe() == {
        "target_sparsity": 0.9, "update_interval": 2.0, "mask_updates": 11.0,
        "final_sparsity_from_epoch": 6.0,
    }  # fmt: skip
    assert len(heard) == 8
    late = [m.metrics["dice"] for m in heard[5:]]
    assert dice(model, bench()) == pytest.approx(max(late), abs=1e-9)


def test_an_epoch_is_kept_even_where_there_is_only_one(trained):
    step, model = tuned(trained, bench(epochs=1, sparsity=0.6))
    assert step.describe()["final_sparsity_from_epoch"] == 1.0
    assert shares(model) == pytest.approx([0.6] * len(shares(model)), abs=1e-3)


def test_it_is_the_same_again_with_the_same_seed(trained):
    first, second = (tuned(trained, bench(epochs=1))[1].state_dict() for _ in range(2))
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_biases_and_norms_keep_their_values(trained):
    _, model = tuned(trained, bench(epochs=1))
    others = {id(w) for w in prunable_weights(model)}
    assert all(float((p == 0).float().mean()) < 0.5
               for p in model.parameters() if id(p) not in others)  # fmt: skip


def test_the_file_holds_the_zeros_and_answers_as_the_model(trained, tmp_path):
    there = bench()
    step, model = tuned(trained, there)
    keys = set(trained.state_dict())
    plain = step.finalize(model, tmp_path / "model.onnx", there)
    assert set(plain.state_dict()) == keys
    assert not any(m._forward_pre_hooks or m._forward_hooks for m in plain.modules())
    arrays = [onnx.numpy_helper.to_array(w)
              for w in onnx.load(str(tmp_path / "model.onnx")).graph.initializer]  # fmt: skip
    weights = [array for array in arrays if array.ndim == 4 and array.size >= SMALL]
    zeros = sum(int((array == 0).sum()) for array in weights)
    details = step.describe()
    reached = details["reached_sparsity"]
    parameters = sum(p.numel() for p in plain.parameters())
    assert details["zero_share_of_parameters"] == zeros / parameters
    assert zeros / sum(array.size for array in weights) == reached
    assert reached == pytest.approx(0.9, abs=0.005)
    images = torch.rand(3, 3, 16, 16)
    with torch.inference_mode():
        expected = plain(images)
    found = OnnxForward(tmp_path / "model.onnx", UNIT, threads=1)(images)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_small_layers_and_as_in_tensorflow_depthwise_ones_are_left_alone():
    model = nn.Sequential(
        nn.Conv2d(128, 128, 3, groups=128), nn.Conv2d(40, 40, 1), nn.Conv2d(40, 40, 3, groups=2),
        nn.Conv2d(1, 128, 3), nn.BatchNorm2d(2000), nn.ConvTranspose2d(40, 40, 2),
        nn.Linear(40, 25), nn.Linear(9, 111),
    )  # fmt: skip
    found = prunable_weights(model)
    assert [w is model[i].weight for w, i in zip(found, (1, 2, 3, 5, 6), strict=True)] == [True] * 5


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_the_smallest_weights_are_masked_in_any_memory_layout(layout):
    weight = torch.randn(6, 4, 3, 3).to(memory_format=layout)
    mask = smallest_masked(weight, 0.75)
    assert int(mask.sum()) == 54
    assert weight[mask == 1].abs().min() > weight[mask == 0].abs().max()


def test_a_layer_always_keeps_a_weight():
    assert int(smallest_masked(torch.randn(1, 3, 1, 1), 0.99).sum()) == 1


def test_a_masked_weight_comes_back_where_its_gradient_asks_for_it(monkeypatch):
    monkeypatch.setattr(sparse, "SMALL", 4)
    model = nn.Linear(4, 1, bias=False)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[4.0, 3.0, 0.2, 0.1]]))
    pruner = sparse._Pruner(model, SparsitySchedule(0.5001, interval=2, updates=1))
    assert model.weight.tolist() == [[4.0, 3.0, 0.0, 0.0]]

    def step(*change):
        with torch.no_grad():
            model.weight.add_(torch.tensor([change]))
        pruner.after_step()

    step(0.0, 0.0, 9.0, 0.0)  # between two updates the mask holds
    assert model.weight.tolist() == [[4.0, 3.0, 0.0, 0.0]]
    step(0.0, 0.0, 9.0, 0.0)  # at an update the weights decide anew
    assert model.weight.tolist() == [[4.0, 0.0, 9.0, 0.0]]


def test_standardized_weights_are_refused_before_any_training():
    model = nn.Sequential(nn.Conv2d(3, 40, 3), StdConv2d(40, 40, 3))
    with pytest.raises(CompressionError, match="standardizes its weights") as caught:
        Sparse().prepare(model, bench())
    assert caught.value.found == "StdConv2d at 1"


def test_a_model_without_weights_is_refused():
    with pytest.raises(CompressionError, match="no weights to prune"):
        Sparse().prepare(nn.Sequential(nn.BatchNorm2d(3)), bench())
