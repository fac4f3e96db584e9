"""Carrying out what was drawn."""

from __future__ import annotations

import torch
from torch import Tensor

from automed.data.augment.appearance import add_noise, blur, coloured, pierce
from automed.data.augment.draws import Draws
from automed.data.augment.geometry import moved


def apply(
    draws: Draws, images: Tensor, masks: Tensor | None = None
) -> tuple[Tensor, Tensor | None]:
    """Vary a batch as drawn: geometry, colours, blur, noise, holes, in this order.

    A pure function: the same draws and batch on the same device give the same result, the inputs
    and the global random state are left as they are.

    Args:
        draws: For a batch of this size and images of this shape.
        images: Float, shape (batch, channels, height, width), in [0, 1].
        masks: Float in [0, 1], shape (batch, 1, height, width), or class indices, int64, shape
            (batch, height, width); None for classification. Only geometry changes them.

    Returns:
        Images in [0, 1] and masks with values that were in the masks given, on their devices.
    """
    with torch.no_grad():
        varied, masks = moved(draws, images, masks)
        varied = coloured(draws, varied)
        in_place = (draws.blur, draws.noise, draws.holes)
        if varied is images and any(step is not None for step in in_place):
            varied = images.clone()
        for step in (blur, add_noise, pierce):
            step(draws, varied)
        return varied, masks
