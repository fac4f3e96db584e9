"""Which samples are copies of each other without being equal: mirrored, trimmed, compressed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from automed.data.audit_alignment import COPY, Aligner
from automed.data.audit_look import Look
from automed.data.perceptual_hash import candidates

COLOUR_WEIGHT = 0.008
"""What a grey level of mean difference between colour quantiles takes from the likeness.

Copies differ by 0 to 15 levels, those of 5 and more because a dark border was trimmed. Round cells
on plain ground that differ in colour alone would else be copies of each other."""

MOST_COLOUR = 20.0
"""Levels from which images are not even laid on each other."""

Progress = Callable[[int, int], None]
"""Called with how many images were compared, and of how many."""


def near_copies(looks: Sequence[Look], progress: Progress | None = None) -> list[tuple[int, int]]:
    """Pairs of images of which one is a copy of the other, the smaller index first.

    Where A is a copy of B and B of C, the pair A, C may be missing: it would say nothing new.
    """
    joined = Sets(len(looks))
    useful = [index for index, look in enumerate(looks) if not look.blank]
    if len(useful) < 2:
        return []
    thumbs = np.stack([looks[index].thumb for index in useful])
    aligner = Aligner(thumbs)
    found = []
    for done, pairs in candidates(thumbs):
        for one, other in pairs:
            mine, theirs = useful[one], useful[other]
            if joined.root(mine) == joined.root(theirs):
                continue
            if _is_copy(aligner, (one, other), (looks[mine], looks[theirs])):
                joined.join(mine, theirs)
                found.append((mine, theirs))
        if progress is not None:
            progress(done, len(useful))
    return sorted(found)


def copies_between(
    looks: Sequence[Look], others: Sequence[Look], progress: Progress | None = None
) -> list[tuple[int, int]]:
    """Pairs of an image of one set and its copy in another set; one pair an image at most."""
    mine = [index for index, look in enumerate(looks) if not look.blank]
    theirs = [index for index, look in enumerate(others) if not look.blank]
    if not mine or not theirs:
        return []
    first = np.stack([looks[index].thumb for index in mine])
    second = np.stack([others[index].thumb for index in theirs])
    aligner = Aligner(first, second)
    found: dict[int, int] = {}
    for done, pairs in candidates(first, second):
        for one, other in pairs:
            pair = (mine[one], theirs[other])
            both = (looks[pair[0]], others[pair[1]])
            if pair[0] not in found and _is_copy(aligner, (one, other), both):
                found[pair[0]] = pair[1]
        if progress is not None:
            progress(done, len(mine))
    return sorted(found.items())


def _is_copy(aligner: Aligner, pair: tuple[int, int], looks: tuple[Look, Look]) -> bool:
    one, other = looks
    if one.middle.shape != other.middle.shape:
        return False
    apart = float(np.abs(one.middle.astype(np.float32) - other.middle).mean())
    if apart > MOST_COLOUR:
        return False
    return aligner.likeness(*pair) - COLOUR_WEIGHT * apart >= COPY - 0.02


class Sets:
    """Disjoint sets of indices (union-find).

    Args:
        count: How many indices, each a set of its own at first.
    """

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))

    def add(self) -> int:
        """A new index, a set of its own."""
        self._parent.append(len(self._parent))
        return len(self._parent) - 1

    def root(self, index: int) -> int:
        """The index that stands for the set."""
        parent = self._parent
        while parent[index] != index:
            parent[index] = index = parent[parent[index]]
        return index

    def join(self, one: int, other: int) -> None:
        """Make one set of two; the smaller root stays."""
        low, high = sorted((self.root(one), self.root(other)))
        self._parent[high] = low

    @property
    def several(self) -> list[list[int]]:
        """The sets of two or more, each in order, by their first index."""
        members: dict[int, list[int]] = {}
        for index in range(len(self._parent)):
            members.setdefault(self.root(index), []).append(index)
        return [found for found in members.values() if len(found) > 1]
