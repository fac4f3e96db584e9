"""A batch that memory does not hold is trained in parts, to the same end."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from automed.domain.decision import Decision
from automed.domain.normalization import Normalization
from automed.domain.task import SegmentationTask
from automed.registry.tasks import load_task
from automed.training.fit import fit
from automed.training.forward import Forward
from automed.training.memory import ImagesAtOnce, ran_out_of_memory
from automed.training.part import Part
from automed.training.recipe import Recipe

CPU = torch.device("cpu")
UNIT = Normalization(mean=(0.0,) * 3, std=(1.0,) * 3)
MASKS = SegmentationTask(name="masks", title="", classes=("thing",), image_size=(16, 16),
                         space=load_task("polyp").space, normalize="symmetric")  # fmt: skip


class Small(nn.Module):
    """A model on a device whose memory holds so many images."""

    def __init__(self, model: nn.Module, holds: int) -> None:
        super().__init__()
        self.model = model
        self.holds = holds
        self.sizes: set[int] = set()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if len(images) > self.holds:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        if self.training:
            self.sizes.add(len(images))
        return self.model(images)


def plain(*between: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    first, last = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 1, 1)
    return nn.Sequential(first, *between, nn.ReLU(), last)


def bright_squares() -> tuple[Part, Part]:
    source = np.random.default_rng(0)
    images = source.integers(0, 80, (24, 16, 16, 3), dtype=np.uint8)
    masks = np.zeros((24, 16, 16), np.uint8)
    for mask in masks:
        top, left = source.integers(0, 9, 2)
        mask[top : top + 7, left : left + 7] = 1
    images[masks == 1] += 150
    rows = np.arange(24)
    return Part(images, masks, rows[:18]), Part(images, masks, rows[18:])


def trained(model: nn.Module, **changes):
    train, val = bright_squares()
    losses = []

    def report(measurement):
        losses.append(measurement.metrics["train_loss"])
        return Decision.CONTINUE

    settings = Recipe(**{
        "loss": "bce", "optimizer": "adamw", "learning_rate": 0.05, "batch_size": 8, "epochs": 3,
        "precision": "fp32", **changes,
    })  # fmt: skip
    return fit(model, MASKS, settings, train, val, normalization=UNIT, seed=1, device=CPU,
               report=report), losses  # fmt: skip


def test_the_steps_are_those_of_whole_batches():
    model = Small(plain(), holds=3)
    small, in_parts = trained(model)
    whole, at_once = trained(plain())
    assert max(model.sizes) <= 3
    assert small.images_at_once == 2
    assert whole.images_at_once is None
    assert in_parts == pytest.approx(at_once, rel=1e-4)
    assert small.best.metrics["dice"] == pytest.approx(whole.best.metrics["dice"], abs=1e-3)


def test_batch_normalization_gets_two_images_at_least():
    model = Small(plain(nn.BatchNorm2d(8)), holds=3)
    trained(model, batch_size=7)
    assert model.sizes == {2, 3}


def test_where_not_even_two_images_fit_it_says_so():
    with pytest.raises(torch.OutOfMemoryError):
        trained(Small(plain(), holds=1))


def test_answers_do_not_depend_on_the_parts():
    images = torch.rand(7, 3, 16, 16)
    model = plain().eval()
    whole = Forward(model, UNIT, CPU, "fp32")(images)
    in_parts = Forward(Small(model, holds=1).eval(), UNIT, CPU, "fp32")(images)
    torch.testing.assert_close(in_parts, whole)


def test_other_errors_are_not_taken_for_it():
    def broken(parts: int) -> None:
        raise RuntimeError(f"mat1 and mat2 cannot be multiplied, {parts}")

    with pytest.raises(RuntimeError, match="multiplied, 1"):
        ImagesAtOnce("training").run(broken, 8)
    assert ran_out_of_memory(MemoryError())
    assert not ran_out_of_memory(ValueError("out of memory"))


HUNGRY = """
import resource
import torch
from automed.domain.normalization import Normalization
from automed.training.forward import Forward

torch.set_num_threads(1)
wide = torch.nn.Conv2d(3, 64, 3, padding=1)
model = torch.nn.Sequential(wide, torch.nn.ReLU(), torch.nn.Conv2d(64, 1, 1)).eval()
unit = Normalization(mean=(0.0,) * 3, std=(1.0,) * 3)
forward = Forward(model, unit, torch.device("cpu"), "fp32")
images = torch.zeros(32, 3, 256, 256)
with torch.inference_mode():
    forward(images[:2])
    size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    # What is between the layers of 32 images takes 537 MB.
    resource.setrlimit(resource.RLIMIT_AS, (size + 400_000_000,) * 2)
    assert forward(images).shape == (32, 1, 256, 256)
print(forward._memory.most)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits memory as Linux does")
def test_main_memory_that_really_runs_out():
    done = subprocess.run(
        [sys.executable, "-c", HUNGRY], capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) in (1, 2, 4, 8, 16)
