"""The pixels of one sample, at their native size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from automed.data.class_values import class_indices
from automed.data.dataset import Dataset
from automed.data.lidc_outlines import consensus, is_outlines
from automed.data.readers import read_image, read_labels, read_masks, size_text
from automed.data.slices import read_label_slice, read_slice
from automed.data.volume import is_volume
from automed.domain.errors import DataError
from automed.domain.sample import Sample
from automed.domain.task import AnyTask

Image = NDArray[np.uint8]
Mask = NDArray[np.uint8]


def read_sample(dataset: Dataset, sample: Sample, task: AnyTask) -> tuple[Image, Mask | None]:
    """An image and, for a segmentation, its mask.

    Args:
        dataset: Knows where the files lie.
        sample: One of its samples.
        task: Says how many channels, and which window.

    Returns:
        The image, uint8, shape (height, width, channels), and the mask: uint8 class indices, 0 for
        background, shape (height, width); None for a classification.

    Raises:
        DataError: A file cannot be read, or image and mask differ in size.
    """
    image = read_picture(dataset, sample, task)
    if task.kind == "classification":
        return image, None
    mask = read_target(dataset, sample)
    if mask.shape != image.shape[:2]:
        raise DataError(
            f"{dataset.mask_paths(sample)[0]} differs in size from its image {sample.image}",
            found=size_text(mask.shape),
            expected=size_text(image.shape),
        )
    return image, mask


def read_picture(dataset: Dataset, sample: Sample, task: AnyTask) -> Image:
    """The image alone, uint8, shape (height, width, channels).

    Raises:
        DataError: A file cannot be read.
    """
    if sample.slice is not None:
        paths = dataset.image_paths(sample)
        return read_slice(paths, sample.slice, task.channels, task.window)
    return read_image(dataset.image_path(sample), task.channels, task.window)


def read_target(dataset: Dataset, sample: Sample) -> Mask:
    """The mask alone: uint8 class indices, 0 for background, shape (height, width).

    With several classes, values mean what :func:`automed.data.class_values.class_indices` says.
    With one, the foreground is what :func:`automed.data.mask_values.foreground` says, every label
    but 0 in a volume of labels, and what half of the readers outlined in LIDC-IDRI.

    Raises:
        DataError: A file cannot be read, or holds a value that is no class.
    """
    if dataset.several_classes:
        name = str(dataset.mask_paths(sample)[0])
        labels = read_values(dataset, sample)
        return class_indices(labels, dataset.classes, dataset.mask_values, name)
    masks = dataset.mask_paths(sample)
    if is_outlines(sample.masks[0]):
        return consensus(masks[0], dataset.image_path(sample))
    if is_volume(sample.masks[0]):
        united = [read_label_slice(m, sample.slice or 0, dataset.image_path(sample)) for m in masks]
        return np.asarray(np.any(np.stack(united), axis=0), np.uint8)
    return read_masks(masks, dataset.options.mask_values).astype(np.uint8)


def read_values(dataset: Dataset, sample: Sample) -> NDArray[np.int64]:
    """What a mask of several classes stores, integers, shape (height, width).

    Raises:
        DataError: The file cannot be read, or holds outlines, colours or fractions.
    """
    path = dataset.mask_paths(sample)[0]
    if is_outlines(path.name):
        raise DataError(
            f"{path} outlines nodules, which are one class",
            found=f"a task with the classes {', '.join(dataset.classes)}",
            expected="a task with one class, such as lung_nodule",
        )
    if is_volume(path.name):
        labels = read_label_slice(path, sample.slice or 0, dataset.image_path(sample))
        return labels.astype(np.int64)
    return read_labels(path, colours=bool(dataset.mask_values))
