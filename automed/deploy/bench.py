"""How fast a bundle's model answers on this machine."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from automed.artifact.latency import measure_latency
from automed.deploy.files import MODEL
from automed.domain.bundle import Bundle
from automed.domain.latency import Latency


@dataclass(frozen=True)
class Speed:
    """One way to run the model.

    Attributes:
        latency: Of one call.
    """

    latency: Latency

    @property
    def images_per_second(self) -> float:
        """What one caller gets through."""
        return self.latency.batch * 1000 / self.latency.p50_ms


def usual_threads() -> tuple[int, ...]:
    """1, 2, 4, ... and as many as there are cores for this process."""
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    powers = (1 << n for n in range(cores.bit_length()))
    return tuple(sorted({*(p for p in powers if p <= cores), cores}))


def bench(
    folder: Path,
    bundle: Bundle,
    threads: Sequence[int],
    batches: Sequence[int],
    seconds: float,
    tick: Callable[[int, int], None],
) -> Iterator[Speed]:
    """Time the model for each number of threads and each batch size.

    Args:
        folder: Of the bundle.
        bundle: Its manifest.
        threads: Within an operator.
        batches: Images in a call.
        seconds: For each measurement.
        tick: Called with how many measurements are done, and how many there are.

    Raises:
        ExportError: The runtime refuses the file.
    """
    plans = [(t, b) for b in batches for t in threads]
    with tempfile.TemporaryDirectory(prefix="automed-bench-") as shared:
        for done, (count, batch) in enumerate(plans, start=1):
            latency = measure_latency(
                folder / MODEL, bundle.input_shape, threads=count, batch=batch, seconds=seconds,
                reference=Path(shared) / "reference.json",
            )  # fmt: skip
            tick(done, len(plans))
            yield Speed(latency)
