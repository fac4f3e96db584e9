"""Local contrast."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_CLIP_LIMIT = 2.0
_TILES = (8, 8)


def clahe(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Contrast-limited adaptive histogram equalization: OpenCV's, clip limit 2, 8x8 tiles.

    Zuiderveld, Graphics Gems IV (1994). With three channels the lightness L of CIE L*a*b* is
    equalized and the colour kept; otherwise each channel is by itself.

    Args:
        image: Shape (height, width, channels), 0 to 255.
    """
    # OpenCV's object holds buffers, and cache rows are made in threads: one for each call.
    equalizer = cv2.createCLAHE(clipLimit=_CLIP_LIMIT, tileGridSize=_TILES)
    if image.shape[2] != 3:
        planes = [
            equalizer.apply(np.ascontiguousarray(plane)) for plane in np.moveaxis(image, 2, 0)
        ]
        return np.stack(planes, axis=2).astype(np.uint8)
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    lab[..., 0] = equalizer.apply(np.ascontiguousarray(lab[..., 0]))
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), dtype=np.uint8)
