"""What a finished trial leaves behind."""

from __future__ import annotations

from pydantic import Field

from automed.domain.cost import Cost
from automed.domain.frozen import Frozen
from automed.domain.normalization import Normalization


class Result(Frozen):
    """Validation metrics and costs of one trained model."""

    metrics: dict[str, float]
    """On the validation part, at the best epoch. The test part is never touched by a search."""
    cost: Cost
    epochs: int = Field(ge=0)
    """Epochs that were trained."""
    best_epoch: int = Field(ge=0)
    seconds: float = Field(ge=0)
    artifact: str | None = None
    """The weights file, relative to the study's folder."""
    split_digest: str
    device: str = "cpu"
    normalization: Normalization | None = None
    """Of the images that the model takes."""
    parent: int | None = None
    """Number of the trial this one was compressed from."""

    def values(self) -> dict[str, float]:
        """Metrics and costs under the names that objectives and constraints use."""
        return {**self.metrics, **self.cost.as_metrics()}


class Failure(Frozen):
    """Why a trial failed."""

    kind: str
    """The exception's class name."""
    message: str
    epoch: int | None = None
    """The epoch in which it happened, where that is known."""
