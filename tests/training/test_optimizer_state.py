"""Every optimizer goes on under every schedule as if it had never been put on disk."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import torch
from torch import nn

from automed.domain.augment import Augment
from automed.domain.normalization import Normalization
from automed.domain.training_settings import TrainingSettings
from automed.models.freeze import FrozenPart
from automed.training.checkpoint_file import read_state, write_state
from automed.training.early_stopping import EarlyStopping
from automed.training.forward import Forward
from automed.training.losses import build_loss
from automed.training.optimizers import OPTIMIZERS
from automed.training.part import Part
from automed.training.recipe import Recipe
from automed.training.trainer import Trainer
from automed.training.training_batches import TrainingBatches

CPU = torch.device("cpu")
EPOCHS = 9
SCHEDULES = get_args(TrainingSettings.model_fields["schedule"].annotation)


@pytest.fixture(autouse=True)
def one_thread():
    """Tensors as small as these gain nothing from several, which wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def training(optimizer, schedule):
    """A model with convolutions in channels_last, a trainer and its batches; all of it new."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(),
                          nn.Conv2d(4, 1, 1))  # fmt: skip
    model.to(memory_format=torch.channels_last)
    source = np.random.default_rng(0)
    images = source.integers(0, 256, (6, 8, 8, 3), dtype=np.uint8)
    part = Part(images, (images[..., 0] > 99).astype(np.uint8), np.arange(6))
    recipe = Recipe(loss="bce", optimizer=optimizer, learning_rate=0.01, weight_decay=0.01,
                    batch_size=3, epochs=EPOCHS, schedule=schedule, precision="fp32",
                    clip_norm=1.0)  # fmt: skip
    batches = TrainingBatches(part, Augment(horizontal_flip=0.5, gauss_noise=1.0), recipe, 1, CPU)
    forward = Forward(model, Normalization(mean=(0.5,) * 3, std=(0.5,) * 3), CPU, "fp32")
    return (
        model,
        Trainer(forward, FrozenPart(), build_loss("bce"), batches, recipe, EPOCHS),
        batches,
    )


def train(trainer, epochs):
    """Losses and rates; the validation loss never falls, so that the plateau is reached."""
    seen = []
    for epoch in epochs:
        seen.append((trainer.learning_rate, trainer.train(epoch)))
        trainer.end_epoch(1.0)
    return seen


def test_all_schedules_are_looked_at():
    assert set(SCHEDULES) == {"constant", "cosine", "onecycle", "step", "plateau"}


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_it_goes_on_bit_for_bit(optimizer, schedule, tmp_path):
    model, trainer, _ = training(optimizer, schedule)
    whole = train(trainer, range(1, EPOCHS + 1))

    first, half, batches = training(optimizer, schedule)
    begun = train(half, range(1, 5))
    state = {"model": first.state_dict(), "trainer": half.state_dict(),
             "batches": batches.state_dict()}  # fmt: skip
    write_state(tmp_path / "state", state, "")

    second, rest, batches = training(optimizer, schedule)
    found = read_state(tmp_path / "state", "", CPU)
    second.load_state_dict(found["model"])
    rest.load_state_dict(found["trainer"])
    batches.load_state_dict(found["batches"])
    assert begun + train(rest, range(5, EPOCHS + 1)) == whole
    for one, other in zip(model.state_dict().values(), second.state_dict().values(), strict=True):
        assert torch.equal(one, other)
    rates = {rate for rate, _ in whole}
    assert (len(rates) > 1) == (schedule != "constant")


def test_patience_goes_on():
    values = [3.0, 2.0, 2.5, 2.1, 1.9, 2.0, 2.0]
    one, other = EarlyStopping(2), EarlyStopping(2)
    for value in values[:3]:
        one.is_better(value)
    other.load_state_dict(one.state_dict())
    for value in values[3:]:
        assert one.is_better(value) == other.is_better(value)
        assert (one.exhausted, one.best_epoch) == (other.exhausted, other.best_epoch)
    assert one.exhausted
