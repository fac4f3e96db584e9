"""Small networks with settled batch norms, their files, and the same in int8."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from onnxruntime import quantization
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import nn

from automed.artifact.export import INPUT, export_onnx
from automed.domain.normalization import Normalization

SHAPE = (3, 32, 48)
NORMALIZATION = Normalization(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))


class Block(nn.Sequential):
    def __init__(self, inside, outside, activation, **options):
        super().__init__(
            nn.Conv2d(inside, outside, 3, padding=1, bias=False, **options),
            nn.BatchNorm2d(outside), activation(),
        )  # fmt: skip


class Small(nn.Module):
    """Two layers of one shape, a depthwise one, a gate, a skip, and a head with a bias."""

    def __init__(self, activation=nn.ReLU):
        super().__init__()
        self.stem = Block(3, 12, activation, stride=2)
        self.first = Block(12, 12, activation)
        self.second = Block(12, 12, activation)
        self.depthwise = Block(12, 12, activation, groups=12)
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(12, 12, 1), nn.Sigmoid())
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.head = nn.Conv2d(24, 1, 1)

    def forward(self, x):
        stem = self.stem(x)
        deep = self.depthwise(self.second(self.first(stem)))
        return self.head(self.up(torch.cat([deep * self.gate(deep), stem], 1)))


def settle(model, seed):
    """Weights and batch norms as if after a training, in eval mode."""
    source = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            fan = module.weight[0].numel()
            module.weight.data.normal_(0, fan**-0.5, generator=source)
            if module.bias is not None:
                module.bias.data.normal_(0, 0.5, generator=source)
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.3, generator=source)
            module.running_var.uniform_(0.5, 2, generator=source)
            module.weight.data.uniform_(0.5, 1.5, generator=source)
            module.bias.data.normal_(0, 0.2, generator=source)
    return model.eval()


def blobs(count, seed, shape=SHAPE):
    """Images in [0, 1], float32 (count, channels, height, width): soft shapes and some noise."""
    source = np.random.default_rng(seed)
    channels, height, width = shape
    coarse = source.uniform(0.1, 0.9, (count, channels, height // 8, width // 8))
    noise = source.normal(0, 0.05, (count, *shape))
    images = np.kron(coarse, np.ones((8, 8))) + noise
    return torch.from_numpy(np.clip(images, 0, 1).astype(np.float32))


def normalized(images):
    mean, std = (torch.tensor(v).view(1, -1, 1, 1) for v in (NORMALIZATION.mean, NORMALIZATION.std))
    return ((images - mean) / std).numpy()


class Reader(quantization.CalibrationDataReader):
    def __init__(self, images):
        self._images = iter(np.array_split(images, len(images) // 4))

    def get_next(self):
        batch = next(self._images, None)
        return None if batch is None else {INPUT: batch}


def quantize(path, folder, images, method="MinMax"):
    """The file prepared for it, and in int8, as findings of this runtime have it."""
    prepared, int8 = folder / f"{path.stem}.prepared.onnx", folder / f"{path.stem}.{method}.onnx"
    quant_pre_process(str(path), str(prepared))
    quantization.quantize_static(
        str(prepared), str(int8), Reader(images), quant_format=quantization.QuantFormat.QDQ,
        activation_type=quantization.QuantType.QUInt8, weight_type=quantization.QuantType.QInt8,
        per_channel=True, calibrate_method=quantization.CalibrationMethod[method],
    )  # fmt: skip
    return prepared, int8


class Files(NamedTuple):
    model: nn.Module
    path: Path
    prepared: Path
    int8: Path
    images: torch.Tensor
    """In [0, 1]."""


@pytest.fixture(scope="session")
def files_of(tmp_path_factory):
    """Makes a network's files once: ``files_of(nn.ReLU, seed=0)``."""
    made = {}

    def files(activation, seed):
        key = (activation, seed)
        if key not in made:
            folder = tmp_path_factory.mktemp("files")
            model = settle(Small(activation), seed)
            export_onnx(model, folder / "model.onnx", SHAPE)
            images = blobs(16, seed)
            pair = quantize(folder / "model.onnx", folder, normalized(images))
            made[key] = Files(model, folder / "model.onnx", *pair, images)
        return made[key]

    return files


@pytest.fixture(scope="session")
def files(files_of):
    """The files of one network."""
    return files_of(nn.ReLU, 0)


@pytest.fixture
def normalization():
    """Of the networks' images."""
    return NORMALIZATION


@pytest.fixture
def normalize():
    """Images in [0, 1] as the networks take them."""
    return normalized


@pytest.fixture
def calibrate(tmp_path):
    """Quantizes a network's file anew: ``calibrate(path, images, "Entropy")``."""
    return lambda path, images, method: quantize(path, tmp_path, normalized(images), method)


@pytest.fixture
def images_of():
    """Draws images: ``images_of(count, seed)``."""
    return blobs


@pytest.fixture
def small_network():
    """Makes a network: ``small_network(seed)``."""
    return lambda seed, activation=nn.ReLU: settle(Small(activation), seed)
