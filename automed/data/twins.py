"""Samples whose image files are identical: they must not lie on two sides of a split."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TypeVar

from automed.data.dataset import Dataset

Key = TypeVar("Key", bound=Hashable)


def tie_twins(
    dataset: Dataset, keys: Sequence[Key], ties: Sequence[Sequence[str]] = ()
) -> list[Key]:
    """One key a sample, as given, but the same one wherever samples share an identical image.

    Keys are united transitively (union-find): if A shares an image with B and B one with C, all
    samples of A, B and C get one key.

    Args:
        dataset: Whose samples they are.
        keys: One a sample.
        ties: Ids of samples to be tied, too: copies that an audit found. Unknown ids are passed
            over.

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
    by_id = {sample.id: key for sample, key in zip(dataset.samples, keys, strict=True)}
    for tie in ties:
        known = [by_id[name] for name in tie if name in by_id]
        for key in known[1:]:
            parent[root(key)] = root(known[0])
    return [root(key) for key in keys]
