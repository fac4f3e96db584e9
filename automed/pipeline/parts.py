"""The samples of one trial, from the image cache."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from automed.data.cache import cache_key
from automed.data.image_cache import read_cache
from automed.data.node_cache import near
from automed.domain.task import AnyTask
from automed.pipeline.job import Job
from automed.training.part import Part


@dataclass(frozen=True, eq=False)
class Parts:
    """Training and validation samples. The test part is not even looked up."""

    train: Part
    val: Part


def parts_of(task: AnyTask, job: Job) -> Parts:
    """The parts of a study's split, as a config's task preprocesses them.

    Raises:
        DataError: The image cache is missing or damaged.
    """
    return Parts(_part(task, job, job.split.train), _part(task, job, job.split.val))


def locked_part_of(task: AnyTask, job: Job) -> Part:
    """The test part: for `automed.pipeline.locked_score`, after all selection, and nobody else.

    Raises:
        DataError: The image cache is missing or damaged.
    """
    return _part(task, job, job.split.test)


def _part(task: AnyTask, job: Job, ids: Sequence[str]) -> Part:
    cache = read_cache(near(Path(job.cache) / cache_key(job.spec.data.digest, task)))
    return Part(cache.images, cache.targets, cache.index(ids), classes=len(task.classes))
