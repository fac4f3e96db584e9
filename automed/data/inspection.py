"""Looking at one sample: does it decode, how large is it, what is on it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automed.data.audit_fit import Fit, fit_of
from automed.data.audit_look import Look, look_at
from automed.data.class_values import class_indices, strays
from automed.data.dataset import Dataset
from automed.data.lidc_outlines import is_outlines
from automed.data.read_sample import read_picture, read_target, read_values
from automed.data.readers import read_masks
from automed.data.volume import is_volume
from automed.domain.errors import DataError
from automed.domain.sample import Sample
from automed.domain.task import AnyTask

Size = tuple[int, int]


@dataclass(frozen=True)
class Inspection:
    """What was seen of one sample.

    Attributes:
        sample: The sample.
        problems: Files that cannot be read, relative to the folder, and why.
        size: Height and width of the image; None where it cannot be read.
        pixels: Digest of the decoded image: equal images in two formats are equal here.
        mask_size: Height and width of the mask, or None.
        mask: Digest of the decoded mask, or None.
        share: Share of the mask that is foreground, or None.
        faint: The mask is empty, although it holds values other than 0.
        class_shares: Share of the mask that is of each foreground class, where there are several.
        strays: Values in the mask that are far from those of every class, with their numbers of
            pixels.
        look: The image in small, or None where it cannot be read.
        bits: Of a channel of the image's file, 8 or 16; None where that is not known, or the format
            has but one.
        fit: How well the mask fits the image where it lies; None where there is no outline, where
            nobody asked, and for slices of a volume.
    """

    sample: Sample
    problems: tuple[tuple[str, str], ...] = ()
    size: Size | None = None
    pixels: str | None = None
    mask_size: Size | None = None
    mask: str | None = None
    share: float | None = None
    faint: bool = False
    class_shares: tuple[float, ...] = ()
    strays: tuple[tuple[int, int], ...] = ()
    look: Look | None = None
    bits: int | None = None
    fit: Fit | None = None

    @property
    def target(self) -> str | None:
        """What is to be learnt from the image, as far as equality goes."""
        return self.sample.label or self.mask


def inspect(
    dataset: Dataset, sample: Sample, task: AnyTask, *, fitting: bool = False
) -> Inspection:
    """Decode a sample's image and masks. Raises nothing: problems are part of the answer.

    Args:
        dataset: Knows where the files lie.
        sample: One of its samples.
        task: Says how many channels, and which window.
        fitting: Whether to see how well the mask fits, which takes some milliseconds.
    """
    problems: list[tuple[str, str]] = []
    seen: dict[str, Any] = {}
    image: NDArray[np.uint8] | None = None
    try:
        image = read_picture(dataset, sample, task)
        seen.update(size=image.shape[:2], pixels=_digest(image), look=look_at(image))
        seen.update(bits=_bits(dataset, sample))
    except DataError as error:
        problems.append((_named(sample.images, error, dataset), _sentence(error, dataset)))
    if sample.masks:
        try:
            mask, told = _seen_of_mask(dataset, sample)
            seen.update(told, fit=_fit(image, mask, sample) if fitting else None)
        except DataError as error:
            files = (*sample.masks, *sample.images)
            problems.append((_named(files, error, dataset), _sentence(error, dataset)))
    return Inspection(sample, tuple(problems), **seen)


def _bits(dataset: Dataset, sample: Sample) -> int | None:
    if sample.slice is not None or not sample.image.lower().endswith(".png"):
        return None
    with dataset.image_path(sample).open("rb") as stream:
        header = stream.read(25)
    return max(header[24], 8) if len(header) == 25 else None


def _named(files: Sequence[str], error: DataError, dataset: Dataset) -> str:
    """The file that an error is about."""
    named = [file for file in files if str(dataset.root / file) in error.problem]
    return (*named, *files)[0]


def _fit(image: NDArray[np.uint8] | None, mask: NDArray[np.uint8], sample: Sample) -> Fit | None:
    # Slices are cut from one volume with one mask, which are moved together if at all.
    if image is None or sample.slice is not None or mask.shape != image.shape[:2]:
        return None
    return fit_of(image, mask)


def _seen_of_mask(dataset: Dataset, sample: Sample) -> tuple[NDArray[np.uint8], dict[str, Any]]:
    """The mask, and what was seen of it."""
    if dataset.several_classes:
        return _seen_of_classes(dataset, sample)
    mask = read_target(dataset, sample)
    return mask, _seen(mask) | {"faint": not mask.any() and _faint(dataset, sample)}


def _seen_of_classes(dataset: Dataset, sample: Sample) -> tuple[NDArray[np.uint8], dict[str, Any]]:
    values = read_values(dataset, sample)
    name = str(dataset.mask_paths(sample)[0])
    mask = class_indices(values, dataset.classes, dataset.mask_values, name)
    counts = np.bincount(mask.ravel(), minlength=1 + len(dataset.classes))
    return mask, _seen(mask) | {
        "class_shares": tuple(float(count) / mask.size for count in counts[1:]),
        "strays": tuple(strays(values, dataset.mask_values).items()),
    }


def _seen(mask: NDArray[np.uint8]) -> dict[str, Any]:
    share = float((mask > 0).mean())
    return {"mask_size": mask.shape, "mask": _digest(mask), "share": share}


def _faint(dataset: Dataset, sample: Sample) -> bool:
    """Whether a mask that is empty under the rule ``half`` holds something all the same."""
    ruled = not is_volume(sample.masks[0]) and not is_outlines(sample.masks[0])
    if dataset.options.mask_values != "half" or not ruled:
        return False
    return bool(read_masks(dataset.mask_paths(sample), "nonzero").any())


def _digest(array: NDArray[Any]) -> str:
    content = hashlib.blake2b(array.tobytes(), digest_size=16)
    content.update(repr(array.shape).encode())
    return content.hexdigest()


def _sentence(error: DataError, dataset: Dataset) -> str:
    problem = error.problem.replace(f"{dataset.root}{os.sep}", "")
    return f"{problem} ({error.found})" if error.found else problem
