"""Soft borders for masks: label smoothing where annotators are unsure."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from automed.domain.errors import TrainingError
from automed.domain.suggestion import suggestion

_GAUSSIAN_SIDE = 7
_GAUSSIAN_SIGMA = 1.5
_RADII = (1, 2)
_MARGIN = 0.01
"""How far a smoothed label stays from one half, on its own side."""


def smooth_masks(masks: Tensor, method: str) -> Tensor:
    """Soften the borders of binary masks, paper 4's label smoothing by Gaussian or morphology.

    Labels stay in [0, 1], those out of the kernel's reach of a border stay exactly 0 or 1, and none
    changes sides: at a threshold of one half the masks given come back, corners and small objects
    included, which a blur alone would round off and lose.

    Args:
        masks: Float in [0, 1], shape (batch, 1, height, width).
        method: ``none``; ``gaussian``: a blur of standard deviation 1.5, 7x7 pixels;
            ``morphology``: the mean of the mask and its dilations and erosions with squares of 3x3
            and 5x5 pixels, a ramp over two pixels on each side.

    Returns:
        Float, shape and device as given; ``none`` returns the masks themselves.

    Raises:
        TrainingError: There is no such method, or the masks are class indices.
    """
    if method == "none":
        return masks
    if method not in _METHODS:
        raise TrainingError(
            f"training.smooth_masks = {method!r} is unknown{suggestion(method, _NAMES)}",
            expected=", ".join(_NAMES),
        )
    if not masks.is_floating_point():
        raise TrainingError(
            "training.smooth_masks is for binary masks",
            found="class indices: a task of several classes",
            hint="--set training.smooth_masks=none; training.label_smoothing is for any classes",
        )
    with torch.no_grad():
        soft = _METHODS[method](masks).clamp(0, 1)
        inside, outside = soft.clamp(min=0.5 + _MARGIN), soft.clamp(max=0.5 - _MARGIN)
        return torch.where(masks >= 0.5, inside, outside)


def _gaussian(masks: Tensor) -> Tensor:
    from kornia.filters import gaussian_blur2d  # slow to import: only when needed

    sigmas = (_GAUSSIAN_SIGMA, _GAUSSIAN_SIGMA)
    soft: Tensor = gaussian_blur2d(masks, _GAUSSIAN_SIDE, sigmas, border_type="replicate")
    # The kernel sums to 1 up to rounding only; its smallest weight is 1e-3.
    return torch.where(soft > 1 - 1e-5, torch.ones_like(soft), soft)


def _morphology(masks: Tensor) -> Tensor:
    from kornia.morphology import dilation, erosion  # slow to import: only when needed

    total = masks
    for radius in _RADII:
        square = masks.new_ones(2 * radius + 1, 2 * radius + 1)
        total = total + dilation(masks, square) + erosion(masks, square)
    return total / (1 + 2 * len(_RADII))


_METHODS: dict[str, Callable[[Tensor], Tensor]] = {
    "gaussian": _gaussian,
    "morphology": _morphology,
}
_NAMES = ("none", *_METHODS)
