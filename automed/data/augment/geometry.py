"""Flips, and one warp for everything else that moves pixels."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from automed.data.augment.draws import Draws


def moved(draws: Draws, images: Tensor, masks: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """Move the pixels of images and masks alike; the inputs are left as they are.

    Flips alone copy pixels. With an affine map or an elastic deformation, flips, map and
    deformation are one warp, so that pixels are interpolated once: bilinear in images, nearest in
    masks, the border repeated outside.
    """
    if draws.matrices is None and draws.elastic is None:
        if draws.flips is None:
            return images, masks
        turned = None if masks is None else _flipped(masks, draws.flips)
        return _flipped(images, draws.flips), turned
    grid = _grid(draws, images)
    if masks is not None:
        masks = _warped_masks(masks, grid)
    # Interpolation leaves [0, 1] by rounding only.
    return _sampled(images, grid, "bilinear").clamp_(0, 1), masks


def _flipped(batch: Tensor, flips: Tensor) -> Tensor:
    """Mirror the samples that drew it; width is the last axis, height the one before."""
    result = torch.empty_like(batch)
    for sample, drawn in enumerate(flips.tolist()):
        axes = [axis for axis, flip in zip((-1, -2), drawn, strict=True) if flip]
        result[sample] = batch[sample].flip(axes) if axes else batch[sample]
    return result


def _grid(draws: Draws, images: Tensor) -> Tensor:
    """Where each pixel comes from: (x, y) in [-1, 1], shape (batch, height, width, 2)."""
    batch, _, height, width = images.shape
    to_unit = torch.tensor(
        [[2 / max(width - 1, 1), 0, -1], [0, 2 / max(height - 1, 1), -1], [0, 0, 1]],
        dtype=torch.float64,
    )
    back = to_unit @ torch.linalg.inv(_forward(draws, batch, height, width)) @ to_unit.inverse()
    shape = [batch, 1, height, width]
    grid = functional.affine_grid(back[:, :2].to(images), shape, align_corners=True)
    if draws.elastic is None:
        return grid
    displacement = draws.elastic * torch.diagonal(to_unit)[:2].view(1, 2, 1, 1).float()
    smooth = functional.interpolate(
        displacement.to(images), (height, width), mode="bicubic", align_corners=True
    )
    return grid + smooth.permute(0, 2, 3, 1)


def _forward(draws: Draws, batch: int, height: int, width: int) -> Tensor:
    """Flips, then the affine map: from source to destination in pixels, shape (batch, 3, 3)."""
    whole = torch.eye(3, dtype=torch.float64).repeat(batch, 1, 1)
    if draws.flips is not None:
        for axis, length in enumerate((width, height)):
            mirrored = draws.flips[:, axis].double()
            whole[:, axis, axis] = 1 - 2 * mirrored
            whole[:, axis, 2] = mirrored * (length - 1)
    if draws.matrices is None:
        return whole
    affine = torch.eye(3, dtype=torch.float64).repeat(batch, 1, 1)
    affine[:, :2] = draws.matrices
    return affine @ whole


def _warped_masks(masks: Tensor, grid: Tensor) -> Tensor:
    if masks.is_floating_point():
        return _sampled(masks, grid, "nearest")
    # Class indices are small enough to be exact as floats.
    planes = _sampled(masks.unsqueeze(1).to(grid.dtype), grid, "nearest")
    return planes.squeeze(1).to(masks.dtype)


def _sampled(batch: Tensor, grid: Tensor, mode: str) -> Tensor:
    return functional.grid_sample(batch, grid, mode, padding_mode="border", align_corners=True)
