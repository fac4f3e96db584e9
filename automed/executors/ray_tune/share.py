"""What each training gets of a cluster, and how many of them it has room for."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from automed.domain.errors import StudyError
from automed.executors.slots import CORES_EACH

Resources = dict[str, float]
"""Of a node, as Ray names them: CPU, GPU and others."""

_LOOK_AGAIN = 5.0
"""Seconds after which the cluster's size is asked for anew: nodes come and go."""


@dataclass(frozen=True)
class Wish:
    """What a user says of it.

    Attributes:
        workers: Trainings at a time; None: as many as there is room for.
        gpus_per_trial: Share of a GPU for each; None: a whole one, where there are GPUs.
        on_gpus: Whether trainings may compute on GPUs.
    """

    workers: int | None = None
    gpus_per_trial: float | None = None
    on_gpus: bool = True


ANY = Wish()
"""Of somebody who says nothing."""


@dataclass(frozen=True)
class Share:
    """What each training gets of the cluster.

    Attributes:
        cpus: Cores.
        gpus: Of a GPU.
    """

    cpus: float
    gpus: float = 0.0


def share_out(nodes: Sequence[Resources], wish: Wish) -> Share:
    """Share a cluster out among trainings.

    Where there are GPUs, each training gets its share of one, and of the cores beside it. Else the
    wanted number of trainings share all cores, or each gets two.

    Args:
        nodes: What each node has.
        wish: What the user says.

    Raises:
        StudyError: The share of a GPU is none, or the cluster has no cores.
    """
    gpus = 1.0 if wish.gpus_per_trial is None else wish.gpus_per_trial
    if not 0 < gpus <= 1:
        raise StudyError(
            "--gpus-per-trial is no share of a GPU", found=f"{gpus:g}",
            expected="more than 0 and at most 1: a training computes on one GPU",
        )  # fmt: skip
    with_gpus = [node for node in nodes if node.get("GPU", 0) >= gpus]
    if wish.on_gpus and with_gpus:
        beside = min(node.get("CPU", 0.0) / node["GPU"] for node in with_gpus) * gpus
        return Share(cpus=_whole(beside), gpus=gpus)
    cores = [node.get("CPU", 0.0) for node in nodes]
    largest = max(cores, default=0.0)
    if largest < 1:
        raise StudyError(
            "the Ray cluster has no cores to train on", found=f"{len(nodes)} nodes",
            hint="start its nodes with --num-cpus, or wait until they have joined: ray status",
        )  # fmt: skip
    each = float(CORES_EACH) if wish.workers is None else sum(cores) / wish.workers
    return Share(cpus=_whole(min(each, largest)))


def _whole(cores: float) -> float:
    """Whole cores, at least one: threads cannot be halved."""
    return float(max(1, int(cores)))


class Room:
    """How many trainings the cluster has room for; follows nodes that come and go.

    Args:
        nodes: Tells what each node has now.
        share: What each training gets.
        workers: No more than so many; None: as many as there is room for.
    """

    def __init__(
        self, nodes: Callable[[], Sequence[Resources]], share: Share, workers: int | None
    ) -> None:
        self._nodes = nodes
        self._share = share
        self._workers = workers
        self._looked = -_LOOK_AGAIN
        self._found = 1

    def __call__(self) -> int:
        """At least one: Tune waits for its place."""
        if time.monotonic() - self._looked >= _LOOK_AGAIN:
            self._looked = time.monotonic()
            self._found = max(1, self._fitting())
        return self._found if self._workers is None else min(self._found, self._workers)

    def _fitting(self) -> int:
        return sum(_fit(node, self._share) for node in self._nodes())


def _fit(node: Resources, share: Share) -> int:
    fitting = [node.get("CPU", 0.0) / share.cpus if share.cpus else float("inf")]
    if share.gpus:
        fitting.append(node.get("GPU", 0.0) / share.gpus)
    return int(min(fitting) + 1e-9)
