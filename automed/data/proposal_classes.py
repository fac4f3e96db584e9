"""Which classes masks hold, from the values that their pixels store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from automed.data.dataset import Dataset
from automed.data.parallel import in_threads
from automed.data.read_sample import read_values
from automed.domain.errors import DataError
from automed.domain.sample import Sample

MOST_MASKS = 300
"""Masks that are looked at, spread evenly over the data set."""

MOST_CLASSES = 8
"""More values than these are taken for numbers of objects rather than for classes."""

_NOISE = 20
"""How far JPEG moves a value of 0 to 255."""
_SHARE = 0.01
"""Share of the foreground that a value must hold to be one of a class: edges hold less."""
_OF_ONE_MASK = 0.2
"""Or share of one mask's foreground: a rare class fills a mask where it is."""
_FLAT = 0.2
"""Share of what lies around a value that is exactly at it: greys of soft edges are spread out."""
_INSIDE = 0.05
"""Share of a class's pixels that have it on all four sides, at least: edges are lines."""


@dataclass(frozen=True)
class MaskClasses:
    """What masks hold.

    Attributes:
        values: The value of each foreground class, ascending; one for a binary mask.
        rule: What ``--mask-values`` must say for a binary mask of these values.
        shares: Share of all pixels that each value has, in the order of the values.
        note: What was assumed, or nothing.
    """

    values: tuple[int, ...]
    rule: str
    shares: tuple[float, ...]
    note: str = ""


def spread(samples: Sequence[Sample], most: int) -> list[Sample]:
    """At most so many samples, evenly from first to last."""
    if len(samples) <= most:
        return list(samples)
    return [samples[int(index)] for index in np.linspace(0, len(samples) - 1, most).round()]


def mask_classes(dataset: Dataset, progress: Callable[[int, int], None]) -> MaskClasses:
    """Look at the masks of a segmentation. Flaws of single files are left to the audit.

    Args:
        dataset: Opened for a task of one class.
        progress: Called with masks looked at, and of how many.
    """
    if any(len(sample.masks) > 1 for sample in dataset.samples):
        return MaskClasses((1,), "half", (), "one mask for each object: they are united")
    valued = replace(dataset, mask_values=(1,))  # greys rather than indices of a grey palette
    chosen = spread(dataset.samples, MOST_MASKS)
    seen: list[_Counts] = []
    problem = ""
    for done, counts in enumerate(in_threads(lambda s: _counted(valued, s), chosen), start=1):
        progress(done, len(chosen))
        problem = problem or (counts if isinstance(counts, str) else "")
        seen += [counts] if isinstance(counts, _Counts) else []
    if not seen:
        return MaskClasses((1,), "half", (), _unvalued(problem))
    return _classes(seen)


def _unvalued(problem: str) -> str:
    return f"the masks hold no values of classes ({problem}): everything marked is one class"


@dataclass(frozen=True)
class _Counts:
    """Pixels of a mask by value: all, and those that have their like on all four sides."""

    all: Counter[int]
    inside: Counter[int]


def _counted(dataset: Dataset, sample: Sample) -> _Counts | str:
    try:
        values = read_values(dataset, sample)
    except DataError as error:
        return str(error.found or error.problem)
    like = _NOISE // 2 if values.max() > 4 * _NOISE else 0
    centre = values[1:-1, 1:-1]
    sides = (values[:-2, 1:-1], values[2:, 1:-1], values[1:-1, :-2], values[1:-1, 2:])
    inside = np.all([np.abs(side - centre) <= like for side in sides], axis=0)
    return _Counts(_histogram(values), _histogram(centre[inside]))


def _histogram(values: NDArray[np.int64]) -> Counter[int]:
    found, counts = np.unique(values, return_counts=True)
    return Counter({int(v): int(n) for v, n in zip(found, counts, strict=True)})


def _classes(seen: Sequence[_Counts]) -> MaskClasses:
    total: Counter[int] = sum((counts.all for counts in seen), Counter())
    peaks = _peaks(total, seen)
    if not peaks:
        return MaskClasses((1,), "half", (), "every mask that was looked at is empty")
    pixels = sum(total.values())
    shares = tuple(_near(total, peak, peaks) / pixels for peak in peaks)
    if len(peaks) > MOST_CLASSES:
        note = f"{len(peaks)} different values, taken for numbers of objects: united as one class"
        return MaskClasses(peaks[:1], "nonzero", (sum(shares),), note)
    half = (1 if max(total) <= 1 else 255 if max(total) <= 255 else 65535) / 2
    rule = "half" if peaks[0] > half else "nonzero"
    return MaskClasses(peaks, rule, shares)


def _peaks(total: Counter[int], seen: Sequence[_Counts]) -> tuple[int, ...]:
    """The values that stand for classes: heavier than what lies around them, and than edges."""
    wide = _width(total)
    heavy: list[int] = []
    for value, _ in total.most_common():
        if all(abs(value - other) > wide for other in (0, *heavy)):
            heavy.append(value)
    inside: Counter[int] = sum((counts.inside for counts in seen), Counter())
    mass = {value: _near(total, value, heavy) for value in heavy}
    kept = heavy[:1]
    for value in heavy[1:]:
        area = _near(inside, value, heavy, _width(total)) >= _INSIDE * mass[value]
        area = area and total[value] >= _FLAT * mass[value]
        alone = sum(_holds(counts.all, value) for counts in seen)
        if area and (mass[value] >= _SHARE * sum(mass.values()) or alone >= 2):
            kept.append(value)
    return tuple(sorted(kept))


def _holds(mask: Counter[int], value: int) -> bool:
    """Whether a mask has a good part of its foreground at exactly this value."""
    rest = mask.total() - mask[0]
    return rest > 0 and mask[value] >= _OF_ONE_MASK * rest


def _width(total: Counter[int]) -> int:
    """Within how much values are one: 0 for label maps of small numbers."""
    return _NOISE if 4 * _NOISE < max(total) <= 255 else 0


def _near(counts: Counter[int], peak: int, peaks: Sequence[int], width: int | None = None) -> int:
    wide = _width(counts) if width is None else width
    rivals = (0, *peaks)
    return sum(
        n
        for value, n in counts.items()
        if abs(value - peak) <= wide and min(rivals, key=lambda other: abs(value - other)) == peak
    )
