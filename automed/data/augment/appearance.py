"""Brightness, contrast, colours, blur, noise and holes: what changes pixels in their place."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from automed.data.augment.draws import Draws


def coloured(draws: Draws, images: Tensor) -> Tensor:
    """Brightness, contrast, saturation, hue and gamma, in this order, each kept in [0, 1].

    As ``torchvision.transforms.v2.ColorJitter``, with a factor for each sample.
    """
    drawn = {name: getattr(draws, name) for name in _STEPS}
    drawn = {name: factors for name, factors in drawn.items() if factors is not None}
    if not drawn:
        return images
    # One sample at a time stays in a processor's cache; a GPU rather has the whole batch at once.
    several = 1 if images.device.type == "cpu" else max(len(images), 1)
    result = torch.empty_like(images)
    for begin in range(0, len(images), several):
        part = slice(begin, begin + several)
        pixels = images[part]
        for name, factors in drawn.items():
            pixels = _STEPS[name](pixels, factors[part])
        result[part] = pixels
    return result


def _brighter(images: Tensor, factors: Tensor) -> Tensor:
    from kornia.enhance import adjust_brightness_accumulative  # slow to import: only when needed

    result: Tensor = adjust_brightness_accumulative(images, factors)
    return result


def _contrasted(images: Tensor, factors: Tensor) -> Tensor:
    from kornia.enhance import adjust_contrast_with_mean_subtraction

    result: Tensor = adjust_contrast_with_mean_subtraction(images, factors)
    return result


def _saturated(images: Tensor, factors: Tensor) -> Tensor:
    from kornia.enhance import adjust_saturation_with_gray_subtraction

    result: Tensor = adjust_saturation_with_gray_subtraction(images, factors)
    return result


def _bent(images: Tensor, exponents: Tensor) -> Tensor:
    return images.pow(exponents.to(images).view(-1, 1, 1, 1))


def _turned(images: Tensor, angles: Tensor) -> Tensor:
    """Turn the hue in HSV, keeping saturation and value: kornia's ``adjust_hue`` in closed form.

    With k = (h + n) mod 6, a channel is V - C max(0, min(k, 4 - k, 1)), where n is 5, 3 and 1 for
    red, green and blue, C the chroma and h the hue in sixths of the circle. A third of kornia's
    time on a CPU, for want of the choices between six sextants.

    Args:
        images: RGB in [0, 1], shape (batch, 3, height, width).
        angles: In radians, shape (batch,).
    """
    red, green, blue = images.unbind(1)
    value = images.amax(1)
    chroma = value - images.amin(1)
    divisor = torch.where(chroma > 0, chroma, 1)
    hue = torch.where(
        value == red,
        (green - blue) / divisor,
        torch.where(value == green, (blue - red) / divisor + 2, (red - green) / divisor + 4),
    )
    hue += (angles * (3 / math.pi)).to(images).view(-1, 1, 1)
    result = torch.empty_like(images)
    for channel, offset in enumerate((5, 3, 1)):
        place = (hue + offset).remainder_(6)
        result[:, channel] = value - chroma * torch.minimum(place, 4 - place).clamp_(0, 1)
    return result.clamp_(0, 1)


_STEPS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "brightness": _brighter,
    "contrast": _contrasted,
    "saturation": _saturated,
    "hue": _turned,
    "gamma": _bent,
}
"""By the field of `Draws` that holds their factors, in their order."""


def blur(draws: Draws, images: Tensor) -> None:
    """Blur the samples that drew it, in place, the border repeated."""
    if draws.blur is None or not draws.blur.any():
        return
    from kornia.filters import gaussian_blur2d  # slow to import: only when needed

    for sample, sigma in _drawn(draws.blur):
        side = 2 * math.ceil(3 * sigma) + 1
        soft = gaussian_blur2d(images[sample, None], side, (sigma, sigma), border_type="replicate")
        images[sample] = soft[0].clamp_(0, 1)


def add_noise(draws: Draws, images: Tensor) -> None:
    """Add Gaussian noise to the samples that drew some, in place, kept in [0, 1]."""
    if draws.noise is None:
        return
    generator = torch.Generator(images.device).manual_seed(draws.noise_seed)
    for sample, std in _drawn(draws.noise):
        noise = torch.randn(
            images.shape[1:], generator=generator, device=images.device, dtype=images.dtype
        )
        images[sample].add_(noise, alpha=std).clamp_(0, 1)


def pierce(draws: Draws, images: Tensor) -> None:
    """Set the holes of the samples that drew some to 0, in place."""
    if draws.holes is None:
        return
    for sample, holes in enumerate(draws.holes.tolist()):
        for top, left, bottom, right in holes:
            if bottom > top:
                images[sample, :, top:bottom, left:right] = 0


def _drawn(values: Tensor) -> list[tuple[int, float]]:
    """The samples that drew anything but 0, and what they drew."""
    return [(sample, value) for sample, value in enumerate(values.tolist()) if value > 0]
