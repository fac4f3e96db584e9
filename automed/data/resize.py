"""Bringing images and masks to the model's input size; the aspect ratio is not kept."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_AT_ONCE = 4
"""Channels that OpenCV averages areas of in one call, where a factor is no whole number."""


def resize_image(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """An image at another size: area interpolation down, linear up, each axis by itself.

    Args:
        image: Shape (height, width, channels).
        size: Height and width wanted.
    """
    parts = [
        _resized(image[..., i : i + _AT_ONCE], size) for i in range(0, image.shape[2], _AT_ONCE)
    ]
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=2)


def _resized(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    goal_height, goal_width = size
    # OpenCV averages areas only where no axis grows; so shrink first, then enlarge.
    smaller = (min(width, goal_width), min(height, goal_height))
    shrunk = cv2.resize(image, smaller, interpolation=cv2.INTER_AREA)
    resized = cv2.resize(shrunk, (goal_width, goal_height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(resized, dtype=np.uint8).reshape(goal_height, goal_width, image.shape[2])


def resize_mask(mask: NDArray[np.bool_ | np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """A mask at another size: a pixel is of the class that has most of its area.

    Nearest neighbour would sample one source pixel in each cell, so thin objects come and go with
    their position, and contours shift by up to half a source pixel. Averaging moves neither.

    Args:
        mask: bool, or uint8 class indices with 0 for background; shape (height, width).
        size: Height and width wanted.

    Returns:
        uint8 class indices, shape ``size``. Of classes with equal areas the one with the higher
        index counts, so with one class a pixel is foreground where at least half of its area is.
    """
    if mask.dtype == np.bool_ or mask.max(initial=0) <= 1:
        return (_cover(mask, size) >= 128).astype(np.uint8)
    most = np.zeros(size, np.uint8)
    winner = np.zeros(size, np.uint8)
    for index in np.unique(mask):
        cover = _cover(mask == index, size)
        wins = cover >= most
        winner[wins], most[wins] = index, cover[wins]
    return winner


def _cover(mask: NDArray[np.bool_ | np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """How much of each pixel is covered, from 0 to 255, shape ``size``."""
    return resize_image(mask.astype(np.uint8)[..., None] * np.uint8(255), size)[..., 0]
