"""The batches that train."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from automed.data.augment import Augmenter
from automed.data.smooth_masks import smooth_masks
from automed.domain.augment import Augment
from automed.domain.digest import derive_seed
from automed.training.batches import shuffled, steps_per_epoch
from automed.training.part import Part
from automed.training.recipe import Recipe


class TrainingBatches:
    """Samples in a new order in each epoch, each time varied anew.

    Args:
        part: The training samples.
        augment: How they vary.
        recipe: Gives the batch size and how mask borders are softened.
        seed: Decides order and variation; the global random state does not.
        device: Where the batches are made.
    """

    def __init__(
        self, part: Part, augment: Augment, recipe: Recipe, seed: int, device: torch.device
    ) -> None:
        self._part = part
        self._recipe = recipe
        self._device = device
        self._order = torch.Generator().manual_seed(derive_seed(seed, "order"))
        self._augment = Augmenter(augment, derive_seed(seed, "augment"))

    def __len__(self) -> int:
        """How many an epoch has."""
        return steps_per_epoch(len(self._part), self._recipe.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """The next epoch: images in [0, 1] and targets, in the shapes of `Part.batch`."""
        for picked in shuffled(len(self._part), self._recipe.batch_size, self._order):
            images, targets = self._part.batch(picked, self._device)
            yield self._varied(images, targets)

    def state_dict(self) -> dict[str, Any]:
        """Which epoch's order and variation come next."""
        return {"order": self._order.get_state(), "varied": self._augment._calls}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another one was."""
        self._order.set_state(state["order"])
        # All that an Augmenter remembers: it draws for the n-th batch from a generator of its own.
        self._augment._calls = state["varied"]

    def _varied(self, images: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        images, masks = self._augment(images, None if targets.ndim == 1 else targets)
        if masks is None:
            return images, targets
        return images, smooth_masks(masks, self._recipe.smooth_masks)
