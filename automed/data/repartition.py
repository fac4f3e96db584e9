"""Other partitions of the samples that a study trained and selected with, for comparing models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from automed.data.dataset import Dataset
from automed.data.partition import LACKING, partition
from automed.data.splittable import SMALLER_GROUPS, Units, check_splittable, numbered
from automed.data.strata import Strata, strata_of
from automed.data.twins import tie_twins
from automed.domain.digest import derive_seed
from automed.domain.errors import SplitError
from automed.domain.split import Split, SplitPolicy

TRIES = 10
"""Draws for each partition that is wanted: with few groups many draws are the same one."""


def repartitions(
    dataset: Dataset,
    split: Split,
    policy: SplitPolicy,
    count: int,
    ties: Sequence[Sequence[str]] = (),
) -> tuple[Split, ...]:
    """Different partitions of a split's train and validation samples; its test part stays.

    Made as `make_split` makes one: groups are never cut, identical images stay on one side, sizes
    and mix come near to the policy's. The study's own partition, which its models were selected on,
    is none of them. Fewer partitions are the first of more.

    Args:
        dataset: The study's.
        split: The study's.
        policy: The study's.
        count: How many.
        ties: Ids of samples that show one image, as `make_split` was given them.

    Raises:
        SplitError: There are not so many different ones.
        DataError: An image or a mask cannot be read.
    """
    rows = np.flatnonzero(~np.isin([s.id for s in dataset.samples], split.test))
    rest = replace(dataset, samples=tuple(dataset.samples[row] for row in rows))
    strata = strata_of(rest)
    keys = [s.id if split.grouped_by is None else s.group or "" for s in dataset.samples]
    tied = tie_twins(dataset, keys, ties)  # of all samples: their files are read once
    choices = [[tied[row] for row in rows], [keys[row] for row in rows]]
    try:
        return _distinct(Units(rest, policy, split.grouped_by, numbered(choices[0])), strata,
                         split, count)  # fmt: skip
    except SplitError:
        if (split.grouped_by is None and not ties) or choices[0] == choices[1]:
            raise
        # As `make_split`: twins that tie nearly all groups together are let go.
        return _distinct(Units(rest, policy, split.grouped_by, numbered(choices[1])), strata,
                         split, count)  # fmt: skip


def _distinct(units: Units, strata: Strata, split: Split, count: int) -> tuple[Split, ...]:
    check_splittable(units, strata)
    seen, found = {frozenset(split.val)}, []
    for attempt in range(TRIES * count):
        seed = derive_seed(split.seed, "repartition", attempt)
        held = _held_out(units, strata, seed)
        ids = [sample.id for sample in units.dataset.samples]
        val = tuple(i for i, out in zip(ids, held, strict=True) if out)
        if frozenset(val) in seen:
            continue
        seen.add(frozenset(val))
        train = tuple(i for i, out in zip(ids, held, strict=True) if not out)
        found.append(split.replace(train=train, val=val, seed=seed))
        if len(found) == count:
            return tuple(found)
    few = f"--partitions {len(found)}" if len(found) >= 3 else SMALLER_GROUPS
    raise SplitError(
        f"{units.dataset.root} cannot be partitioned in {count} different ways",
        found=f"{len(found)} besides the study's own, of {units.count} groups",
        expected=f"{count}",
        hint=few,
    )


def _held_out(units: Units, strata: Strata, seed: int) -> NDArray[np.bool_]:
    """Which samples validate."""
    policy = units.policy
    content = units.total(np.eye(strata.of.max() + 1, dtype=np.int64)[strata.of])
    required = units.total(strata.holds.astype(np.int64))
    share = policy.val / (policy.train + policy.val)
    # `partition` makes three parts: two halves of what trains stand in for train and test.
    half = (1 - share) / 2
    parts, score = partition(content, required, (half, share, half), seed)
    if score >= LACKING:
        raise SplitError(
            f"no other partition of {units.dataset.root} has every class in train and validation",
            found=f"{units.count} groups for {', '.join(strata.required)}",
            expected="each class in several groups",
            hint=SMALLER_GROUPS,
        )
    held: NDArray[np.bool_] = parts[units.of] == 1
    return held
