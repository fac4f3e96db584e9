"""Images of any number of channels, as a screen can show them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

_PERCENTILES = (1, 99)


def as_rgb(image: Image) -> Image:
    """A uint8 image (H, W) or (H, W, C) as (H, W, 3).

    One channel is shown grey and three as colours, as they are. Of any other number the first is
    shown grey, stretched from its 1st to its 99th percentile: the channels of such images, such as
    MR sequences or stains, are no colours, and three of them as red, green and blue would look like
    some.
    """
    planes = image[..., None] if image.ndim == 2 else image
    if planes.shape[2] not in (1, 3):
        planes = _stretched(planes[..., :1])
    return np.ascontiguousarray(np.broadcast_to(planes, (*planes.shape[:2], 3)))


def _stretched(plane: Image) -> Image:
    low, high = np.percentile(plane, _PERCENTILES)
    if high <= low:
        return plane
    shares = (plane.astype(np.float32) - low) / (high - low)
    return np.asarray(np.rint(np.clip(shares, 0, 1) * 255), dtype=np.uint8)
