"""Training a 1x1 convolution with a stride, of few channels, on a CPU."""

from __future__ import annotations

import copy
import subprocess
import sys

import pytest
import torch
from torch import nn

from automed.models.strided_pointwise import StridedPointwise, guard_strided_pointwise

LAST = torch.channels_last

TRAINING = """
import torch
from automed.models.strided_pointwise import guard_strided_pointwise
torch.set_num_threads(1)
model = torch.nn.Sequential(torch.nn.Conv2d(3, 48, 1, stride=2, bias=False)).to(memory_format=LAST)
guard_strided_pointwise(model)
images = torch.randn(8, 3, 128, 128).contiguous(memory_format=LAST)
for _ in range(8):
    model(images).square().mean().backward()
    kept = [torch.randn(size) for size in (100, 1000, 7, 300)]
print("trained")
"""


def models(channels=3, bias=True, stride=2):
    torch.manual_seed(0)
    theirs = nn.Sequential(nn.Conv2d(channels, 7, 1, stride=stride, bias=bias), nn.BatchNorm2d(7))
    ours = copy.deepcopy(theirs)
    guard_strided_pointwise(ours)
    return theirs, ours


@pytest.mark.parametrize("channels", [1, 3, 8, 15, 16, 40])
@pytest.mark.parametrize("stride", [2, 3, (2, 1)])
def test_outputs_and_gradients_are_those_of_the_layer(channels, stride):
    theirs, ours = models(channels, stride=stride)
    assert isinstance(ours[0], StridedPointwise)
    images = torch.randn(2, channels, 13, 10, dtype=torch.double)
    for model in (theirs, ours):
        model.double()(images).pow(3).sum().backward()
    assert torch.allclose(theirs(images), ours(images))
    for one, other in zip(theirs.parameters(), ours.parameters(), strict=True):
        assert torch.allclose(one.grad, other.grad)


@pytest.mark.parametrize("times", range(3))
def test_training_does_not_write_into_others_memory(times):
    code = TRAINING.replace("LAST", "torch.channels_last")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "trained\n"


def test_what_is_exported_is_one_convolution():
    _, ours = models()
    traced = torch.export.export(ours.eval(), (torch.randn(1, 3, 8, 8),))
    called = [str(n.target) for n in traced.graph.nodes if n.op == "call_function"]
    assert not [name for name in called if "slice" in name]
    assert [name for name in called if "conv" in name]


def test_others_stay_what_they_are():
    model = nn.Sequential(
        nn.Conv2d(4, 4, 3, stride=2), nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1, stride=2, groups=4),
        nn.Conv2d(4, 4, 1, stride=2, padding=1),
    )  # fmt: skip
    guard_strided_pointwise(model)
    assert all(type(layer) is nn.Conv2d for layer in model)


def test_it_is_pruned_and_saved_like_another(tmp_path):
    _, ours = models()
    torch.save(ours.state_dict(), tmp_path / "w.pt")
    theirs, _ = models()
    theirs.load_state_dict(torch.load(tmp_path / "w.pt"))
    assert type(copy.deepcopy(ours)[0]) is StridedPointwise
