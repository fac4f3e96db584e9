"""The samples of one trial, from the image cache."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from automed.data.cache import cache_key, open_cache
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
    cache = open_cache(Path(job.cache), cache_key(job.spec.data.digest, task))
    train, val = (
        Part(cache.images, cache.targets, cache.index(ids), classes=len(task.classes))
        for ids in (job.split.train, job.split.val)
    )
    return Parts(train, val)
