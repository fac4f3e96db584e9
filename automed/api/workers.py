"""How many trials at a time, and where each of them computes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.util import find_spec

import torch

from automed.domain.errors import AutomedError
from automed.executors.cores import available_cores
from automed.executors.ray_reach import Cluster, ask_cluster, checked_address
from automed.executors.ray_tune.share import ANY, Wish
from automed.executors.slots import GPUS, THREADS, Slot, assign, usual_workers
from automed.training.device import resolve_device

AUTO = "auto"
_NO_GPU = "--gpus-per-trial has no effect: trainings compute on the CPU"
_RAY_SECONDS = 60.0
"""To connect to a cluster, and leave it again."""


@dataclass(frozen=True)
class Workers:
    """What a user asks for.

    Attributes:
        count: How many; 0: as many as the machine has room for; None: as the study has them, which
            is one where nobody said otherwise.
        gpus_per_trial: Share of a GPU for each training; None: a whole one.
        ray: Address of a Ray cluster, or ``auto``; None: this machine, without Ray.
    """

    count: int | None = None
    gpus_per_trial: float | None = None
    ray: str | None = None


AS_BEFORE = Workers()


@dataclass(frozen=True)
class Places:
    """What they get.

    Attributes:
        slots: One for each worker. A search with a single one trains in its own process.
        device: On which a job's trials compute there.
        notes: What the user should know.
        ray: Address of the Ray cluster to train on instead; None: none.
        wish: How that is to be shared out.
    """

    slots: tuple[Slot, ...] = (Slot(0),)
    device: str = "auto"
    notes: tuple[str, ...] = ()
    ray: str | None = None
    wish: Wish = ANY

    @property
    def workers(self) -> int:
        """What a study's budget keeps of it; two where nobody knows: several, that is."""
        return len(self.slots) if self.ray is None else self.wish.workers or 2


ONE = Places()


def read_workers(
    count: str | None, gpus_per_trial: float | None, ray: str | None = None
) -> Workers:
    """The flags of these names.

    Raises:
        AutomedError: Naming the flag whose value cannot be.
    """
    if count is None or count == AUTO:
        return Workers(None if count is None else 0, gpus_per_trial, ray)
    if not count.isdecimal() or int(count) < 1:
        raise AutomedError(
            "--workers is no number of workers", found=count, expected=f"at least 1, or {AUTO}"
        )
    return Workers(int(count), gpus_per_trial, ray)


def places_for(wanted: Workers, device: str, before: int = 1) -> Places:
    """Share this machine out.

    Args:
        wanted: What is asked for.
        device: As in `Job`.
        before: How many workers the study had last.

    Raises:
        AutomedError: There is no such device, not enough GPUs, or no Ray.
    """
    if wanted.ray is not None:
        return _places_on_ray(wanted, wanted.ray, device)
    gpus, cores = gpus_of(device), available_cores()
    share = 1.0 if wanted.gpus_per_trial is None else wanted.gpus_per_trial
    usual = usual_workers(cores, gpus, share)
    count = before if wanted.count is None else wanted.count or usual
    slots = assign(count, cores, gpus, share, os.environ.get(THREADS))
    notes = tuple(_notes(slots, cores, alone=not gpus and wanted.gpus_per_trial is not None))
    if count == 1:
        return Places((Slot(0),), device, notes)
    # A worker sees its own GPU only, whatever number it has elsewhere.
    return Places(slots, "cuda" if gpus else device, notes)


def _places_on_ray(wanted: Workers, address: str, device: str) -> Places:
    if find_spec("ray") is None:
        raise AutomedError(
            "--ray needs Ray, which is not installed", hint="pip install 'automed[ray]'"
        )
    if device not in ("auto", "cpu", "cuda"):
        raise AutomedError(
            "--device names a GPU, and Ray chooses them", found=device, expected="auto, cpu or cuda"
        )
    notes: tuple[str, ...] = ()
    # Now, as Ray itself would try for a minute, and only after the data were read.
    if checked_address(address) != AUTO:
        notes = _notes_on(ask_cluster(address, _RAY_SECONDS), wanted, device)
    wish = Wish(wanted.count or None, wanted.gpus_per_trial, device != "cpu")
    return Places(device=device, notes=notes, ray=address, wish=wish)


def _notes_on(cluster: Cluster, wanted: Workers, device: str) -> tuple[str, ...]:
    has = f"the Ray cluster: {cluster.describe()}"
    if wanted.gpus_per_trial is None or (cluster.gpus and device != "cpu"):
        return (has,)
    return has, _NO_GPU


def gpus_of(device: str) -> tuple[str, ...]:
    """The GPUs that a device stands for, as ``CUDA_VISIBLE_DEVICES`` names them.

    Raises:
        TrainingError: There is no such device here.
    """
    chosen = resolve_device(device)
    if chosen.type != "cuda":
        return ()
    found = torch.cuda.device_count()
    visible = os.environ.get(GPUS)
    names = visible.split(",") if visible else [str(index) for index in range(found)]
    names = [name.strip() for name in names[:found]]
    # "cuda" is all of them, where trainings can be shared out.
    return tuple(names) if chosen.index is None else (names[chosen.index],)


def _notes(slots: tuple[Slot, ...], cores: int, *, alone: bool) -> list[str]:
    notes = [_NO_GPU] if alone else []
    if len(slots) == 1:
        return notes
    threads = slots[0].environment.get(THREADS, os.environ.get(THREADS, ""))
    each = f"{threads} thread{'' if threads == '1' else 's'} each"
    gpus = sorted({slot.gpu for slot in slots if slot.gpu is not None})
    where = f" on GPU {', '.join(gpus)}" if gpus else f" on {cores} core{'s' * (cores > 1)}"
    notes.append(f"{len(slots)} workers{where}, {each}")
    if not gpus and len(slots) > cores:
        notes.append(
            f"more workers than cores ({cores}) make no search faster, and need more memory"
        )
    notes.append(
        "which of several trainings ends first decides what is tried next: another run of this "
        "search may try other configs (automed replay still explains each of them)"
    )
    return notes
