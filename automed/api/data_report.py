"""A data set as a page shows it: what lies there, how it was split, a few examples."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from automed.analysis.truth_picture import Picture, truth_picture
from automed.api.confirm_files import read_looks
from automed.api.opened_study import OpenedStudy
from automed.data.audit import Audit, Progress, audit
from automed.data.dataset import Dataset, open_dataset
from automed.data.finding import Finding
from automed.data.read_sample import read_sample
from automed.data.register import Registered
from automed.domain.data_options import DataOptions
from automed.domain.digest import digest
from automed.domain.errors import AutomedError
from automed.domain.sample import Sample
from automed.domain.split import Part, Split
from automed.domain.task import AnyTask
from automed.registry.tasks import load_task

__all__ = [
    "PARTS", "Audited", "DataSource", "ExampleShown", "Finding", "Opened", "PartRow",
    "audit_source", "choose_examples", "example", "flagged", "group_sizes", "locked_samples",
    "of_registered", "of_study", "open_source", "part_rows", "parts_of", "read_split", "strangers",
    "test_part_uses",
]  # fmt: skip

PARTS: tuple[Part, ...] = ("train", "val", "test")


@dataclass(frozen=True)
class DataSource:
    """A folder of images and what it is for.

    Attributes:
        task: Says how to read it.
        path: Absolute path of the folder.
        options: What the user said about the folder.
        digest: Of the data, when they were registered or the study began.
        is_demo: Whether they are synthetic.
    """

    task: AnyTask
    path: str
    options: DataOptions
    digest: str
    is_demo: bool = False

    @property
    def key(self) -> str:
        """Equal for two that show the same."""
        return digest([self.task.digest, self.path, self.options.digest, self.digest])


@dataclass(frozen=True)
class Opened:
    """What a folder holds, without a look into its images.

    Attributes:
        source: Where it is from.
        dataset: The samples.
        stamp: Changes where a file does: sizes and times, not contents.
    """

    source: DataSource
    dataset: Dataset
    stamp: str


@dataclass(frozen=True)
class Audited:
    """All that is known after every image has been read.

    Attributes:
        audit: What was found.
        unchanged: Whether the data are those that were registered, or that the study began with.
    """

    audit: Audit
    unchanged: bool


@dataclass(frozen=True)
class PartRow:
    """One part of a split.

    Attributes:
        part: Which.
        samples: How many.
        share: Of all samples, in [0, 1].
        groups: How many; None: samples were split one by one, or the data are not to be had.
        classes: Samples by class; empty for segmentation.
    """

    part: Part
    samples: int
    share: float
    groups: int | None
    classes: dict[str, int]


@dataclass(frozen=True)
class ExampleShown:
    """A sample to look at.

    Attributes:
        sample: Which.
        part: Where it was put; None: there is no split.
        picture: The image with the outlines of its mask, small; None: it cannot be read.
        plain: The image alone.
        problem: Why it cannot be read.
    """

    sample: Sample
    part: Part | None
    picture: Picture | None = None
    plain: Picture | None = None
    problem: str = ""


def of_study(study: OpenedStudy) -> DataSource:
    """The data of a study."""
    ref = study.spec.data
    return DataSource(study.spec.task, ref.path, ref.options, ref.digest, ref.is_demo)


def of_registered(entry: Registered) -> DataSource:
    """A registered data set.

    Raises:
        PluginError: Its task is not to be had.
    """
    return DataSource(load_task(entry.task), entry.path, entry.options, entry.digest)


def open_source(source: DataSource) -> Opened:
    """Find the samples; reads names, tables and the first bytes of volumes, but no images.

    Raises:
        DataError: The folder is gone, or not what it was.
    """
    dataset = open_dataset(Path(source.path), source.task, source.options)
    return Opened(source, dataset, _stamp(dataset))


def audit_source(found: Opened, progress: Progress) -> Audited:
    """Decode every image and mask, and compare all bytes with what was registered.

    Raises:
        DataError: A file vanished meanwhile.
    """
    task = found.source.task.replace(classes=found.dataset.classes)
    return Audited(
        audit=audit(found.dataset, task, progress),
        unchanged=found.dataset.digest == found.source.digest,
    )


def read_split(study: OpenedStudy) -> Split | None:
    """How a study's data were split; None: the file is missing or torn."""
    try:
        return Split.model_validate_json((study.folder / "split.json").read_bytes())
    except (OSError, ValidationError):
        return None


