"""What an audit checks in masks of several classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from automed.data.dataset import Dataset
from automed.data.finding import Finding, few, number
from automed.data.inspection import Inspection


def absent_classes(dataset: Dataset, seen: Sequence[Inspection]) -> Finding | None:
    """Classes of the task that no mask holds."""
    shares = [s.class_shares for s in seen if s.class_shares]
    if not shares or not any(map(any, shares)):
        return None  # all masks are empty, or could not be read, which is told by itself
    largest = [max(column) for column in zip(*shares, strict=True)]
    absent = [name for name, most in zip(dataset.classes, largest, strict=True) if most == 0]
    if not absent:
        return None
    return Finding(
        code="absent-class",
        message=f"no mask holds {few(absent, 6)}",
        hint="check the values of the classes in the masks"
        + (f": the task expects {_expected(dataset)}" if dataset.mask_values else "")
        + "; a class that is never seen cannot be learnt",
    )


def stray_values(dataset: Dataset, seen: Sequence[Inspection]) -> Finding | None:
    """Masks with values far from those of any class; the nearest class counts all the same."""
    bad = [s for s in seen if s.strays]
    if not bad:
        return None
    pixels: Counter[int] = Counter()
    for one in bad:
        pixels.update(dict(one.strays))
    shown = few([f"{value} ({number(n, 'pixel')})" for value, n in pixels.most_common()], 6)
    files = tuple(dict.fromkeys(s.sample.masks[0] for s in bad))
    return Finding(
        code="stray-values",
        message=f"{number(len(files), 'mask file')} with values far from {_expected(dataset)}: "
        f"{shown}; each counts as the class whose value is nearest",
        files=files,
        hint="mend them if these pixels matter",
    )


def _expected(dataset: Dataset) -> str:
    named = zip((0, *dataset.mask_values), ("background", *dataset.classes), strict=True)
    return ", ".join(f"{value} ({name})" for value, name in named)
