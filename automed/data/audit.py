"""Looking at every sample of a data set before anybody trains on it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from automed.data import audit_checks as checks
from automed.data.audit_classes import absent_classes, stray_values
from automed.data.dataset import Dataset
from automed.data.duplicates import duplicate_findings, duplicates_of
from automed.data.finding import Finding, number
from automed.data.inspection import Inspection, inspect
from automed.data.parallel import in_threads
from automed.data.summary import Summary, summarize
from automed.data.window import read_window
from automed.domain.errors import DataError
from automed.domain.task import ClassificationTask, SegmentationTask

Progress = Callable[[int, int], None]
"""Called with how many samples are done, and of how many."""


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    Attributes:
        dataset: What was looked at.
        errors: Flaws with which no training makes sense.
        warnings: Flaws that a user should know of; the worst first.
        summary: The data set in figures.
    """

    dataset: Dataset
    errors: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    summary: Summary

    def raise_for_errors(self) -> None:
        """Refuse a data set with errors.

        Raises:
            DataError: There are some; the message names the files.
        """
        if not self.errors:
            return
        problems = [finding.message for finding in self.errors]
        hints = [finding.hint for finding in self.errors if finding.hint]
        raise DataError(
            f"the data in {self.dataset.root} cannot be used: {number(len(problems), 'problem')}",
            found="\n            ".join(problems),
            hint="\n            ".join(dict.fromkeys(hints)) or None,
        )


def audit(
    dataset: Dataset,
    task: SegmentationTask | ClassificationTask,
    progress: Progress | None = None,
) -> Audit:
    """Decode every image and mask, in threads, and report all flaws at once.

    Progress is told in the calling thread. Raises nothing for flaws of the data.

    Raises:
        DataError: The task names a window that does not exist.
    """
    read_window(task.window)
    start = time.monotonic()
    seen = _inspected(dataset, task, progress)
    duplicates = duplicates_of(seen)
    errors = (
        checks.too_few(dataset),
        checks.images_alone(dataset),
        checks.unreadable(seen),
        checks.size_mismatch(seen),
        checks.all_masks_empty(dataset, seen),
        checks.too_few_groups(dataset),
    )
    warnings = (
        *duplicate_findings(duplicates),
        checks.rather_few(dataset),
        checks.small_classes(dataset),
        checks.masks_alone(dataset),
        absent_classes(dataset, seen),
        stray_values(dataset, seen),
        checks.empty_masks(dataset, seen),
        checks.full_masks(seen),
        checks.mostly_foreground(seen),
    )
    return Audit(
        dataset=dataset,
        errors=tuple(finding for finding in errors if finding is not None),
        warnings=tuple(finding for finding in warnings if finding is not None),
        summary=summarize(dataset, seen, duplicates, task.channels, time.monotonic() - start),
    )


def _inspected(
    dataset: Dataset, task: SegmentationTask | ClassificationTask, progress: Progress | None
) -> list[Inspection]:
    total = len(dataset.samples)
    seen: list[Inspection] = []
    for inspection in in_threads(lambda s: inspect(dataset, s, task), dataset.samples):
        seen.append(inspection)
        if progress is not None:
            progress(len(seen), total)
    return seen
