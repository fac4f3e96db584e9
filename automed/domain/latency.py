"""How long a model's file takes to answer."""

from __future__ import annotations

from pydantic import Field

from automed.domain.frozen import Frozen


class Latency(Frozen):
    """Time of one call of a runtime, measured in turns with a reference model."""

    p50_ms: float = Field(gt=0)
    """Median, milliseconds, with the drift of the machine cancelled by the reference."""
    p95_ms: float = Field(gt=0)
    ratio: float = Field(gt=0)
    """Median of the time divided by the reference model's in the same block: what repeats."""
    spread: float = Field(ge=0)
    """Half the distance of the quartiles of that ratio, as a share of it."""
    threads: int = Field(ge=1)
    batch: int = Field(ge=1)
    device: str
    """For example ``cpu: AMD EPYC 9R14``."""
    runtime: str
    """For example ``onnxruntime 1.31.1``."""
