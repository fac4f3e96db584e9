"""How much memory a training takes, told before it takes any."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from automed.domain.applied import applied
from automed.domain.config import Config
from automed.domain.task import AnyTask
from automed.models.cost import priced_model
from automed.models.freeze import frozen
from automed.training.optimizers import build_optimizer
from automed.training.recipe import Recipe, recipe_of
from automed.training.stages import stages_of

_FLOAT = 4
_LOGITS = 8
"""Tensors of the logits' size that a loss and its gradient hold at a time, about."""
_IMAGES = 3
"""Of a batch: as it was read, varied, and normalized."""
_SEVERAL = 2
"""Images that batch normalization trains on at least."""


def training_memory(config: Config, task: AnyTask) -> int:
    """Bytes of the tensors that training a config's model holds at its peak, in 32 bits.

    Weights, their gradients, what the optimizer gathers, what the forward pass keeps for the
    backward pass (counted by autograd itself, on the meta device: nothing is computed) and the
    gradients on their way. Not counted are what libraries need besides (CUDA's context, kernels'
    scratch memory) and what an allocator wastes. Training in bfloat16 takes less.

    Args:
        config: Model, optimizer, batch size and what is frozen.
        task: As for `automed.models.cost.predict_cost`.

    Raises:
        BuildError: The model cannot be built.
        TrainingError: The recipe is not valid.
    """
    own = applied(task, config)
    recipe = recipe_of(config, own)
    model = priced_model(config, own).model
    device = next(model.parameters()).device
    # On the meta device a whole batch costs nothing; elsewhere it would.
    images = recipe.batch_size if device.type == "meta" else min(recipe.batch_size, _SEVERAL)
    with frozen(model, stages_of(recipe)[-1].freeze):
        weights = sum(p.numel() for p in model.parameters()) * _FLOAT
        trained = sum(p.numel() for p in model.parameters() if p.requires_grad) * _FLOAT
        kept = _kept(model.train(), images, (task.channels, *task.image_size), device)
    batch = kept * recipe.batch_size // images
    return weights + round(trained * (1 + _state(recipe))) + batch


def _kept(model: nn.Module, images: int, shape: tuple[int, int, int], device: torch.device) -> int:
    """Bytes that a batch takes: inputs, what autograd keeps, and gradients of activations."""
    batch = torch.zeros(images, *shape, device=device)
    with torch.random.fork_rng(devices=[]), _counted(model) as sizes:
        answer: Tensor = model(batch)
    # Gradients of the largest activation and of the one before it are there at the same time.
    largest = 2 * max(sizes.values(), default=0)
    ends = _IMAGES * batch.nbytes + _LOGITS * answer.nbytes
    return sum(sizes.values()) + largest + ends


@contextmanager
def _counted(model: nn.Module) -> Iterator[dict[int, int]]:
    """Bytes of each storage that autograd keeps in the block, the model's own left out."""
    own = {t.untyped_storage()._cdata for t in (*model.parameters(), *model.buffers())}
    sizes: dict[int, int] = {}
    held: list[Tensor] = []  # else the address of one that is gone is taken by another

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in own:
            sizes[storage._cdata] = storage.nbytes()
            held.append(tensor)
        return tensor

    with torch.enable_grad(), saved_tensors_hooks(pack, lambda tensor: tensor):
        yield sizes


def _state(recipe: Recipe) -> float:
    """What an optimizer gathers, as a multiple of what it trains: told by a small step of its."""
    weight = nn.Parameter(torch.ones(64, 64))
    optimizer = build_optimizer(recipe, [weight])
    weight.grad = torch.ones_like(weight)
    optimizer.step()
    values = optimizer.state[weight].values()
    return sum(v.nbytes for v in values if isinstance(v, Tensor)) / weight.nbytes
