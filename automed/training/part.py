"""The samples that train, or those that validate: rows of the image cache."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Part:
    """Some rows of a cache.

    Attributes:
        images: uint8, shape (samples, height, width, channels); mapped, not in memory.
        targets: uint8 masks of class indices, 0 for background, shape (samples, height, width), or
            int64 class indices, shape (samples,).
        rows: int64, which rows belong to the part, in its order.
        classes: How many foreground classes the masks hold. One: they are binary. Not looked at
            for a classification.
    """

    images: NDArray[np.uint8]
    targets: NDArray[Any]
    rows: NDArray[np.int64]
    classes: int = 1

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def labels(self) -> NDArray[np.int64]:
        """The class indices of a classification, shape (rows,)."""
        return np.asarray(self.targets[self.rows], dtype=np.int64)

    def batch(self, picked: NDArray[np.int64], device: torch.device) -> tuple[Tensor, Tensor]:
        """Images and targets of a batch, on the device that computes.

        Args:
            picked: Positions in the part, shape (batch,).
            device: A CUDA device receives pinned memory without waiting for the copy.

        Returns:
            Float images in [0, 1] of shape (batch, channels, height, width), channels last in
            memory, and targets as losses take them: float masks (batch, 1, height, width) of one
            class, int64 class indices (batch, height, width) of several, or int64 class indices
            (batch,) of a classification.
        """
        rows = self.rows[picked]
        images = _send(self.images[rows], device).permute(0, 3, 1, 2).float().div_(255)
        targets = _send(self.targets[rows], device)
        if targets.ndim == 3 and self.classes == 1:
            return images, targets.unsqueeze(1).float()
        return images, targets.long()


def _send(array: NDArray[Any], device: torch.device) -> Tensor:
    # ascontiguousarray: rows picked from a mapped file are a copy already, and stay a mapping type.
    tensor = torch.from_numpy(np.ascontiguousarray(array))
    if device.type == "cuda":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)
