"""The steps of a training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from automed.domain.errors import DivergedError, TrainingError
from automed.models.freeze import FrozenPart
from automed.training.forward import Forward
from automed.training.layer_decay import parameter_groups
from automed.training.losses import Loss
from automed.training.memory import ImagesAtOnce
from automed.training.optimizer_state import optimizer_state, restore_optimizer
from automed.training.optimizers import build_optimizer
from automed.training.recipe import Recipe
from automed.training.schedules import build_schedule
from automed.training.training_batches import TrainingBatches

_LOOK_EVERY = 50
"""Steps after which the loss is looked at; each look waits for a GPU to catch up."""


class Trainer:
    """Trains a model for one epoch at a time, with an optimizer and a schedule of its own.

    A batch that memory does not hold goes through the model in parts, whose gradients are added up:
    the step is the batch's, but batch normalization, and losses over the regions of a whole batch,
    see a part at a time.

    What is frozen has no place in the optimizer: it neither moves nor decays.

    Args:
        forward: Holds the model, on its device.
        frozen: What of the model is not trained; takes no gradients.
        loss: On the device.
        batches: The training samples.
        recipe: How to train.
        epochs: How many are planned, for the schedule.
        after_step: Called after each step of the optimizer.

    Raises:
        TrainingError: The optimizer is unknown, or learning rates are to fall layer by layer in a
            model without encoder.
    """

    def __init__(
        self,
        forward: Forward,
        frozen: FrozenPart,
        loss: Loss,
        batches: TrainingBatches,
        recipe: Recipe,
        epochs: int,
        after_step: Callable[[], None] | None = None,
    ) -> None:
        self._forward = forward
        self._after_step = after_step
        self._frozen = frozen
        self._loss = loss
        self._batches = batches
        self._clip_norm = recipe.clip_norm
        self._memory = ImagesAtOnce("training", least=2)
        self._trained = [p for p in forward.model.parameters() if p.requires_grad]
        self._optimizer = build_optimizer(recipe, parameter_groups(forward.model, recipe))
        self._schedule = build_schedule(recipe, self._optimizer, len(batches), epochs)

    @property
    def learning_rate(self) -> float:
        """The rate of the next step, where it is highest."""
        return self._schedule.learning_rate

    @property
    def images_at_once(self) -> int | None:
        """As many as memory holds in a training step; None: whole batches."""
        return self._memory.most

    def train(self, epoch: int) -> float:
        """Train for one epoch.

        Args:
            epoch: For the error message.

        Returns:
            The loss, averaged over the samples as they were when their turn came.

        Raises:
            DivergedError: The loss or a weight is not finite.
            TrainingError: Batch normalization cannot train on batches of one sample.
        """
        self._frozen.train(self._forward.model)
        total = torch.zeros((), dtype=torch.float64, device=self._forward.device)
        seen = 0
        for step, (images, targets) in enumerate(self._batches, start=1):
            total += self._step(images, targets) * len(images)
            seen += len(images)
            if step % _LOOK_EVERY == 0 and not torch.isfinite(total):
                break
        mean = float(total) / seen
        if not torch.isfinite(total):
            raise DivergedError(epoch, "the training loss")
        if not _is_finite(self._forward.model):
            raise DivergedError(epoch, "a weight")
        return mean

    def end_epoch(self, loss: float) -> None:
        """Tell the schedule the validation loss of the epoch."""
        self._schedule.end_epoch(loss)

    def state_dict(self) -> dict[str, Any]:
        """Optimizer and schedule; the model's weights are not part of it."""
        return {
            "schedule": self._schedule.state_dict(),
            "optimizer": optimizer_state(self._optimizer),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another one was that trained the same part of the same model."""
        self._schedule.load_state_dict(state["schedule"])
        restore_optimizer(self._optimizer, state["optimizer"])

    def _step(self, images: Tensor, targets: Tensor) -> Tensor:
        loss = self._memory.run(partial(self._gradients, images, targets), len(images))
        if self._clip_norm is not None:
            nn.utils.clip_grad_norm_(self._trained, self._clip_norm)
        self._optimizer.step()
        self._schedule.step()
        if self._after_step is not None:
            self._after_step()
        return loss

    def _gradients(self, images: Tensor, targets: Tensor, parts: int) -> Tensor:
        """Add up the gradients of a batch's parts; the loss, weighted by their sizes."""
        self._optimizer.zero_grad()
        total = torch.zeros((), device=self._forward.device)
        for some, truths in zip(
            images.tensor_split(parts), targets.tensor_split(parts), strict=True
        ):
            loss: Tensor = self._loss(_logits(self._forward, some), truths)
            if parts > 1:
                loss = loss * (len(some) / len(images))
            loss.backward()  # type: ignore[no-untyped-call]
            total = total + loss.detach()
        return total


def _logits(forward: Forward, images: Tensor) -> Tensor:
    try:
        return forward(images)
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            raise
        raise TrainingError(
            "batch normalization cannot train on a batch of one sample",
            found=f"a batch of {len(images)}",
            expected="batches of at least 2",
            hint="--set training.batch_size=... with larger sizes only, or more training samples",
        ) from error


def _is_finite(model: nn.Module) -> bool:
    tensors = [t for t in model.state_dict().values() if t.is_floating_point()]
    return bool(torch.stack([torch.isfinite(t).all() for t in tensors]).all())
