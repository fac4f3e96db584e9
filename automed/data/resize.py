"""Bringing images and masks to the model's input size; the aspect ratio is not kept."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def resize_image(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """An image at another size: area interpolation down, linear up, each axis by itself.

    Args:
        image: Shape (height, width, channels).
        size: Height and width wanted.
    """
    height, width = image.shape[:2]
    goal_height, goal_width = size
    # OpenCV averages areas only where no axis grows; so shrink first, then enlarge.
    smaller = (min(width, goal_width), min(height, goal_height))
    shrunk = cv2.resize(image, smaller, interpolation=cv2.INTER_AREA)
    resized = cv2.resize(shrunk, (goal_width, goal_height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(resized, dtype=np.uint8).reshape(goal_height, goal_width, image.shape[2])


def resize_mask(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.uint8]:
    """A mask at another size: a pixel is foreground where at least half of its area is.

    Nearest neighbour would sample one source pixel in each cell, so thin objects come and go with
    their position, and contours shift by up to half a source pixel. Averaging moves neither.

    Args:
        mask: Shape (height, width).
        size: Height and width wanted.

    Returns:
        0 and 1, shape ``size``.
    """
    cover = resize_image(mask.astype(np.uint8)[..., None] * np.uint8(255), size)
    return (cover[..., 0] >= 128).astype(np.uint8)
