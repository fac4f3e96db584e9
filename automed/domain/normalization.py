"""What is subtracted from an image and what it is divided by, before the model sees it."""

from __future__ import annotations

from math import isfinite
from typing import Self

from pydantic import Field, model_validator

from automed.domain.frozen import Frozen


class Normalization(Frozen):
    """The model sees (x - mean) / std of images x in [0, 1], channel by channel."""

    mean: tuple[float, ...] = Field(min_length=1)
    std: tuple[float, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_a_channel(self) -> Self:
        if len(self.mean) != len(self.std) or min(self.std) <= 0:
            raise ValueError(f"mean {self.mean} and std {self.std} must have one value a channel")
        if not all(map(isfinite, (*self.mean, *self.std))):
            raise ValueError(f"mean {self.mean} and std {self.std} must be finite")
        return self
