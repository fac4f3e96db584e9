"""A data set in figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from statistics import fmean, median

from automed.data.dataset import Dataset
from automed.data.file_names import parts
from automed.data.inspection import Inspection
from automed.domain.frozen import Frozen


class Spread(Frozen):
    """Smallest, middle and largest of some figures."""

    low: float
    middle: float
    """The median of sizes, the mean of shares."""
    high: float

    def text(self) -> str:
        """For sizes in pixels: ``128 to 512 (median 256)``."""
        return f"{self.low:.0f} to {self.high:.0f} (median {self.middle:.0f})"


class Summary(Frozen):
    """What an audit counted. Figures of images cover those that could be read."""

    samples: int
    layout: str
    heights: Spread | None
    widths: Spread | None
    distinct_sizes: int
    formats: dict[str, int]
    """Image files by ending."""
    class_counts: dict[str, int]
    """Samples of each class; empty for segmentation."""
    foreground: Spread | None
    """Share of foreground in a mask, from 0 to 1; None for classification."""
    class_shares: dict[str, tuple[float, int]]
    """Of several foreground classes: the share of all mask pixels, and how many samples hold it."""
    channels: int
    """Of the images as the task reads them."""
    volumes: int | None
    """Volumes that the samples are slices of; None for images."""
    empty_masks: int
    full_masks: int
    groups: int | None
    """None where no group is known."""
    largest_group: int | None
    grouped_by: str | None
    duplicates: tuple[tuple[str, ...], ...]
    """Ids of samples with equal images, in sets of two or more."""
    seconds: float

    def lines(self) -> list[tuple[str, str]]:
        """Names and texts to print, one a line."""
        lines = [("samples", f"{self.samples} ({self.layout})"), ("images", self._images())]
        if self.volumes is not None:
            mean = self.samples / self.volumes
            lines.append(("volumes", f"{self.volumes}, {mean:.0f} slices of each on average"))
        if self.channels not in (1, 3):
            lines.append(("channels", str(self.channels)))
        if self.class_shares:
            lines.append(("classes", self._classes()))
        if self.class_counts:
            text = ", ".join(f"{name} {count}" for name, count in self.class_counts.items())
            lines.append(("classes", text))
        if self.foreground is not None:
            spread = self.foreground
            lines.append(
                ("foreground", f"mean {spread.middle:.1%} ({spread.low:.2%} to {spread.high:.1%})")
            )
            lines.append(("masks", f"{self.empty_masks} empty, {self.full_masks} full"))
        groups = "none known"
        if self.groups is not None:
            groups = f"{self.groups} by {self.grouped_by}; the largest has {self.largest_group}"
        lines.append(("groups", groups))
        copies = sum(len(same) - 1 for same in self.duplicates)
        return [*lines, ("duplicates", f"{copies}"), ("checked in", f"{self.seconds:.1f} s")]

    def _classes(self) -> str:
        return ", ".join(
            f"{name} {share:.2%} of all pixels (in {count} samples)"
            for name, (share, count) in self.class_shares.items()
        )

    def _images(self) -> str:
        formats = ", ".join(f"{count} {ending}" for ending, count in self.formats.items())
        if self.heights is None or self.widths is None:
            return formats
        if self.distinct_sizes == 1:
            return f"{formats}; all {self.heights.low:.0f}x{self.widths.low:.0f} (height x width)"
        return (
            f"{formats}; {self.distinct_sizes} sizes: height {self.heights.text()}, "
            f"width {self.widths.text()}"
        )


def summarize(
    dataset: Dataset,
    inspections: Sequence[Inspection],
    duplicates: Sequence[Sequence[Inspection]],
    channels: int,
    seconds: float,
) -> Summary:
    """Count what an audit saw."""
    files = {image for sample in dataset.samples for image in sample.images}
    volumes = {sample.image for sample in dataset.samples if sample.slice is not None}
    sizes = [seen.size for seen in inspections if seen.size is not None]
    shares = [seen.share for seen in inspections if seen.share is not None]
    groups = Counter(s.group for s in dataset.samples if s.group is not None)
    labels = Counter(s.label for s in dataset.samples if s.label is not None)
    return Summary(
        samples=len(dataset.samples),
        layout=dataset.layout,
        heights=_spread((float(height) for height, _ in sizes), median),
        widths=_spread((float(width) for _, width in sizes), median),
        distinct_sizes=len(set(sizes)),
        formats=dict(Counter(parts(file)[2] for file in sorted(files)).most_common()),
        class_counts={name: labels[name] for name in dataset.classes} if labels else {},
        foreground=_spread(shares, fmean),
        class_shares=_class_shares(dataset, inspections),
        channels=channels,
        volumes=len(volumes) or None,
        empty_masks=sum(share == 0 for share in shares),
        full_masks=sum(share == 1 for share in shares),
        groups=len(groups) if dataset.grouped_by else None,
        largest_group=max(groups.values(), default=None) if dataset.grouped_by else None,
        grouped_by=dataset.grouped_by,
        duplicates=tuple(tuple(seen.sample.id for seen in same) for same in duplicates),
        seconds=seconds,
    )


def _class_shares(
    dataset: Dataset, inspections: Sequence[Inspection]
) -> dict[str, tuple[float, int]]:
    rows = [(seen.mask_size, seen.class_shares) for seen in inspections if seen.class_shares]
    areas = [height * width for height, width in (size or (0, 0) for size, _ in rows)]
    shares = {}
    for index, name in enumerate(dataset.classes if rows else ()):
        single = [row[index] for _, row in rows]
        pixels = sum(share * area for share, area in zip(single, areas, strict=True))
        shares[name] = (pixels / sum(areas), sum(share > 0 for share in single))
    return shares


def _spread(values: Iterable[float], middle: Callable[[list[float]], float]) -> Spread | None:
    found = list(values)
    return Spread(low=min(found), middle=middle(found), high=max(found)) if found else None
