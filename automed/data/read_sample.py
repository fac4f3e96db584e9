"""The pixels of one sample, at their native size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from automed.data.dataset import Dataset
from automed.data.readers import read_image, read_masks, size_text
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
        task: Says how many channels, and which classes in a mask.

    Returns:
        The image, uint8, shape (height, width, channels), and the mask: uint8 class indices, 0 for
        background, shape (height, width); None for a classification.

    Raises:
        DataError: A file cannot be read, or image and mask differ in size.
    """
    image = read_image(dataset.image_path(sample), task.channels)
    if task.kind == "classification":
        return image, None
    masks = dataset.mask_paths(sample)
    mask = read_masks(masks, dataset.options.mask_values)
    if mask.shape != image.shape[:2]:
        raise DataError(
            f"{masks[0]} differs in size from its image {sample.image}",
            found=size_text(mask.shape),
            expected=size_text(image.shape),
        )
    return image, mask.astype(np.uint8)
