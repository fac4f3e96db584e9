"""Augmentations that plugins bring."""

from __future__ import annotations

import torch
from torch import Tensor

from automed.domain.component import Augmentation
from automed.domain.errors import PluginError
from automed.domain.suggestion import suggestion
from automed.registry.components import declared

Varied = tuple[Tensor, Tensor | None]


def read_own(text: str) -> list[Augmentation]:
    """The augmentations that ``augment.own`` names, joined by ``+``; none where it is empty.

    Raises:
        PluginError: A name is unknown.
    """
    if not text:
        return []
    known = declared(Augmentation)
    names = [name.strip() for name in text.split("+")]
    for name in names:
        if name not in known:
            raise PluginError(
                f"there is no augmentation {name!r} of a plugin{suggestion(name, known)}",
                found=f"augment.own = {text!r}",
                expected=f"names joined by +, of {', '.join(known)}" if known else "nothing",
            )
    return [known[name] for name in names]


def vary(own: list[Augmentation], varied: Varied, seed: int) -> Varied:
    """Apply a plugin's augmentations to a batch, one after the other.

    Args:
        own: In their order.
        varied: Images in [0, 1] and masks, as `Augmenter` takes them.
        seed: Of this batch.

    Raises:
        PluginError: One changes a shape.
    """
    generator = torch.Generator().manual_seed(seed)
    for one in own:
        images, masks = one.apply(*varied, generator)
        same = images.shape == varied[0].shape and (masks is None) == (varied[1] is None)
        if not same or (masks is not None and masks.shape != getattr(varied[1], "shape", None)):
            raise PluginError(
                f"the augmentation {one.name!r} of a plugin changes the shape of a batch",
                found=f"images {tuple(images.shape)}",
                expected=f"images {tuple(varied[0].shape)}, and masks as they were given",
            )
        varied = images.clamp(0, 1), masks
    return varied
