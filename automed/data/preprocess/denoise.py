"""Less noise."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_MEDIAN_SIDE = 3


def denoise(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Non-local means, with OpenCV's defaults: strength 3, 7x7 patches sought in 21x21 pixels.

    Buades, Coll and Morel, CVPR 2005. With three channels OpenCV's colour variant, in CIE L*a*b*;
    otherwise each channel by itself. Slow: about half a second for 288x384 in colour.

    Args:
        image: Shape (height, width, channels), 0 to 255.
    """
    if image.shape[2] == 3:
        return np.asarray(cv2.fastNlMeansDenoisingColored(image), dtype=np.uint8)
    planes = [
        cv2.fastNlMeansDenoising(np.ascontiguousarray(plane)) for plane in np.moveaxis(image, 2, 0)
    ]
    return np.stack(planes, axis=2).astype(np.uint8)


def median(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The median of 3x3 pixels in each channel, for salt-and-pepper noise.

    Args:
        image: Shape (height, width, channels), 0 to 255.
    """
    planes = [
        cv2.medianBlur(np.ascontiguousarray(plane), _MEDIAN_SIDE)
        for plane in np.moveaxis(image, 2, 0)
    ]
    return np.stack(planes, axis=2).astype(np.uint8)
