"""Samples whose image files are identical: they must not lie on two sides of a split."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from automed.data.dataset import Dataset
from automed.domain.errors import DataError
from automed.domain.sample import Sample

Key = TypeVar("Key", bound=Hashable)


def tie_twins(dataset: Dataset, keys: Sequence[Key]) -> list[Key]:
    """One key a sample, as given, but the same one wherever samples share an identical image.

    Keys are united transitively (union-find): if A shares an image with B and B one with C, all
    samples of A, B and C get one key.

    Raises:
        DataError: An image cannot be read.
    """
    parent = {key: key for key in keys}

    def root(key: Key) -> Key:
        while parent[key] != key:
            parent[key] = key = parent[parent[key]]
        return key

    first: dict[bytes, Key] = {}
    for content, key in zip(_contents(dataset), keys, strict=True):
        parent[root(key)] = root(first.setdefault(content, key))
    return [root(key) for key in keys]


def _contents(dataset: Dataset) -> list[bytes]:
    def content(sample: Sample) -> bytes:
        path = dataset.image_path(sample)
        try:
            with path.open("rb") as file:
                return hashlib.file_digest(file, "blake2b").digest()
        except OSError as error:
            raise DataError(f"{path} cannot be read", found=error.strerror or str(error)) from None

    with ThreadPoolExecutor() as pool:  # reading and hashing release the GIL
        return list(pool.map(content, dataset.samples))
