"""An image with the outlines of its mask, small enough for a page."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from automed.analysis.class_colours import class_colour
from automed.analysis.example import Mask
from automed.analysis.shown_image import Image, as_rgb

Picture = NDArray[np.uint8]
"""RGB, shape (height, width, 3)."""

SIDE = 320
"""Pixels of the longer side; smaller images are enlarged by whole factors."""


def truth_picture(image: Image, mask: Mask | None, side: int = SIDE) -> Picture:
    """An image for people.

    Args:
        image: uint8, (H, W) or (H, W, C).
        mask: Class indices, (H, W), 0 for background; None: no outlines.
        side: Of the longer side, at most.

    Returns:
        The image with a line of two pixels inside the border of each class.

    Raises:
        ValueError: Image and mask differ in size.
    """
    if mask is not None and mask.shape != image.shape[:2]:
        raise ValueError(f"the image is {image.shape[:2]}, the mask {mask.shape}")
    height, width = image.shape[:2]
    factor = side / max(height, width)
    if factor >= 1:
        factor = int(factor)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    shrinks = cv2.INTER_AREA if factor < 1 else cv2.INTER_NEAREST
    picture: Picture = np.array(cv2.resize(as_rgb(image), size, interpolation=shrinks), np.uint8)
    if mask is not None:
        small = cv2.resize(np.asarray(mask, np.uint8), size, interpolation=cv2.INTER_NEAREST)
        for index in np.unique(small):
            if index:
                picture[_border(small == index)] = class_colour(int(index))
    return picture


def _border(area: NDArray[np.bool_]) -> NDArray[np.bool_]:
    inner = cv2.erode(
        area.astype(np.uint8), np.ones((5, 5), np.uint8), borderType=cv2.BORDER_CONSTANT,
        borderValue=1,
    )  # fmt: skip
    return np.asarray(area & (inner == 0), np.bool_)
