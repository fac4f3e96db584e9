"""Looking at every sample of a data set before anybody trains on it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from automed.data import audit_checks as checks
from automed.data import audit_pictures as pictures
from automed.data.audit_cache import AuditCache
from automed.data.audit_classes import absent_classes, stray_values
from automed.data.audit_codes import CODES, LEAVING_OUT, check_allowed
from automed.data.audit_colour import colour_clusters, colour_guess, colour_suffices
from automed.data.audit_frames import consecutive_frames
from automed.data.audit_labels import unlikely_labels
from automed.data.audit_shift import shifted_masks, to_fit
from automed.data.dataset import Dataset, without_samples
from automed.data.duplicates import copies_in, duplicate_findings
from automed.data.finding import Finding, number
from automed.data.inspection import Inspection, inspect
from automed.data.parallel import in_threads
from automed.data.summary import Summary, summarize
from automed.data.window import read_window
from automed.domain.errors import DataError
from automed.domain.sample import Sample
from automed.domain.task import ClassificationTask, SegmentationTask

Progress = Callable[[int, int], None]
"""Called with how many samples are done, and of how many."""


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    Attributes:
        dataset: What can be used: what was looked at, without the samples of waived errors.
        errors: Flaws with which no training makes sense.
        warnings: Flaws that a user should know of; the worst first.
        summary: The data set in figures.
        notes: Facts that are no flaws, but that a user may not know.
        waived: Errors and warnings that were allowed.
        ties: Ids of samples that show one image, to be kept on one side of a split.
    """

    dataset: Dataset
    errors: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    summary: Summary
    notes: tuple[Finding, ...] = ()
    waived: tuple[Finding, ...] = ()
    ties: tuple[tuple[str, ...], ...] = ()

    def raise_for_errors(self) -> None:
        """Refuse a data set with errors.

        Raises:
            DataError: There are some; the message names the files.
        """
        if not self.errors:
            return
        problems = [finding.message for finding in self.errors]
        hints = [finding.hint for finding in self.errors if finding.hint]
        hints += [f"or: --allow {f.code} ({CODES[f.code].waiver})" for f in self.errors
                  if CODES[f.code].waiver]  # fmt: skip
        raise DataError(
            f"the data in {self.dataset.root} cannot be used: {number(len(problems), 'problem')}",
            found="\n            ".join(problems),
            hint="\n            ".join(dict.fromkeys(hints)) or None,
        )


def audit(
    dataset: Dataset,
    task: SegmentationTask | ClassificationTask,
    progress: Progress | None = None,
    comparing: Progress | None = None,
    cache: AuditCache | None = None,
) -> Audit:
    """Decode every image and mask, in threads, and report all flaws at once.

    Progress is told in the calling thread. Raises nothing for flaws of the data.

    Args:
        dataset: What to look at. Codes that its options allow are waived.
        task: What the data are for.
        progress: Told of the samples that were decoded.
        comparing: Told of the images that were compared with all others.
        cache: Remembers what was seen, by the files' content.

    Raises:
        DataError: The task names a window that does not exist, or a code cannot be allowed.
    """
    read_window(task.window)
    check_allowed(dataset.options.allow)
    start = time.monotonic()
    seen = _inspected(dataset, task, progress, cache)
    found = _waivable(dataset, seen)
    allowed = dataset.options.allow
    usable, seen = _usable(dataset, seen, [f for f in found if f.code in allowed])
    copies = copies_in(seen, comparing)
    errors = _present(*found, *_impossible(usable, seen))
    warnings = _present(*duplicate_findings(copies, usable.grouped_by), *_warnings(usable, seen))
    return Audit(
        dataset=usable,
        errors=tuple(f for f in errors if f.code not in allowed),
        warnings=tuple(f for f in warnings if f.code not in allowed),
        summary=summarize(usable, seen, copies.equal, task.channels, time.monotonic() - start),
        notes=_present(colour_clusters(seen)),
        waived=tuple(f for f in (*errors, *warnings) if f.code in allowed),
        ties=copies.ties,
    )


def _present(*findings: Finding | None) -> tuple[Finding, ...]:
    return tuple(finding for finding in findings if finding is not None)


def _waivable(dataset: Dataset, seen: Sequence[Inspection]) -> tuple[Finding, ...]:
    return _present(
        checks.images_alone(dataset), checks.unreadable(seen), checks.size_mismatch(seen)
    )


def _impossible(dataset: Dataset, seen: Sequence[Inspection]) -> tuple[Finding, ...]:
    return _present(
        checks.too_few(dataset),
        checks.all_masks_empty(dataset, seen),
        checks.too_few_groups(dataset),
    )


def _warnings(dataset: Dataset, seen: Sequence[Inspection]) -> tuple[Finding, ...]:
    guess = colour_guess(seen)
    return _present(
        shifted_masks(seen),
        consecutive_frames(seen),
        colour_suffices(guess),
        unlikely_labels(guess),
        pictures.repeated_masks(seen),
        checks.rather_few(dataset),
        checks.small_classes(dataset),
        checks.masks_alone(dataset),
        absent_classes(dataset, seen),
        stray_values(dataset, seen),
        checks.empty_masks(dataset, seen),
        checks.full_masks(seen),
        checks.mostly_foreground(seen),
        pictures.blank_images(seen),
        pictures.mixed_bit_depths(seen),
        pictures.burnt_in(seen),
    )


def _usable(
    dataset: Dataset, seen: list[Inspection], waived: Sequence[Finding]
) -> tuple[Dataset, list[Inspection]]:
    """The data set without the samples that waived errors are about."""
    if not {finding.code for finding in waived} & set(LEAVING_OUT):
        return dataset, seen
    codes = {finding.code for finding in waived}
    bad = {
        s.sample.id
        for s in seen
        if ("unreadable" in codes and s.problems)
        or ("size-mismatch" in codes and s.size and s.mask_size and s.size != s.mask_size)
    }
    left = without_samples(dataset, bad)
    return left, [s for s in seen if s.sample.id not in bad]


def _inspected(
    dataset: Dataset,
    task: SegmentationTask | ClassificationTask,
    progress: Progress | None,
    cache: AuditCache | None,
) -> list[Inspection]:
    total = len(dataset.samples)
    seen: list[Inspection] = []
    how = inspect if cache is None else cache.inspect
    fitted = to_fit(dataset.samples)

    def look(sample: Sample) -> Inspection:
        return how(dataset, sample, task, fitting=sample.id in fitted)

    for inspection in in_threads(look, dataset.samples):
        seen.append(inspection)
        if progress is not None:
            progress(len(seen), total)
    if cache is not None:
        cache.save()
    return seen
