"""What memory the workers of a search share, and what each trial takes of it."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from functools import partial

import torch

from automed.api.workers import gpus_of
from automed.domain.task import AnyTask
from automed.domain.trial import Trial
from automed.executors.admission import Admission
from automed.executors.memory import available_memory
from automed.executors.slots import Slot
from automed.training.memory_needed import training_memory

_log = logging.getLogger(__name__)

_USABLE = 0.9
"""Of what is free: kernels need scratch memory, and allocators waste some."""
_GPU_CONTEXT = 0.6e9
"""Bytes of a GPU that a process takes before it trains: CUDA's context and libraries."""
_PROCESS = 0.8e9
"""Bytes of main memory that a worker takes before it trains: Python, torch and what it imports."""


def admission_for(slots: Sequence[Slot], task: AnyTask) -> Admission:
    """Who is admitted where several workers share a memory.

    Args:
        slots: The workers' places.
        task: The study's.
    """
    sharing = {gpu for gpu, workers in Counter(slot.gpu for slot in slots).items() if workers > 1}
    found = {gpu: _free(gpu) for gpu in sharing}
    on_gpus = any(slot.gpu is not None for slot in slots)
    return Admission(
        partial(_need, task=task),
        {gpu: free * _USABLE for gpu, free in found.items() if free is not None},
        _GPU_CONTEXT if on_gpus else _PROCESS,
    )


def _free(gpu: str | None) -> int | None:
    """Bytes of a GPU's memory, or of main memory, that nobody uses; None: the system won't say."""
    if gpu is None:
        memory = available_memory()
        return None if memory is None else memory.available
    return torch.cuda.mem_get_info(gpus_of("cuda").index(gpu))[0]


def _need(trial: Trial, task: AnyTask) -> float:
    try:
        return training_memory(trial.config, task)
    except Exception as error:  # noqa: BLE001 - the training will tell; this only plans for it
        _log.warning("trial %d is not planned for: %s", trial.number, error)
        return 0.0
