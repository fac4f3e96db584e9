"""One synthetic image with its target and its row in the set's table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Picture:
    """What is written to disk for one sample.

    Attributes:
        path: Where the image goes, relative to the set's folder.
        pixels: uint8, shape (height, width) or (height, width, 3) in RGB order.
        mask: Boolean, shape (height, width); None for classification.
        row: Columns and values of the set's table, such as the patient.
    """

    path: str
    pixels: NDArray[np.uint8]
    mask: NDArray[np.bool_] | None = None
    row: Mapping[str, str] = field(default_factory=dict)
