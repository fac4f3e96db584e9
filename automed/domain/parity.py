"""How faithfully an exported file does what the trained model did."""

from __future__ import annotations

from pydantic import Field

from automed.domain.frozen import Frozen


class Parity(Frozen):
    """The artifact beside the PyTorch model it was made from, on validation images."""

    max_difference: float = Field(ge=0)
    """Largest absolute difference of a logit."""
    snr_db: float
    """Power of the PyTorch model's logits over that of the difference, in decibels."""
    metrics: dict[str, float]
    """The PyTorch model's validation metrics; the result's own are the artifact's."""
