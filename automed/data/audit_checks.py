"""The single checks of an audit, each from what was seen to at most one finding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from automed.data.dataset import Dataset
from automed.data.finding import Finding, few, number
from automed.data.inspection import Inspection, Size
from automed.data.near_names import near_names

MIN_SAMPLES = 3
"""One for each part of a split."""

FEW_SAMPLES = 10
MIN_PER_CLASS = 3

MOSTLY_FOREGROUND = 0.7
"""Mean share of foreground from which inverted masks are likelier than large objects."""

_MOVE = "repair the files, or move them (with their masks) out of the folder"


def unreadable(seen: Sequence[Inspection]) -> Finding | None:
    """Files that do not decode."""
    # The slices of a volume share their files, and its flaws.
    problems = list(dict.fromkeys(problem for s in seen for problem in s.problems))
    if not problems:
        return None
    return Finding(
        code="unreadable",
        message=f"{number(len(problems), 'damaged file')}: "
        + "; ".join(sentence for _, sentence in problems[:3]),
        files=tuple(dict.fromkeys(file for file, _ in problems)),
        hint=_MOVE,
    )


def size_mismatch(seen: Sequence[Inspection]) -> Finding | None:
    """Masks of another size than their image."""
    bad = [s for s in seen if s.size and s.mask_size and s.size != s.mask_size]
    if not bad:
        return None
    turned = all(s.size == (s.mask_size or (0, 0))[::-1] for s in bad)
    examples = [
        f"{s.sample.masks[0]} is {_by(s.mask_size)}, {s.sample.image} is {_by(s.size)}" for s in bad
    ]
    return Finding(
        code="size-mismatch",
        message=f"{number(len(bad), 'mask')} not of their image's size (height x width): "
        f"{few(examples)}",
        files=tuple(s.sample.masks[0] for s in bad),
        hint="height and width are exchanged: turn the masks, or remove the images' EXIF "
        "orientation"
        if turned
        else "export the masks again at the size of their images, or pair them rightly",
    )


def _by(size: Size | None) -> str:
    return f"{size[0]}x{size[1]}" if size else "unknown"


def images_alone(dataset: Dataset) -> Finding | None:
    """Images for which there is no mask: an error, for automed cannot tell why."""
    files = dataset.images_alone
    if not files:
        return None
    return Finding(
        code="image-without-mask",
        message=f"{number(len(files), 'image')} without a mask: {few(files)}",
        files=files,
        hint=_together(dataset) + "add the masks (all black where there is nothing to find), or "
        "move the images out of the folder",
    )


def masks_alone(dataset: Dataset) -> Finding | None:
    """Masks for which there is no image."""
    files = dataset.masks_alone
    if not files:
        return None
    return Finding(
        code="mask-without-image",
        message=f"{number(len(files), 'mask')} without an image, not used: {few(files)}",
        files=files,
        hint=_together(dataset) + "add the images, or leave it at that",
    )


def _together(dataset: Dataset) -> str:
    """Which images and masks may only be named wrongly, for a hint."""
    pairs = near_names(dataset.images_alone, dataset.masks_alone)
    if not pairs:
        return ""
    shown = few([f"{mask} of {image}" for image, mask in pairs])
    return f"these may be masks under a wrong name: {shown}; rename them to match, else "


def all_masks_empty(dataset: Dataset, seen: Sequence[Inspection]) -> Finding | None:
    """No mask has any foreground under the rule in force."""
    shares = [s.share for s in seen if s.share is not None]
    if not shares or any(shares):
        return None
    faint = sum(s.faint for s in seen)
    return Finding(
        code="all-masks-empty",
        message=f"all {len(shares)} masks are empty{_rule(dataset)}"
        + (f", but {faint} of them hold values above 0" if faint else ""),
        files=files_of(s for s in seen if s.share is not None),
        hint="if every value but 0 is foreground: --mask-values nonzero"
        if dataset.options.mask_values == "half" and not dataset.several_classes
        else "check that these are the masks",
    )


def _rule(dataset: Dataset) -> str:
    if dataset.several_classes:
        expected = dataset.mask_values or range(1, 1 + len(dataset.classes))
        return f" where {', '.join(map(str, expected))} would be the classes"
    return f" under the rule {dataset.options.mask_values!r}"


def files_of(seen: Iterable[Inspection]) -> tuple[str, ...]:
    """The first mask of each sample, once each: the slices of a volume share theirs."""
    return tuple(dict.fromkeys(s.sample.masks[0] for s in seen))


def empty_masks(dataset: Dataset, seen: Sequence[Inspection]) -> Finding | None:
    """Some masks, not all, have no foreground."""
    empty = [s for s in seen if s.share == 0]
    if not empty or all_masks_empty(dataset, seen):
        return None
    files = files_of(empty)
    faint = sum(s.faint for s in empty)
    return Finding(
        code="empty-mask",
        message=f"{_masks_of(empty)} without foreground: {few(files)}",
        files=files,
        hint=(
            f"{faint} of them hold values above 0; if these mean foreground: --mask-values "
            "nonzero; else "
            if faint
            else ""
        )
        + "right where there is nothing to mark, and --allow empty-mask says so; where there is, "
        "draw the mask, or move the image out of the folder",
    )


def full_masks(seen: Sequence[Inspection]) -> Finding | None:
    """Masks that are all foreground."""
    full = [s for s in seen if s.share == 1]
    if not full:
        return None
    files = files_of(full)
    return Finding(
        code="full-mask",
        message=f"{_masks_of(full)} all foreground: {few(files)}",
        files=files,
    )


def _masks_of(seen: Sequence[Inspection]) -> str:
    sliced = any(s.sample.slice is not None for s in seen)
    return number(
        len(seen), "slice of the masks" if sliced else "mask", _PLURAL if sliced else None
    )


_PLURAL = "slices of the masks"


def mostly_foreground(seen: Sequence[Inspection]) -> Finding | None:
    """Masks that look inverted."""
    shares = [s.share for s in seen if s.share is not None]
    if not shares or sum(shares) / len(shares) < MOSTLY_FOREGROUND:
        return None
    return Finding(
        code="mostly-foreground",
        message=f"{sum(shares) / len(shares):.0%} of all mask pixels are foreground; the masks "
        "may be inverted (foreground must be the bright part)",
    )


def too_few(dataset: Dataset) -> Finding | None:
    """So few samples that no split exists."""
    if len(dataset.samples) >= MIN_SAMPLES:
        return None
    return Finding(
        code="too-few-samples",
        message=f"only {number(len(dataset.samples), 'sample')}; train, validation and test need "
        f"at least {MIN_SAMPLES}",
        files=tuple(dict.fromkeys(sample.image for sample in dataset.samples)),
    )


def rather_few(dataset: Dataset) -> Finding | None:
    """So few samples that scores mean little."""
    if not MIN_SAMPLES <= len(dataset.samples) < FEW_SAMPLES:
        return None
    return Finding(
        code="few-samples",
        message=f"only {number(len(dataset.samples), 'sample')}: scores will say little",
    )


def too_few_groups(dataset: Dataset) -> Finding | None:
    """Groups that cannot be shared out among three parts."""
    groups = Counter(sample.group for sample in dataset.samples if sample.group is not None)
    if dataset.grouped_by is None or len(groups) >= MIN_SAMPLES:
        return None
    shown = few([f"{name} ({count})" for name, count in groups.most_common()])
    return Finding(
        code="too-few-groups",
        message=f"only {number(len(groups), 'group')} by {dataset.grouped_by}: {shown}; train, "
        f"validation and test need at least {MIN_SAMPLES}, because none is ever cut",
        hint='group by something finer, or: --no-groups "why samples may be split one by one"',
    )


def small_classes(dataset: Dataset) -> Finding | None:
    """Classes that cannot be in all three parts of a split."""
    counts = Counter(sample.label for sample in dataset.samples if sample.label is not None)
    small = [(name, counts[name]) for name in dataset.classes if counts[name] < MIN_PER_CLASS]
    if not counts or not small:
        return None
    return Finding(
        code="small-class",
        message="classes with too few samples for train, validation and test: "
        + few([f"{name} ({count})" for name, count in small], 6),
        files=tuple(s.image for s in dataset.samples if s.label in dict(small)),
    )
