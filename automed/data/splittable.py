"""Whether a data set can be split at all; if not, why, and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automed.data.dataset import Dataset
from automed.data.strata import Strata
from automed.domain.errors import SplitError
from automed.domain.split import SplitPolicy

NO_GROUPS = 'split image by image: --no-groups "why this is safe"'
SMALLER_GROUPS = (
    "name smaller groups with --group-csv FILE.csv --group-column COLUMN or with --group-pattern "
    f"'REGEX' on the file names; or {NO_GROUPS}"
)
GROUP_FLAGS = (
    "say what belongs together with --group-csv FILE.csv --group-column COLUMN or with "
    f"--group-pattern 'REGEX' on the file names; or {NO_GROUPS}"
)


@dataclass(frozen=True)
class Units:
    """What is never cut: the groups of a data set, or its single images.

    Attributes:
        dataset: Whose samples they are.
        policy: What is asked of the split.
        grouped_by: What was kept whole; None where the units are single images.
        of: Index of each sample's unit, shape (samples,).
    """

    dataset: Dataset
    policy: SplitPolicy
    grouped_by: str | None
    of: NDArray[np.int64]

    @property
    def count(self) -> int:
        """How many there are."""
        return int(self.of.max()) + 1

    def replace(self, of: NDArray[np.int64]) -> Units:
        """Other units of the same data set."""
        return Units(self.dataset, self.policy, self.grouped_by, of)

    def total(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Sum of the samples' rows by unit, shape (samples, n) -> (units, n)."""
        totals = np.zeros((self.count, rows.shape[1]), dtype=np.int64)
        np.add.at(totals, self.of, rows)
        return totals


def check_splittable(units: Units, strata: Strata) -> None:
    """Refuse what no search for a partition could solve.

    Raises:
        SplitError: There are fewer than 3 units, or a class lives in a single one.
    """
    if units.count < 3:
        raise _too_few(units)
    homes = (units.total(strata.holds.astype(np.int64)) > 0).sum(axis=0)
    for index, name in enumerate(strata.required):
        if homes[index] < 2:
            raise _confined(units, name, strata.holds[:, index])


def _too_few(units: Units) -> SplitError:
    root, group = units.dataset.root, units.policy.group
    if units.grouped_by is None:
        return SplitError(
            f"{root} holds too few different images to split",
            found=f"{units.count}",
            expected="at least 3: one each for train, validation and test",
            hint="add images",
        )
    sizes = Counter(str(sample.group) for sample in units.dataset.samples).most_common()
    spans = f"one {group} spans all images" if len(sizes) == 1 else f"too few {group} groups"
    named = ", ".join(f"{name} ({count} images)" for name, count in sizes[:5])
    return SplitError(
        f"no split of {root} exists: {spans}",
        found=f"{named}; grouped by {units.grouped_by}",
        expected="at least 3 groups: one each for train, validation and test",
        hint=SMALLER_GROUPS,
    )


def _confined(units: Units, name: str, holds: NDArray[np.bool_]) -> SplitError:
    samples = [sample for sample, held in zip(units.dataset.samples, holds, strict=True) if held]
    problem = (
        f"no split of {units.dataset.root} exists: {name} cannot be both in train and in validation"
    )
    if not samples:
        return SplitError(
            problem,
            found=f"no image with {name}: every mask is empty",
            expected=f"{name} in at least two images",
            hint="check the masks: automed data check PATH --task TASK; "
            "--mask-values nonzero counts every value but 0",
        )
    if units.grouped_by is None:
        return SplitError(
            problem,
            found=f"{name} only in {', '.join(sample.id for sample in samples[:5])}",
            expected=f"{name} in at least two different images",
            hint=f"add images with {name}, or leave it out",
        )
    homes = ", ".join(sorted({str(sample.group) for sample in samples}))
    return SplitError(
        problem,
        found=f"{name} only in {units.policy.group} {homes}; grouped by {units.grouped_by}",
        expected=f"{name} in at least two groups",
        hint=SMALLER_GROUPS,
    )


def numbered(keys: Sequence[str]) -> NDArray[np.int64]:
    """The index of each sample's key among the distinct keys, in order of appearance."""
    number = {key: index for index, key in enumerate(dict.fromkeys(keys))}
    return np.array([number[key] for key in keys], dtype=np.int64)
