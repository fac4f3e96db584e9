"""Which share of a machine each worker gets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from automed.domain.errors import AutomedError

THREADS = "OMP_NUM_THREADS"
GPUS = "CUDA_VISIBLE_DEVICES"

CORES_EACH = 2
"""Of a worker, where their number is left to us and there is no GPU. Trainings of small models
gain little from more, and each worker needs memory of its own."""


@dataclass(frozen=True)
class Slot:
    """A worker's place. The worker that replaces a dead one takes the same.

    Attributes:
        number: From 0.
        environment: What is set in a worker before it imports anything.
        gpu: Which it computes on, as CUDA names it; None: none.
    """

    number: int
    environment: dict[str, str] = field(default_factory=dict, hash=False)
    gpu: str | None = None


def usual_workers(cores: int, gpus: Sequence[str] = (), share: float = 1.0) -> int:
    """How many workers a machine has room for.

    Args:
        cores: That may be used.
        gpus: That may be used.
        share: Of a GPU, for one training.

    Raises:
        AutomedError: The share is none.
    """
    return len(gpus) * _per_gpu(share) or max(1, cores // CORES_EACH)


def assign(
    workers: int,
    cores: int = 1,
    gpus: Sequence[str] = (),
    share: float = 1.0,
    threads: str | None = None,
) -> tuple[Slot, ...]:
    """Share a machine out among workers.

    Neighbouring workers stand on different GPUs, so that two workers on two GPUs never share one.
    A single worker computes with as many threads as a search without workers, and so comes to the
    very same numbers.

    Args:
        workers: How many.
        cores: That may be used, by all of them together.
        gpus: That may be used, by the names that ``CUDA_VISIBLE_DEVICES`` takes.
        share: Of a GPU, for one training.
        threads: What the user set ``OMP_NUM_THREADS`` to; it is left as it is.

    Raises:
        AutomedError: There are not as many workers' shares of GPUs, or of anything.
    """
    if workers < 1:
        raise AutomedError("--workers must be positive", found=workers, expected="at least 1")
    room = len(gpus) * _per_gpu(share)
    if gpus and workers > room:
        raise AutomedError(
            f"{workers} workers do not fit on {_counted(len(gpus))}",
            found=f"--gpus-per-trial {share:g}, which makes room for {room}",
            hint=f"--workers {room}, or --gpus-per-trial {_fitting(workers, len(gpus))}",
        )
    own = {} if threads or workers == 1 else {THREADS: str(max(1, cores // workers))}
    places = [gpus[number % len(gpus)] if gpus else None for number in range(workers)]
    return tuple(
        Slot(number, own if gpu is None else {**own, GPUS: gpu}, gpu)
        for number, gpu in enumerate(places)
    )


def _per_gpu(share: float) -> int:
    if not 0 < share <= 1:
        raise AutomedError(
            "--gpus-per-trial is no share of a GPU", found=f"{share:g}",
            expected="more than 0 and at most 1: a training computes on one GPU",
        )  # fmt: skip
    return math.floor(1 / share + 1e-9)


def _fitting(workers: int, gpus: int) -> str:
    return f"{math.floor(100 / math.ceil(workers / gpus)) / 100:g}"


def _counted(gpus: int) -> str:
    return "1 GPU" if gpus == 1 else f"{gpus} GPUs"
