"""Varying training images: a draw for each sample, on the device that trains."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from automed.domain.augment import Augment
from automed.domain.digest import derive_seed


class Augmenter:
    """Applies an `Augment` to batches: flips, one affine map, noise, coarse dropout, in this order.

    The n-th call draws from generators of its own, seeded by (augment, seed, n): the global random
    state is neither read nor changed, so a training's other randomness does not depend on it.
    All draws but the noise are made on the CPU and are therefore equal on every device.

    Pixels that a rotation or a shift brings in from outside repeat the border, as in Keras'
    ``ImageDataGenerator``, in image *and* mask: what is repeated of a polyp is labelled polyp.
    Zeros would teach a black frame that no image to be predicted has.

    Noise and dropout change the image only, as in albumentations. A sample that is chosen for
    dropout gets all of its holes; each side is drawn from 1 to the largest.

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
            masks: Float 0 or 1, shape (batch, 1, height, width); None for classification.

        Returns:
            Images in [0, 1] and masks of 0 and 1, shapes and devices as given.
        """
        seed = derive_seed(self._seed, self._calls)
        self._calls += 1
        draw = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            images, masks = self._geometry(images, masks, draw)
            images = self._noise(images, draw, seed)
            return self._dropout(images, draw), masks

    def _geometry(
        self, images: Tensor, masks: Tensor | None, draw: torch.Generator
    ) -> tuple[Tensor, Tensor | None]:
        a = self.augment
        for chance, axis in ((a.horizontal_flip, -1), (a.vertical_flip, -2)):
            if chance > 0:
                chosen = _chosen(chance, images, draw)
                images = torch.where(chosen, images.flip(axis), images)
                masks = None if masks is None else torch.where(chosen, masks.flip(axis), masks)
        if a.rotation or a.shift or a.zoom or a.shear:
            matrices = _affine(a, images, draw)
            images = _warp(images, matrices, "bilinear").clamp(0, 1)
            masks = None if masks is None else _warp(masks, matrices, "nearest")
        return images, masks

    def _noise(self, images: Tensor, draw: torch.Generator, seed: int) -> Tensor:
        if self.augment.gauss_noise == 0:
            return images
        chosen = _chosen(self.augment.gauss_noise, images, draw)
        on_device = torch.Generator(images.device).manual_seed(seed)
        noise = torch.randn(
            images.shape, generator=on_device, device=images.device, dtype=images.dtype
        )
        noisy = (images + self.augment.gauss_noise_std * noise).clamp(0, 1)
        return torch.where(chosen, noisy, images)

    def _dropout(self, images: Tensor, draw: torch.Generator) -> Tensor:
        if self.augment.coarse_dropout == 0:
            return images
        chosen = _chosen(self.augment.coarse_dropout, images, draw)
        return images.masked_fill(chosen & _holes(self.augment, images, draw), 0)


def _chosen(chance: float, images: Tensor, draw: torch.Generator) -> Tensor:
    """Which samples a step applies to, shape (batch, 1, 1, 1)."""
    hit = torch.rand(len(images), generator=draw) < chance
    return hit.view(-1, 1, 1, 1).to(images.device)


def _affine(augment: Augment, images: Tensor, draw: torch.Generator) -> Tensor:
    """Rotation, isotropic zoom, horizontal shear about the centre, then a shift, in pixels.

    Kornia's conventions, those of its ``RandomAffine``.

    Returns:
        Matrices from source to destination, shape (batch, 2, 3).
    """
    from kornia.geometry.transform import get_affine_matrix2d  # slow to import: only when needed

    batch, _, height, width = images.shape

    def within(largest: float, *shape: int) -> Tensor:
        return (2 * torch.rand(batch, *shape, generator=draw) - 1) * largest

    extent = torch.tensor([width, height], dtype=torch.float32)
    matrices: Tensor = get_affine_matrix2d(
        translations=within(augment.shift, 2) * extent,
        center=((extent - 1) / 2).expand(batch, 2),
        scale=(1 + within(augment.zoom, 1)).expand(batch, 2),
        angle=within(augment.rotation),
        sx=within(math.radians(augment.shear)),
        sy=torch.zeros(batch),
    )
    return matrices[:, :2].to(images)


def _warp(batch: Tensor, matrices: Tensor, mode: str) -> Tensor:
    from kornia.geometry.transform import warp_affine

    size = (batch.shape[-2], batch.shape[-1])
    warped: Tensor = warp_affine(
        batch, matrices, size, mode=mode, padding_mode="border", align_corners=True
    )
    return warped


def _holes(augment: Augment, images: Tensor, draw: torch.Generator) -> Tensor:
    """Where the rectangles lie, boolean, shape (batch, 1, height, width). They may overlap."""
    batch, _, height, width = images.shape
    holes = (batch, augment.coarse_dropout_holes)

    def stripes(length: int) -> Tensor:
        """For each hole the pixels of one axis that it covers, shape (batch, holes, length)."""
        largest = min(augment.coarse_dropout_size, length)
        sides = torch.randint(1, largest + 1, holes, generator=draw)
        starts = (torch.rand(holes, generator=draw) * (length - sides + 1)).long()
        pixels = torch.arange(length)
        inside = (pixels >= starts[..., None]) & (pixels < (starts + sides)[..., None])
        return inside.float()

    covered = stripes(height).transpose(1, 2) @ stripes(width)
    return (covered > 0).unsqueeze(1).to(images.device)
