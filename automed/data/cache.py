"""Building the image cache once, however many processes want it."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

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
)
from automed.data.parallel import in_threads
from automed.data.preprocess import PREPROCESS
from automed.data.readers import read_image, read_masks, size_text
from automed.data.resize import resize_image, resize_mask
from automed.domain.digest import digest
from automed.domain.errors import DataError
from automed.domain.sample import Sample

FORMAT = 1
"""Raised when the same inputs would give other pixels, so that older caches are left alone."""

Progress = Callable[[int, int], None]
"""Called with (samples done, samples in all)."""


def cache_key(
    dataset_digest: str, preprocess: str, image_size: tuple[int, int], channels: int
) -> str:
    """The name of the cache's folder: equal inputs, equal name."""
    return digest([FORMAT, dataset_digest, preprocess, list(image_size), channels])[:32]


def open_cache(root: Path, key: str) -> ImageCache:
    """Open the cache ``root/key``.

    Raises:
        DataError: It does not exist, is half-built or damaged.
    """
    return read_cache(root / key)


def build_cache(
    dataset: Dataset,
    task_kind: Literal["segmentation", "classification"],
    channels: Literal[1, 3],
    preprocess: str,
    image_size: tuple[int, int],
    root: Path,
    progress: Progress | None = None,
) -> ImageCache:
    """Open the cache of a data set, building it first where it is missing or damaged.

    Images are decoded and resized in threads, one image in memory for each, and then
    preprocessed at the final size, as in paper 3. A cache is built in a folder aside, under a
    lock, and moved into place when it is complete: other processes wait for it, and one that is
    killed leaves nothing that could be taken for a cache.

    Args:
        dataset: Its samples give the rows, in their order.
        task_kind: Whether targets are masks or class indices.
        channels: 1 or 3.
        preprocess: A key of `PREPROCESS`.
        image_size: Height and width.
        root: The workspace's cache folder.
        progress: Called in this thread; not called where the cache existed.

    Raises:
        DataError: A file cannot be read, or there is no such preprocessing.
        WorkspaceError: The cache cannot be written, for instance because the disk is full.
    """
    if preprocess not in PREPROCESS:
        raise DataError(
            f"there is no preprocessing {preprocess!r}", expected=", ".join(sorted(PREPROCESS))
        )
    recipe = _Recipe(dataset, task_kind, channels, preprocess, image_size)
    folder = root / cache_key(dataset.digest, preprocess, image_size, channels)
    existing = _complete(folder)
    if existing is not None:
        return existing
    with locked(folder):
        return _complete(folder) or _build(recipe, folder, progress)


@dataclass(frozen=True)
class _Recipe:
    """What makes a row of the cache from a sample."""

    dataset: Dataset
    kind: Literal["segmentation", "classification"]
    channels: Literal[1, 3]
    preprocess: str
    size: tuple[int, int]

    @property
    def target_layout(self) -> tuple[tuple[int, ...], DTypeLike]:
        samples = len(self.dataset.samples)
        if self.kind == "segmentation":
            return (samples, *self.size), np.uint8
        return (samples,), np.int64

    def row(self, sample: Sample) -> tuple[NDArray[np.uint8], Any]:
        """The image, shape (height, width, channels), and the mask or class index."""
        image = read_image(self.dataset.image_path(sample), self.channels)
        ready = PREPROCESS[self.preprocess](resize_image(image, self.size))
        if self.kind == "classification":
            return ready, self.dataset.classes.index(str(sample.label))
        masks = self.dataset.mask_paths(sample)
        mask = read_masks(masks, self.dataset.options.mask_values)
        if mask.shape != image.shape[:2]:
            raise DataError(
                f"{masks[0]} differs in size from its image {sample.image}",
                found=size_text(mask.shape),
                expected=size_text(image.shape),
            )
        return ready, resize_mask(mask, self.size)

    def provenance(self) -> dict[str, Any]:
        return {
            "automed": automed.__version__,
            "opencv": cv2.__version__,
            "format": FORMAT,
            "dataset": str(self.dataset.root),
            "dataset_digest": self.dataset.digest,
            "kind": self.kind,
            "preprocess": self.preprocess,
            "image_size": list(self.size),
            "channels": self.channels,
        }


def _complete(folder: Path) -> ImageCache | None:
    try:
        return read_cache(folder)
    except DataError:
        return None  # missing or damaged: either way it is built anew


def _build(recipe: _Recipe, folder: Path, progress: Progress | None) -> ImageCache:
    shape = (len(recipe.dataset.samples), *recipe.size, recipe.channels)
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