def test_part_uses(study: OpenedStudy) -> int:
    """How often the test part was used; 0: it is locked.

    Raises:
        StudyError: The record of it is damaged.
    """
    return len(read_looks(study.folder))


def locked_samples(study: OpenedStudy, split: Split | None) -> frozenset[str]:
    """Ids of the samples of the test part, as long as nobody has looked at it; empty afterwards.

    Raises:
        StudyError: The record of the looks is damaged.
    """
    if split is None or test_part_uses(study) > 0:
        return frozenset()
    return frozenset(split.ids("test"))


def part_rows(split: Split, samples: Mapping[str, Sample]) -> tuple[PartRow, ...]:
    """The sizes of the parts.

    Args:
        split: The split.
        samples: By id; empty where the data are not to be had.
    """
    total = sum(len(split.ids(part)) for part in PARTS)
    return tuple(_part_row(part, split, samples, total) for part in PARTS)


def strangers(split: Split, samples: Mapping[str, Sample]) -> tuple[int, int]:
    """How many samples of the split are gone, and how many of the data are in no part."""
    known = {sample for part in PARTS for sample in split.ids(part)}
    return len(known - samples.keys()), len(samples.keys() - known)


def group_sizes(
    samples: Sequence[Sample], split: Split | None
) -> list[tuple[str, Part | None, int]]:
    """Each group with its part and how many samples it has, largest first."""
    parts = parts_of(split)
    counts = Counter((s.group, parts.get(s.id)) for s in samples if s.group is not None)
    found = [(str(group), part, count) for (group, part), count in counts.items()]
    return sorted(found, key=lambda entry: (-entry[2], entry[0]))


def parts_of(split: Split | None) -> dict[str, Part]:
    """The part of each sample."""
    return {} if split is None else {name: part for part in PARTS for name in split.ids(part)}


def choose_examples(
    samples: Sequence[Sample], split: Split | None, count: int, seed: int, *, test: bool = False
) -> tuple[Sample, ...]:
    """Some samples, of each class as many, in random order that the seed decides.

    Args:
        samples: To choose from.
        split: None: all may be shown.
        count: How many in all; of each class at least one.
        seed: Others show others.
        test: Whether those of the test part may be shown.
    """
    parts = parts_of(split)
    allowed = [s for s in samples if test or parts.get(s.id) != "test"]
    random.Random(seed).shuffle(allowed)
    classes = sorted({str(s.label) for s in allowed})
    each = max(1, count // max(1, len(classes)))
    return tuple(
        sample for name in classes for sample in [s for s in allowed if str(s.label) == name][:each]
    )


def example(found: Opened, sample: Sample, split: Split | None) -> ExampleShown:
    """A sample's picture; one that cannot be read says why."""
    part = parts_of(split).get(sample.id)
    try:
        image, mask = read_sample(found.dataset, sample, found.source.task)
    except AutomedError as error:
        return ExampleShown(sample, part, problem=error.problem)
    return ExampleShown(sample, part, truth_picture(image, mask), truth_picture(image, None))


def flagged(finding: Finding, samples: Sequence[Sample], most: int) -> tuple[Sample, ...]:
    """The samples whose files a finding names; those that belong together stay together.

    Args:
        finding: Of an audit.
        samples: Of the data set.
        most: How many, at most.
    """
    # Of the slices of a volume the first.
    by_file = {f: sample for sample in reversed(samples) for f in (*sample.masks, *sample.images)}
    named = [file for same in finding.sets for file in same] or finding.files
    found = (by_file.get(file) for file in named)
    kept = {sample.id: sample for sample in found if sample is not None}
    return tuple(kept.values())[:most]


def _part_row(part: Part, split: Split, samples: Mapping[str, Sample], total: int) -> PartRow:
    ids = split.ids(part)
    known = [samples[name] for name in ids if name in samples]
    groups = {sample.group for sample in known if sample.group is not None}
    return PartRow(
        part=part,
        samples=len(ids),
        share=len(ids) / total,
        groups=len(groups) if groups and split.grouped_by is not None else None,
        classes=dict(sorted(Counter(s.label for s in known if s.label is not None).items())),
    )


def _stamp(dataset: Dataset) -> str:
    files = sorted({file for s in dataset.samples for file in (*s.images, *s.masks)})
    return digest([[file, *_status(dataset.root / file)] for file in files])


def _status(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:  # a dead link: the audit will say so
        return (-1, -1)
    return status.st_size, status.st_mtime_ns
