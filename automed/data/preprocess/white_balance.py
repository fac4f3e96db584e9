"""White balance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def grey_world(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Scale each colour so that the image is grey on average.

    Buchsbaum, "A spatial processor model for object colour perception", J. Franklin Inst. 310
    (1980): the mean of a scene is grey, so what colour it has comes from the light. (OpenCV has
    it in its contrib module ``xphoto`` only.) A channel that is black everywhere stays black.

    Args:
        image: Shape (height, width, 3), 0 to 255.
    """
    means = image.reshape(-1, 3).mean(axis=0, dtype=np.float64)
    gains = means.mean() / np.where(means > 0, means, 1)
    return np.asarray(np.clip(np.rint(image * gains), 0, 255), dtype=np.uint8)
