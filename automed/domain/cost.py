"""What a model costs to keep and to run."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from automed.domain.frozen import Frozen
from automed.domain.latency import Latency

Source = Literal["predicted", "measured"]


class Quantity(Frozen):
    """A number and where it came from."""

    value: float = Field(ge=0)
    source: Source = "predicted"


class Cost(Frozen):
    """Parameters, compute and size of one model at one input size.

    Compute is counted in multiply-accumulates (MACs), batch 1, eval mode. Papers often print MACs
    as "GFLOPs"; counting multiply and add apart would double the figure.
    """

    parameters: Quantity
    """All parameters, trainable or not; buffers are not counted."""
    macs: Quantity
    """Multiply-accumulates of one forward pass."""
    size_bytes: Quantity
    """Bytes of the artifact, or of the weights file where there is none: as predicted, or as it
    lies on disk."""
    input_shape: tuple[int, int, int]
    """Channels, height, width."""
    peak_memory_bytes: Quantity | None = None
    """Peak memory of training, where it was measured."""
    zipped_bytes: Quantity | None = None
    """Bytes of the artifact after deflate: what sparse weights save, and only when stored so."""
    latency: Latency | None = None
    """Of the artifact, where it was measured."""

    @property
    def gmacs(self) -> float:
        """MACs in units of 10^9: what papers call GFLOPs."""
        return self.macs.value / 1e9

    @property
    def megabytes(self) -> float:
        """Size in MB of 10^6 bytes."""
        return self.size_bytes.value / 1e6

    def as_metrics(self) -> dict[str, float]:
        """The costs by the names that objectives and constraints use."""
        known = {
            "parameters": self.parameters.value,
            "macs": self.macs.value,
            "size_bytes": self.size_bytes.value,
        }
        return known | ({} if self.latency is None else {"latency_ms": self.latency.p50_ms})

    def describe(self) -> str:
        """One line with the unit and the input size spelled out."""
        _, height, width = self.input_shape
        return (
            f"{self.gmacs:.3f} GMACs at {height}x{width} (= {2 * self.gmacs:.3f} GFLOPs counting "
            f'multiply and add; papers often print the first as "GFLOPs"), '
            f"{self.parameters.value / 1e6:.3f} M parameters, {self.megabytes:.2f} MB"
        )
