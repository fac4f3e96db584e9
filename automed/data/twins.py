"""Samples whose image files are identical: they must not lie on two sides of a split."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TypeVar

from automed.data.dataset import Dataset

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

    first: dict[tuple[object, ...], Key] = {}
    for sample, key in zip(dataset.samples, keys, strict=True):
        twin = first.setdefault(dataset.content_of(sample), key)
        parent[root(key)] = root(twin)
    return [root(key) for key in keys]
