"""A data set: samples found in a folder, with their targets and groups."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from automed.data.groups import table_path, with_groups
from automed.data.layouts import recognize
from automed.data.layouts.found import Found
from automed.data.own_reader import own_versions
from automed.data.parallel import in_threads
from automed.data.readers import VERSION
from automed.data.slices import with_slices
from automed.domain.data_options import DataOptions
from automed.domain.digest import digest
from automed.domain.errors import DataError
from automed.domain.sample import Sample
from automed.domain.task import ClassificationTask, SegmentationTask


@dataclass(frozen=True)
class Dataset:
    """The samples of one folder.

    Attributes:
        root: Absolute path of the folder; the samples' paths are relative to it.
        samples: Sorted by id.
        layout: How the files lie; a key of :data:`automed.data.layouts.LAYOUTS`.
        classes: Class names in the order of their indices.
        options: What the user said about the folder.
        grouped_by: Where the groups come from, in words; None where no group is known.
        notes: What was skipped or assumed, for the user.
        images_alone: Images for which no mask was found; they are no samples.
        masks_alone: Masks for which no image was found.
        mask_values: The value of each class in masks of several classes; empty for 1, 2, 3, ...
    """

    root: Path
    samples: tuple[Sample, ...]
    layout: str
    classes: tuple[str, ...]
    options: DataOptions = field(default_factory=DataOptions)
    grouped_by: str | None = None
    notes: tuple[str, ...] = ()
    images_alone: tuple[str, ...] = ()
    masks_alone: tuple[str, ...] = ()
    mask_values: tuple[int, ...] = ()

    @cached_property
    def by_id(self) -> Mapping[str, Sample]:
        """The samples by their ids."""
        return {sample.id: sample for sample in self.samples}

    @property
    def several_classes(self) -> bool:
        """Whether masks tell several classes apart, rather than foreground from background."""
        return len(self.classes) > 1 and any(sample.masks for sample in self.samples[:1])

    def image_path(self, sample: Sample) -> Path:
        """Where a sample's image lies: its first channel, where each has a file of its own."""
        return self.root / sample.image

    def image_paths(self, sample: Sample) -> list[Path]:
        """Where all files of a sample's image lie, in the order of the channels."""
        return [self.root / image for image in sample.images]

    def mask_paths(self, sample: Sample) -> list[Path]:
        """Where a sample's masks lie; they are to be united."""
        return [self.root / mask for mask in sample.masks]

    @cached_property
    def file_digests(self) -> Mapping[str, str]:
        """BLAKE2b (hex) of the bytes of every image and mask, by relative path; read once.

        Raises:
            DataError: A file cannot be read.
        """
        files = sorted({file for s in self.samples for file in (*s.images, *s.masks)})
        digests = in_threads(self._file_digest, files)
        return dict(zip(files, digests, strict=True))

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of all that a cache or a split depends on.

        Ids, labels, groups, classes, the bytes of every file and how masks are read; not the
        folder's place. Computed once an instance, at the speed of reading the files.

        Raises:
            DataError: A file cannot be read.
        """
        facts: dict[str, object] = {
            "readers": VERSION,
            "mask_values": self.options.mask_values,
            "classes": self.classes,
            "samples": [self._told(sample) for sample in self.samples],
        }
        if own := own_versions(self.file_digests):
            facts["own_readers"] = own
        if self.several_classes:
            facts["class_values"] = self.mask_values
        return digest(facts)

    def content_of(self, sample: Sample) -> tuple[object, ...]:
        """What an image is made from: equal for two samples whose images are equal.

        Raises:
            DataError: A file cannot be read.
        """
        return (*(self.file_digests[image] for image in sample.images), sample.slice)

    def _told(self, sample: Sample) -> list[object]:
        content = self.file_digests
        image, masks = content[sample.image], [content[mask] for mask in sample.masks]
        told: list[object] = [sample.id, sample.label, sample.group, image, masks]
        if sample.slice is not None or sample.channel_files:
            told += [[content[file] for file in sample.channel_files], sample.slice]
        return told

    def _file_digest(self, file: str) -> str:
        path = self.root / file
        try:
            with path.open("rb") as stream:
                return hashlib.file_digest(stream, "blake2b").hexdigest()
        except OSError as error:
            raise DataError(f"{path} cannot be read", found=error.strerror or str(error)) from None


def open_dataset(
    path: Path | str,
    task: SegmentationTask | ClassificationTask,
    options: DataOptions = DataOptions(),  # noqa: B008 - frozen
) -> Dataset:
    """Find the samples of a task in a folder.

    Images are not decoded; that is the audit's part. Of NIfTI volumes the first channel is, for
    only slices that show something are samples, which takes a fraction of a second a volume.

    Raises:
        DataError: No folder, no known layout, several data sets in one folder, one class only, or
            groups that cannot be found where they were asked for.
    """
    root = Path(path).expanduser().absolute()
    if options.group_csv is not None:  # remembered with the data set, wherever it is opened next
        options = options.replace(group_csv=str(table_path(root, options.group_csv)))
    found = with_slices(recognize(root, task, options), root)
    samples, grouped_by, notes = with_groups(found, root, task, options)
    if options.left_out:
        samples = tuple(sample for sample in samples if sample.id not in options.left_out)
        notes = (*notes, f"samples left out, as was allowed: {len(options.left_out)}")
    _check_masks(samples, task, root)
    return Dataset(
        root=root,
        samples=tuple(sorted(samples, key=lambda sample: sample.id)),
        layout=found.layout,
        classes=_classes(samples, task, root),
        options=options,
        grouped_by=grouped_by,
        notes=(*found.notes, *notes),
        images_alone=found.images_alone,
        masks_alone=found.masks_alone,
        mask_values=_mask_values(found, task),
    )


def without_samples(dataset: Dataset, ids: Collection[str]) -> Dataset:
    """A data set without some samples, which its options remember."""
    options = dataset.options.replace(left_out=tuple(sorted({*dataset.options.left_out, *ids})))
    kept = tuple(sample for sample in dataset.samples if sample.id not in ids)
    return replace(dataset, samples=kept, options=options)


def _mask_values(found: Found, task: SegmentationTask | ClassificationTask) -> tuple[int, ...]:
    if task.kind == "classification" or len(task.classes) == 1:
        return ()
    known = found.mask_values
    return known if len(known) == len(task.classes) else task.mask_values


def _check_masks(
    samples: Sequence[Sample], task: SegmentationTask | ClassificationTask, root: Path
) -> None:
    several = next((s for s in samples if len(s.masks) > 1), None)
    if task.kind == "segmentation" and len(task.classes) > 1 and several is not None:
        raise DataError(
            f"{root} has several masks of one image, and the task {task.name!r} several classes",
            found=f"{several.image} with {', '.join(several.masks[:3])}",
            expected=f"one mask for each image, with a value for each of {', '.join(task.classes)}",
            hint="write the classes of an image into one file, or use a task with one class",
        )


def _classes(
    samples: Sequence[Sample], task: SegmentationTask | ClassificationTask, root: Path
) -> tuple[str, ...]:
    if task.kind == "segmentation":
        return task.classes
    names = sorted({sample.label for sample in samples if sample.label is not None})
    if len(names) < 2:
        raise DataError(
            f"all {len(samples)} images in {root} are of one class",
            found=", ".join(names),
            expected="two classes or more",
            hint="give the folder that holds the folders of all classes",
        )
    unknown = [name for name in names if task.classes and name not in task.classes]
    if unknown:
        raise DataError(
            f"{root} names classes that the task {task.name!r} does not have",
            found=", ".join(unknown),
            expected=", ".join(task.classes),
            hint="rename the folders or labels to the task's classes",
        )
    return task.classes or tuple(names)
