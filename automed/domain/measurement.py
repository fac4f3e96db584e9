"""What one epoch showed."""

from __future__ import annotations

from pydantic import Field

from automed.domain.frozen import Frozen


class Measurement(Frozen):
    """Metrics at the end of one epoch."""

    epoch: int = Field(ge=1)
    """Counted from 1."""
    metrics: dict[str, float]
    """For example ``train_loss``, ``loss``, ``dice``: unprefixed names are validation metrics."""
    seconds: float = Field(ge=0)
    """Since the training began."""
