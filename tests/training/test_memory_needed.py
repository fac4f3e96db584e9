"""What a training will take is known before it is begun."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from automed.domain.config import Config
from automed.domain.errors import TrainingError
from automed.registry.tasks import load_task
from automed.training import memory_needed
from automed.training.memory_needed import training_memory

TASK = load_task("polyp").replace(image_size=(64, 64))
PLAIN = {
    "model.architecture": "unet", "model.encoder": "resnet18", "training.loss": "dice",
    "training.optimizer": "adamw", "training.learning_rate": 1e-3, "training.batch_size": 8,
}  # fmt: skip


def needed(**changes: object) -> int:
    return training_memory(Config({**PLAIN, **changes}), TASK)


def weights() -> int:
    """What does not grow with the batch."""
    return 2 * needed() - needed(**{"training.batch_size": 16})


def kept(model: nn.Module, batch: torch.Tensor) -> int:
    """What autograd keeps, by a walk over the real thing."""
    parameters = {p.data_ptr() for p in (*model.parameters(), *model.buffers())}
    storages = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.untyped_storage().data_ptr() not in parameters:
            storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        model(batch)
    return sum(storage.nbytes() for storage in storages.values())


def test_a_chain_of_two_convolutions_is_counted_to_the_byte() -> None:
    model = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 1))
    pixels = 4 * 16 * 16 * 4  # four images, in bytes of a channel
    saved = 3 * pixels + 8 * pixels  # the images, and what the ReLU gives: it needs no more
    assert kept(model, torch.zeros(4, 3, 16, 16)) == saved
    counted = memory_needed._kept(model.to("meta"), 4, (3, 16, 16), torch.device("meta"))
    assert counted == saved + 2 * 8 * pixels + 3 * 3 * pixels + 8 * pixels


@pytest.mark.parametrize("more", [2, 4])
def test_a_larger_batch_takes_more_but_weights_take_the_same(more: int) -> None:
    once, often = needed(), needed(**{"training.batch_size": 8 * more})
    assert often - weights() == pytest.approx(more * (once - weights()), rel=1e-3)


def test_optimizers_take_what_they_gather() -> None:
    parameters = 4 * sum(
        p.numel() for p in memory_needed.priced_model(Config(PLAIN), TASK).model.parameters()
    )
    plain = needed(**{"training.optimizer": "sgd", "training.momentum": 0.0})
    momentum = needed(**{"training.optimizer": "sgd", "training.momentum": 0.9})
    assert momentum - plain == pytest.approx(parameters, rel=1e-3)
    assert needed() - momentum == pytest.approx(parameters, rel=1e-2), "AdamW keeps two"


def test_what_is_frozen_takes_neither_gradients_nor_activations() -> None:
    task = TASK.replace(training=TASK.training.replace(freeze="all"))
    assert training_memory(Config(PLAIN), task) < 0.7 * needed()


def test_the_size_of_the_images_counts() -> None:
    four_times = training_memory(Config(PLAIN), TASK.replace(image_size=(128, 128)))
    assert four_times - weights() == pytest.approx(4 * (needed() - weights()), rel=0.02)


def test_one_channel_is_no_trouble() -> None:
    gray = TASK.replace(channels=1)
    assert 0 < needed() - training_memory(Config(PLAIN), gray) < 0.05 * needed()


def test_nothing_is_left_changed() -> None:
    before = torch.random.get_rng_state()
    needed()
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.is_grad_enabled()


def test_a_recipe_that_cannot_be_is_refused() -> None:
    with pytest.raises(TrainingError, match="optimizer"):
        needed(**{"training.optimizer": "gradient_ascent"})
