"""Bytes of files that are not written yet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn

from automed.artifact.export import export_onnx
from automed.compression.predicted_size import int8_bytes, onnx_bytes
from automed.compression.quantize_onnx import quantize_onnx
from automed.models.plain_unet import PlainUnet
from automed.models.reached_modules import reached


@dataclass
class Noise:
    """Calibration images of noise."""

    side: int
    method: str = "minmax"

    @property
    def picked(self):
        return np.arange(2)

    def batches(self, size=None):
        yield np.random.default_rng(0).standard_normal((2, 3, self.side, self.side), np.float32)


def wide_convolutions():
    return nn.Sequential(
        nn.Conv2d(3, 64, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(),
        nn.Conv2d(64, 256, 3), nn.ReLU(), nn.Conv2d(256, 256, 3, bias=False),
        nn.BatchNorm2d(256), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, 4),
    )  # fmt: skip


def parts_of(model):
    return list(model.modules())


MODELS = {
    "classifier": wide_convolutions,
    "plain U-Net": lambda: PlainUnet(in_channels=3, classes=1, base_width=16),
}


@pytest.mark.parametrize("name", MODELS)
def test_predicted_bytes_are_those_of_the_files(name, tmp_path):
    torch.manual_seed(0)
    model = MODELS[name]().eval()
    floating, int8 = tmp_path / "float.onnx", tmp_path / "int8.onnx"
    export_onnx(model, floating, (3, 32, 32))
    quantize_onnx(floating, int8, Noise(32), enough_db=-np.inf)
    assert onnx_bytes(parts_of(model)) == pytest.approx(floating.stat().st_size, rel=0.03)
    assert int8_bytes(parts_of(model)) == pytest.approx(int8.stat().st_size, rel=0.05)
    assert int8.stat().st_size < 0.3 * floating.stat().st_size


@pytest.mark.parametrize("name", MODELS)
def test_shapes_decide_without_any_numbers(name):
    with torch.device("meta"):
        empty = MODELS[name]()
    assert onnx_bytes(parts_of(empty)) == onnx_bytes(parts_of(MODELS[name]()))
    assert int8_bytes(parts_of(empty)) == int8_bytes(parts_of(MODELS[name]()))


def test_a_batch_norm_after_a_convolution_costs_a_bias():
    bare = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False))
    normed = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8))
    biased = nn.Sequential(nn.Conv2d(3, 8, 3))
    assert (
        onnx_bytes(parts_of(normed))
        == onnx_bytes(parts_of(biased))
        == onnx_bytes(parts_of(bare)) + 8 * 4
    )
    assert (
        int8_bytes(parts_of(normed))
        == int8_bytes(parts_of(biased))
        == int8_bytes(parts_of(bare)) + 8 * 9
    )


def test_a_batch_norm_that_nothing_folds_keeps_its_four_vectors():
    before = nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 8, 3))
    assert onnx_bytes(parts_of(before)) == onnx_bytes(parts_of(before[1:])) + 4 * 3 * 4
    assert int8_bytes(parts_of(before)) == int8_bytes(parts_of(before[1:])) + 4 * 3 * 4


class Shallow(nn.Module):
    """Computes a stage that its answer does not depend on, as encoders under shallow decoders."""

    def __init__(self):
        super().__init__()
        self.used = wide_convolutions()
        self.unused = nn.Conv2d(3, 512, 3)
        self.lent = nn.Conv2d(3, 3, 1)

    def forward(self, x):
        x = nn.functional.conv2d(x, self.lent.weight)
        self.unused(x)
        return self.used(x)


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_what_the_answer_does_not_need_is_in_no_file(device, tmp_path):
    with torch.device(device):
        model = Shallow().eval()
    parts = reached(model, torch.zeros(1, 3, 32, 32, device=device))
    assert model.unused not in parts
    assert model.lent in parts
    assert {id(m) for m in model.used.modules()} <= {id(m) for m in parts}
    floating = tmp_path / "float.onnx"
    export_onnx(Shallow().eval(), floating, (3, 32, 32))
    assert onnx_bytes(parts) == pytest.approx(floating.stat().st_size, rel=0.03)


def test_without_gradients_all_counts():
    model = Shallow().eval().requires_grad_(False)
    assert model.unused in reached(model, torch.zeros(1, 3, 32, 32))
