"""Building the image cache once, however many processes want it."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import DTypeLike, NDArray

import automed
from automed.data.atomic_folder import built_aside, locked, writing
from automed.data.dataset import Dataset
from automed.data.image_cache import (
    IMAGES,
    INDEX,
    TARGETS,
    ImageCache,
    describe_array,
    read_cache,
    whole_cache,
)
from automed.data.parallel import in_threads
from automed.data.preprocess import Chain, read_chain
from automed.data.read_sample import read_sample
from automed.data.resize import resize_image, resize_mask
from automed.domain.digest import digest
from automed.domain.sample import Sample
from automed.domain.task import AnyTask, SegmentationTask

FORMAT = 2
"""Raised when the same inputs would give other pixels, as when a step of preprocessing changes, so
that older caches are left alone."""

Progress = Callable[[int, int], None]
"""Called with (samples done, samples in all)."""


def cache_key(dataset_digest: str, task: AnyTask) -> str:
    """The name of the cache's folder: equal inputs, equal name.

    Args:
        dataset_digest: `Dataset.digest`.
        task: Its kind, channels, preprocessing, window, image size and mask values count.

    Raises:
        DataError: The preprocessing is unknown, or not for these channels.
    """
    chain = read_chain(task.preprocess, task.channels)
    how = [str(chain), task.window, list(task.image_size), task.channels]
    if isinstance(task, SegmentationTask):
        how += [len(task.classes), list(task.mask_values)]
    how += [chain.versions] if chain.versions else []
    return digest([FORMAT, dataset_digest, *how])[:32]


def open_cache(root: Path, key: str) -> ImageCache:
    """Open the cache ``root/key``.

    Raises:
        DataError: It does not exist, is half-built or damaged.
    """
    return read_cache(root / key)


def build_cache(
    dataset: Dataset,
    task: AnyTask,
    root: Path,
    progress: Progress | None = None,
) -> ImageCache:
    """Open the cache of a data set, building it first where it is missing or damaged.

    Images are decoded, cropped where asked for and resized in threads, one image in memory for
    each, and then preprocessed at the final size, as in paper 3. A cache is built in a folder
    aside, under a lock, and moved into place when it is complete: other processes wait for it, and
    one that is killed leaves nothing that could be taken for a cache.

    Args:
        dataset: Its samples give the rows, in their order.
        task: As for `cache_key`.
        root: The workspace's cache folder.
        progress: Called in this thread; not called where the cache existed.

    Raises:
        DataError: A file cannot be read, or the preprocessing is unknown or not for these channels.
        WorkspaceError: The cache cannot be written, for instance because the disk is full.
    """
    recipe = _Recipe(dataset, task, read_chain(task.preprocess, task.channels))
    folder = root / cache_key(dataset.digest, task)
    existing = whole_cache(folder)
    if existing is not None:
        return existing
    with locked(folder):
        return whole_cache(folder) or _build(recipe, folder, progress)


@dataclass(frozen=True)
class _Recipe:
    """What makes a row of the cache from a sample."""

    dataset: Dataset
    task: AnyTask
    chain: Chain

    @property
    def target_layout(self) -> tuple[tuple[int, ...], DTypeLike]:
        samples = len(self.dataset.samples)
        if self.task.kind == "segmentation":
            return (samples, *self.task.image_size), np.uint8
        return (samples,), np.int64

    def row(self, sample: Sample) -> tuple[NDArray[np.uint8], Any]:
        """The image, shape (height, width, channels), and the mask or class index."""
        size = self.task.image_size
        image, mask = self.chain.at_native_size(*read_sample(self.dataset, sample, self.task))
        ready = self.chain.at_final_size(resize_image(image, size))
        if mask is None:
            return ready, self.dataset.classes.index(str(sample.label))
        return ready, resize_mask(mask, size)

    def provenance(self) -> dict[str, Any]:
        return {
            "automed": automed.__version__,
            "opencv": cv2.__version__,
            "format": FORMAT,
            "dataset": str(self.dataset.root),
            "dataset_digest": self.dataset.digest,
            "kind": self.task.kind,
            "preprocess": str(self.chain),
            "window": self.task.window,
            "image_size": list(self.task.image_size),
            "channels": self.task.channels,
        }


def _build(recipe: _Recipe, folder: Path, progress: Progress | None) -> ImageCache:
    shape = (len(recipe.dataset.samples), *recipe.task.image_size, recipe.task.channels)
    with built_aside(folder) as aside:
        with writing(folder):
            images = _allocate(aside / IMAGES, shape, np.uint8)
            targets = _allocate(aside / TARGETS, *recipe.target_layout)
        _fill(recipe, images, targets, progress)
        with writing(folder):
            images.flush()
            targets.flush()
            _write_index(recipe, aside)
    return read_cache(folder)


def _allocate(path: Path, shape: tuple[int, ...], dtype: DTypeLike) -> np.memmap[Any, Any]:
    """A new array file whose blocks are all reserved.

    Writing to a mapped page that the full disk has no block for kills the process (SIGBUS), so
    the space is claimed first, which fails with an error that can be told.
    """
    array: np.memmap[Any, Any] = np.lib.format.open_memmap(path, "w+", dtype, shape)
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            try:
                os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
            except OSError as error:
                if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):  # not all systems can
                    raise
    return array


def _fill(
    recipe: _Recipe,
    images: NDArray[np.uint8],
    targets: NDArray[Any],
    progress: Progress | None,
) -> None:
    samples = recipe.dataset.samples

    def write(row: int) -> None:
        images[row], targets[row] = recipe.row(samples[row])

    for done, _ in enumerate(in_threads(write, range(len(samples))), start=1):
        if progress is not None:
            progress(done, len(samples))


def _write_index(recipe: _Recipe, folder: Path) -> None:
    """Write what makes the folder a complete cache; last, and at once."""
    index = {
        "provenance": recipe.provenance(),
        "classes": list(recipe.dataset.classes),
        "arrays": {name: describe_array(folder / name) for name in (IMAGES, TARGETS)},
        "ids": [sample.id for sample in recipe.dataset.samples],
    }
    draft = folder / f"{INDEX}.draft"
    draft.write_text(json.dumps(index), encoding="utf-8")
    draft.replace(folder / INDEX)
