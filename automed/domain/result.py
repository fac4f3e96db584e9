"""What a finished trial leaves behind."""

from __future__ import annotations

from pydantic import Field

from automed.domain.cost import Cost
from automed.domain.frozen import Frozen
from automed.domain.normalization import Normalization
from automed.domain.parity import Parity


class Result(Frozen):
    """Validation metrics and costs of one trained model, or of one that was compressed."""

    metrics: dict[str, float]
    """On the validation part, at the best epoch, of the artifact where there is one. The test part
    is never touched by a search."""
    cost: Cost
    epochs: int = Field(ge=0)
    """Epochs that were trained."""
    best_epoch: int = Field(ge=0)
    seconds: float = Field(ge=0)
    artifact: str | None = None
    """The file that a user would deploy, ``model.onnx``, relative to the study's folder."""
    weights: str | None = None
    """The trained weights, as safetensors, relative to the study's folder."""
    parity: Parity | None = None
    """How the artifact compares with the PyTorch model."""
    threshold: float | None = Field(default=None, gt=0, lt=1)
    """Of a binary segmentation: the foreground probability that gives the best pooled Dice on the
    validation part. The metrics are those at one half."""
    split_digest: str
    device: str = "cpu"
    normalization: Normalization | None = None
    """Of the images that the model takes."""
    parent: int | None = None
    """Number of the trial this one was compressed from."""
    details: dict[str, float | str] = Field(default_factory=dict)
    """What its compression did, in its own words and figures."""
    remarks: tuple[str, ...] = ()
    """What a user must know before deploying it, such as a loss of quality."""

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
