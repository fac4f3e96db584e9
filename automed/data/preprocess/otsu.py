"""Otsu's threshold and a closing: cells on black, after paper 3."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def otsu(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The cells of a blood smear in grey, on black: grey, Otsu threshold, closing.

    After paper 3 (leukemia): grey levels, Otsu's threshold, a closing with a 5x5 ellipse (one
    dilation, one erosion), and the grey image kept inside the mask, replicated to the channels of
    the input. Stained cells are *darker* than the plasma around them, so foreground is at or below
    the threshold. The paper's text says above it, which in bright smears would keep the empty
    background: `otsu_bright` does that.

    An image of a single grey level has no cells and comes out black. Grey is Rec. 601's for three
    channels, and the mean over the channels for any other number.

    Args:
        image: Shape (height, width, channels), 0 to 255.
    """
    return _kept(image, cv2.THRESH_BINARY_INV)


def otsu_bright(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What is brighter than Otsu's threshold, such as fluorescent cells: else as `otsu`.

    Args:
        image: Shape (height, width, channels), 0 to 255.
    """
    return _kept(image, cv2.THRESH_BINARY)


def _kept(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    grey = _grey(image)
    _, mask = cv2.threshold(grey, 0, 255, side | cv2.THRESH_OTSU)
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, ellipse)
    kept = np.where(closed > 0, grey, 0).astype(np.uint8)
    return np.repeat(kept[..., None], image.shape[2], axis=2)


def _grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if image.shape[2] == 3:
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    return np.asarray(np.rint(image.mean(axis=2)), dtype=np.uint8)
