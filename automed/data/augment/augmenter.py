"""Varying one batch after the other."""

from __future__ import annotations

import torch
from torch import Tensor

from automed.data.augment.apply_draws import apply
from automed.data.augment.draws import Draws, draw
from automed.data.augment.own import read_own, vary
from automed.domain.augment import Augment
from automed.domain.digest import derive_seed


class Augmenter:
    """Draws for batches from an `Augment`, and applies the draws.

    The n-th call draws from a generator of its own, seeded by (augment, seed, n): the global random
    state is neither read nor changed, so a training's other randomness does not depend on it.
    All draws but the noise are made on the CPU and are therefore equal on every device.

    Pixels that a rotation or a shift brings in from outside repeat the border, as in Keras'
    ``ImageDataGenerator``, in image *and* mask: what is repeated of a polyp is labelled polyp.
    Zeros would teach a black frame that no image to be predicted has.

    Colours, blur, noise and dropout change the image only. A sample that is chosen for dropout
    gets all of its holes, as in albumentations.

    Args:
        augment: What to vary. All zeros: the batch is returned as it came.
        seed: Same augment and seed: the same sequence of draws.
    """

    def __init__(self, augment: Augment, seed: int) -> None:
        self.augment = augment
        self._seed = derive_seed(augment.digest, seed)
        self._calls = 0

    def __call__(self, images: Tensor, masks: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Vary a batch. The inputs are left as they are.

        Args:
            images: Float, shape (batch, channels, height, width), in [0, 1].
            masks: Float in [0, 1], shape (batch, 1, height, width), or class indices, int64, shape
                (batch, height, width); None for classification.

        Returns:
            Images in [0, 1] and masks of the values given, shapes and devices as given.
        """
        batch, channels, height, width = images.shape
        varied = apply(self.draws(batch, (channels, height, width)), images, masks)
        own = read_own(self.augment.own)
        return vary(own, varied, derive_seed(self._seed, "own", self._calls)) if own else varied

    def draws(self, batch: int, shape: tuple[int, int, int]) -> Draws:
        """What the next call would draw, as that call; to keep, and to replay with `apply`.

        Args:
            batch: Samples.
            shape: Channels, height and width.
        """
        generator = torch.Generator().manual_seed(derive_seed(self._seed, self._calls))
        self._calls += 1
        return draw(self.augment, batch, shape, generator)
