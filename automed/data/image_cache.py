"""Decoded, resized images on disk, mapped into memory by everyone who trains on them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automed.domain.errors import DataError

INDEX = "index.json"
IMAGES = "images.npy"
TARGETS = "targets.npy"


@dataclass(frozen=True, eq=False)
class ImageCache:
    """A complete cache, opened for reading.

    Attributes:
        folder: Where it lies.
        images: uint8, shape (samples, height, width, channels), mapped read-only.
        targets: Segmentation: uint8 class indices, shape (samples, height, width). Classification:
            int64 indices into ``classes``, shape (samples,). Mapped read-only.
        ids: Sample ids in the order of the rows, which is that of ``dataset.samples``.
        classes: Class names; for segmentation those of the foreground.
        provenance: What it was made from: data set, preprocessing, versions.
    """

    folder: Path
    images: NDArray[np.uint8]
    targets: NDArray[Any]
    ids: tuple[str, ...]
    classes: tuple[str, ...]
    provenance: Mapping[str, Any]

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {sample: row for row, sample in enumerate(self.ids)}

    def index(self, ids: Sequence[str]) -> NDArray[np.int64]:
        """The rows of the samples, in the order asked for.

        Raises:
            DataError: A sample is not in the cache.
        """
        missing = [sample for sample in ids if sample not in self._rows]
        if missing:
            raise DataError(
                f"{len(missing)} samples are not in the cache {self.folder}",
                found=f"asked for {', '.join(missing[:5])}",
                expected=f"some of its {len(self.ids)} samples, such as {self.ids[0]}",
                hint="the data set changed since the split was made: start a new study",
            )
        return np.array([self._rows[sample] for sample in ids], dtype=np.int64)


def read_cache(folder: Path) -> ImageCache:
    """Open a cache and check that it is whole.

    Raises:
        DataError: There is none, it is half-built, or a file of it is damaged.
    """
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        arrays = {name: _mapped(folder / name, seen) for name, seen in index["arrays"].items()}
        return ImageCache(
            folder=folder,
            images=arrays[IMAGES],
            targets=arrays[TARGETS],
            ids=tuple(index["ids"]),
            classes=tuple(index["classes"]),
            provenance=index["provenance"],
        )
    except FileNotFoundError as error:
        raise DataError(
            f"there is no image cache at {folder}",
            found=f"{error.filename} does not exist",
            hint="automed search builds it; resume the study with --resume to build it again",
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"the image cache {folder} is damaged",
            found=f"{type(error).__name__}: {error}",
            hint=f"delete the folder {folder}; the next search builds it again",
        ) from None


def whole_cache(folder: Path) -> ImageCache | None:
    """The cache of a folder; None: missing or damaged, and to be made anew either way."""
    try:
        return read_cache(folder)
    except DataError:
        return None


def describe_array(path: Path) -> dict[str, Any]:
    """What the index keeps of an array's file, to notice damage later."""
    array = np.load(path, mmap_mode="r")
    return {"shape": list(array.shape), "dtype": str(array.dtype)}


def _mapped(path: Path, expected: Mapping[str, Any]) -> NDArray[Any]:
    """The array of a file that is what the index recorded; mapping refuses a truncated one."""
    array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    if {"shape": list(array.shape), "dtype": str(array.dtype)} != expected:
        raise ValueError(f"{path.name} is {array.dtype} {array.shape}, expected {dict(expected)}")
    return array
