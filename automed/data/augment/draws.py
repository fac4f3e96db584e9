"""What is drawn for a batch, before any pixel is touched."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from automed.domain.augment import Augment

_POINTS = 7
"""Control points of the elastic deformation along each axis, as in torchio's."""
_LEAST_SIGMA = 0.1


@dataclass(frozen=True, eq=False)
class Draws:
    """Everything random about one batch, on the CPU. None: the step is off.

    Kept, they replay the batch: `automed.data.augment.apply` depends on nothing else. The noise
    itself is drawn from ``noise_seed`` on the device that applies it, and therefore differs
    between kinds of devices; everything else is the same on all.

    Attributes:
        flips: Whether to mirror left to right and top to bottom, bool, shape (batch, 2).
        matrices: Affine maps from source to destination in pixels, (x, y), applied after the flips,
            float64, shape (batch, 2, 3).
        elastic: Displacements, in pixels, of control points spread evenly from corner to corner:
            where to look for a pixel, relative to its place in the source; (x, y), float32, shape
            (batch, 2, points, points).
        brightness: Factors, shape (batch,); likewise ``contrast``, ``gamma`` (exponents) and
            ``saturation``.
        hue: Turns of the colour circle, in radians, shape (batch,).
        blur: Standard deviations in pixels, shape (batch,); 0: this sample is not blurred.
        noise: Standard deviations on the [0, 1] scale, shape (batch,); 0: no noise.
        noise_seed: Of the generator that the noise comes from.
        holes: Top, left, bottom and right (exclusive) in pixels, int64, shape (batch, holes, 4);
            all 0: no hole.
    """

    flips: Tensor | None = None
    matrices: Tensor | None = None
    elastic: Tensor | None = None
    brightness: Tensor | None = None
    contrast: Tensor | None = None
    gamma: Tensor | None = None
    saturation: Tensor | None = None
    hue: Tensor | None = None
    blur: Tensor | None = None
    noise: Tensor | None = None
    noise_seed: int = 0
    holes: Tensor | None = None


def draw(augment: Augment, batch: int, shape: tuple[int, int, int], generator: Generator) -> Draws:
    """Draw what happens to each sample of a batch.

    Args:
        augment: Chances and ranges.
        batch: Samples.
        shape: Channels, height and width of an image. Without 3 channels there is no saturation
            and no hue to vary.
        generator: Of the CPU. The same state gives the same draws.
    """
    a = augment
    channels, height, width = shape
    size = (height, width)
    colour = channels == 3
    turned = None if a.hue == 0 or not colour else _within(a.hue, batch, generator) * 2 * math.pi
    return Draws(
        flips=_flips(a, batch, generator),
        matrices=_matrices(a, batch, size, generator),
        elastic=_elastic(a, batch, size, generator),
        brightness=_factors(a.brightness, batch, generator),
        contrast=_factors(a.contrast, batch, generator),
        gamma=_factors(a.gamma, batch, generator),
        saturation=_factors(a.saturation if colour else 0, batch, generator),
        hue=turned,
        blur=_blur(a, batch, generator),
        noise=_noise(a, batch, generator),
        noise_seed=int(torch.randint(2**62, (), generator=generator)),
        holes=_holes(a, batch, size, generator),
    )


def _within(largest: float, batch: int, generator: Generator, *more: int) -> Tensor:
    return (2 * torch.rand(batch, *more, generator=generator) - 1) * largest


def _chosen(chance: float, batch: int, generator: Generator) -> Tensor:
    return torch.rand(batch, generator=generator) < chance


def _factors(largest: float, batch: int, generator: Generator) -> Tensor | None:
    return None if largest == 0 else 1 + _within(largest, batch, generator)


def _flips(a: Augment, batch: int, generator: Generator) -> Tensor | None:
    if a.horizontal_flip == a.vertical_flip == 0:
        return None
    chances = (a.horizontal_flip, a.vertical_flip)
    return torch.stack([_chosen(chance, batch, generator) for chance in chances], dim=1)


def _matrices(a: Augment, batch: int, size: tuple[int, int], generator: Generator) -> Tensor | None:
    """Rotation, zoom, horizontal shear about the centre, then a shift, as ``RandomAffine``'s."""
    if not (a.rotation or a.shift or a.zoom or a.shear):
        return None
    from kornia.geometry.transform import get_affine_matrix2d  # slow to import: only when needed

    extent = torch.tensor([size[1], size[0]], dtype=torch.float32)
    matrices: Tensor = get_affine_matrix2d(
        translations=_within(a.shift, batch, generator, 2) * extent,
        center=((extent - 1) / 2).expand(batch, 2),
        scale=1 + _within(a.zoom, batch, generator, 2 if a.zoom_each_axis else 1).expand(batch, 2),
        angle=_within(a.rotation, batch, generator),
        sx=_within(math.radians(a.shear), batch, generator),
        sy=torch.zeros(batch),
    )
    return matrices[:, :2].double()


def _elastic(a: Augment, batch: int, size: tuple[int, int], generator: Generator) -> Tensor | None:
    """After torchio's ``RandomElasticDeformation``: coarse points, smooth in between."""
    if a.elastic == 0:
        return None
    extent = torch.tensor([size[1], size[0]]).view(1, 2, 1, 1)
    return _within(a.elastic, batch, generator, 2, _POINTS, _POINTS) * extent


def _blur(a: Augment, batch: int, generator: Generator) -> Tensor | None:
    if a.blur == 0:
        return None
    chosen = _chosen(a.blur, batch, generator)
    drawn = torch.rand(batch, generator=generator)
    return chosen * (_LEAST_SIGMA + drawn * (a.blur_sigma - _LEAST_SIGMA))


def _noise(a: Augment, batch: int, generator: Generator) -> Tensor | None:
    if a.gauss_noise == 0:
        return None
    chosen = _chosen(a.gauss_noise, batch, generator)
    least, most = a.gauss_noise_std_min**2, a.gauss_noise_std**2
    return chosen * (least + torch.rand(batch, generator=generator) * (most - least)).sqrt()


def _holes(a: Augment, batch: int, size: tuple[int, int], generator: Generator) -> Tensor | None:
    """All holes of a sample or none, each inside the image; they may overlap."""
    if a.coarse_dropout == 0:
        return None
    chosen = _chosen(a.coarse_dropout, batch, generator)
    shape = (batch, a.coarse_dropout_holes)
    begins, ends = [], []
    for length in size:
        least, most = (
            min(side, length) for side in (a.coarse_dropout_size_min, a.coarse_dropout_size)
        )
        sides = torch.randint(least, most + 1, shape, generator=generator)
        begin = (torch.rand(shape, generator=generator) * (length - sides + 1)).long()
        begins.append(begin)
        ends.append(begin + sides)
    return torch.stack([*begins, *ends], dim=-1) * chosen.view(-1, 1, 1)
