"""Splitting a data set once, so that nothing of a patient lies on two sides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from automed.data.dataset import Dataset
from automed.data.partition import LACKING, partition
from automed.data.splittable import GROUP_FLAGS, SMALLER_GROUPS, Units, check_splittable, numbered
from automed.data.strata import Strata, strata_of
from automed.data.twins import tie_twins
from automed.domain.errors import SplitError
from automed.domain.split import Split, SplitPolicy


def make_split(
    dataset: Dataset, policy: SplitPolicy, seed: int, ties: Sequence[Sequence[str]] = ()
) -> Split:
    """Partition a data set by its groups, each part with the mix of the whole.

    Groups are never cut. The parts come as near to the policy's shares as the groups allow; every
    class (for segmentation: foreground) is in train and in validation, and in test if possible.
    How candidates are scored: `automed.data.partition.Score`. Samples with identical images stay
    on one side, and so do the copies that an audit found, unless they would tie so many groups
    together that no split is left.

    Args:
        dataset: What to split; for segmentation its masks are read.
        policy: Shares, and whether groups may be waived.
        seed: Same data set, policy, seed and ties: same split.
        ties: Ids of samples that show one image; see `automed.data.audit.Audit`.

    Returns:
        The split; its ids are in the order of ``dataset.samples``.

    Raises:
        SplitError: No groups are known and none waived, or no partition exists.
        DataError: An image or a mask cannot be read.
    """
    note = _waiver(dataset, policy)
    grouped_by = None if note else dataset.grouped_by
    keys = [sample.id if note else sample.group or "" for sample in dataset.samples]
    strata = strata_of(dataset)
    tied = Units(dataset, policy, grouped_by, numbered(tie_twins(dataset, keys, ties)))
    try:
        parts = _parts(tied, strata, seed)
    except SplitError:
        if ties:
            split = make_split(dataset, policy, seed)
            told = "Copies of one image may lie on both sides: they tie nearly all samples together"
            untied: Split = split.replace(note=f"{split.note} {told}.".strip())
            return untied
        groups = tied.replace(numbered(keys))
        if grouped_by is None or groups.count == tied.count:
            raise
        parts = _parts(groups, strata, seed)
        note = "Identical images may lie on both sides: they tie nearly all groups together."
    ids = np.array([sample.id for sample in dataset.samples], dtype=object)
    train, val, test = (tuple(ids[parts == part]) for part in range(3))
    return Split(train=train, val=val, test=test, seed=seed, grouped_by=grouped_by, note=note)


def _waiver(dataset: Dataset, policy: SplitPolicy) -> str:
    """Why samples are split one by one; empty where groups are kept whole."""
    if dataset.options.no_groups:
        return dataset.options.no_groups
    if dataset.grouped_by is not None:
        nameless = [sample.id for sample in dataset.samples if sample.group is None]
        if nameless:
            raise SplitError(
                f"{len(nameless)} of {len(dataset.samples)} samples have no {policy.group}",
                found=", ".join(nameless[:5]),
                expected=f"a {policy.group} for every sample, from {dataset.grouped_by}",
                hint=f"complete it; or {GROUP_FLAGS}",
            )
        return ""
    if policy.waiver:
        return policy.waiver
    raise SplitError(
        f"no {policy.group} is known for the images in {dataset.root}",
        found=f"images only: cut at random, one {policy.group} would lie on both sides and the "
        "scores would be too good",
        expected=f"the {policy.group} of each image",
        hint=GROUP_FLAGS,
    )


def _parts(units: Units, strata: Strata, seed: int) -> NDArray[np.int64]:
    """The part of each sample: 0 train, 1 validation, 2 test."""
    check_splittable(units, strata)
    content = units.total(np.eye(strata.of.max() + 1, dtype=np.int64)[strata.of])
    required = units.total(strata.holds.astype(np.int64))
    policy = units.policy
    parts, score = partition(content, required, (policy.train, policy.val, policy.test), seed)
    if score >= LACKING:
        raise SplitError(
            f"no split of {units.dataset.root} has every class in train and in validation",
            found=f"{units.count} groups ({units.grouped_by}) for {', '.join(strata.required)}",
            expected="each class in several groups",
            hint=SMALLER_GROUPS,
        )
    found: NDArray[np.int64] = parts[units.of]
    return found
