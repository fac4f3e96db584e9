"""One image with its truth and its prediction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automed.analysis.shown_image import Image

Mask = NDArray[np.generic]


@dataclass(frozen=True)
class Example:
    """What a row of a picture shows.

    Attributes:
        id: The sample's id.
        image: uint8, (H, W, C).
        mask: The truth, (H, W): class indices, 0 for background.
        prediction: The same.
        dice: Of this image, in [0, 1].
    """

    id: str
    image: Image
    mask: Mask
    prediction: Mask
    dice: float

    @property
    def caption(self) -> str:
        """Dice and id, shortened in its middle where it is long."""
        return f"Dice {self.dice:.3f}   {_short(self.id)}"


def _short(name: str, length: int = 44) -> str:
    return name if len(name) <= length else f"{name[: length // 2 - 1]}…{name[-length // 2 :]}"
