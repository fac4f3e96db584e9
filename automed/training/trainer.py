"""The epochs of one training."""

from __future__ import annotations

import torch
from torch import nn

from automed.data.augment import Augmenter
from automed.domain.digest import derive_seed
from automed.domain.errors import DivergedError, TrainingError
from automed.domain.task import AnyTask, SegmentationTask
from automed.training.batches import shuffled, steps_per_epoch
from automed.training.class_weights import balanced_weights
from automed.training.forward import Forward
from automed.training.losses import Loss, build_loss
from automed.training.optimizers import build_optimizer
from automed.training.part import Part
from automed.training.recipe import Recipe
from automed.training.schedules import build_schedule

_LOOK_EVERY = 50
"""Steps after which the loss is looked at; each look waits for a GPU to catch up."""


class Trainer:
    """Trains a model for one epoch at a time.

    Args:
        forward: Holds the model, on its device.
        task: Names kind, classes and augmentation.
        recipe: How to train.
        part: The training samples.
        seed: Decides the order of the samples and their augmentation. Dropout draws from torch's
            global random state.

    Raises:
        TrainingError: A loss or an optimizer is unknown, or the recipe does not fit the task.
    """

    def __init__(
        self, forward: Forward, task: AnyTask, recipe: Recipe, part: Part, seed: int
    ) -> None:
        self.forward = forward
        self.loss = _loss(task, recipe, part).to(forward.device)
        self._recipe = recipe
        self._part = part
        self._order = torch.Generator().manual_seed(derive_seed(seed, "order"))
        self._augment = Augmenter(task.augment, derive_seed(seed, "augment"))
        self._optimizer = build_optimizer(
            recipe.optimizer, forward.model.parameters(), recipe.learning_rate, recipe.weight_decay
        )
        steps = recipe.epochs * steps_per_epoch(len(part), recipe.batch_size)
        self._schedule = build_schedule(recipe.schedule, self._optimizer, steps)

    @property
    def learning_rate(self) -> float:
        """The rate of the next step."""
        return float(self._schedule.get_last_lr()[0])

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
        self.forward.model.train()
        total = torch.zeros((), dtype=torch.float64, device=self.forward.device)
        seen = 0
        batches = shuffled(len(self._part), self._recipe.batch_size, self._order)
        for step, picked in enumerate(batches, start=1):
            images, targets = self._part.batch(picked, self.forward.device)
            total += self._step(images, targets) * len(picked)
            seen += len(picked)
            if step % _LOOK_EVERY == 0 and not torch.isfinite(total):
                break
        mean = float(total) / seen
        if not torch.isfinite(total):
            raise DivergedError(epoch, "the training loss")
        if not _is_finite(self.forward.model):
            raise DivergedError(epoch, "a weight")
        return mean

    def _step(self, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        if targets.ndim == 4:
            images, masks = self._augment(images, targets)
            assert masks is not None
            targets = masks
        else:
            images, _ = self._augment(images)
        self._optimizer.zero_grad()
        loss: torch.Tensor = self.loss(_forward_batch(self.forward, images), targets)
        loss.backward()  # type: ignore[no-untyped-call]
        if self._recipe.clip_norm is not None:
            nn.utils.clip_grad_norm_(self.forward.model.parameters(), self._recipe.clip_norm)
        self._optimizer.step()
        self._schedule.step()
        return loss.detach()


def _forward_batch(forward: Forward, images: torch.Tensor) -> torch.Tensor:
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


def _loss(task: AnyTask, recipe: Recipe, part: Part) -> Loss:
    if not recipe.class_weights:
        return build_loss(recipe.loss)
    if isinstance(task, SegmentationTask):
        raise TrainingError(
            "training.class_weights is for classifications",
            found=f"the segmentation task {task.name!r}",
            hint="--set training.class_weights=false; the dice and focal losses serve rare objects",
        )
    return build_loss(recipe.loss, balanced_weights(part.labels, len(task.classes)))


def _is_finite(model: nn.Module) -> bool:
    tensors = [t for t in model.state_dict().values() if t.is_floating_point()]
    return bool(torch.stack([torch.isfinite(t).all() for t in tensors]).all())
