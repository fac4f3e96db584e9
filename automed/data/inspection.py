"""Looking at one sample: does it decode, how large is it, what is on it."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from automed.data.dataset import Dataset
from automed.data.readers import read_image, read_masks
from automed.domain.errors import DataError
from automed.domain.sample import Sample

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
    """

    sample: Sample
    problems: tuple[tuple[str, str], ...] = ()
    size: Size | None = None
    pixels: str | None = None
    mask_size: Size | None = None
    mask: str | None = None
    share: float | None = None
    faint: bool = False

    @property
    def target(self) -> str | None:
        """What is to be learnt from the image, as far as equality goes."""
        return self.sample.label or self.mask


def inspect(dataset: Dataset, sample: Sample, channels: int) -> Inspection:
    """Decode a sample's image and masks. Raises nothing: problems are part of the answer."""
    problems: list[tuple[str, str]] = []
    seen: dict[str, Any] = {}
    try:
        image = read_image(dataset.image_path(sample), channels)
        seen.update(size=image.shape[:2], pixels=_digest(image))
    except DataError as error:
        problems.append((sample.image, _sentence(error, dataset)))
    if sample.masks:
        try:
            seen.update(_seen_of_mask(dataset, sample))
        except DataError as error:
            named = [m for m in sample.masks if str(dataset.root / m) in error.problem]
            problems.append(((*named, *sample.masks)[0], _sentence(error, dataset)))
    return Inspection(sample, tuple(problems), **seen)


def _seen_of_mask(dataset: Dataset, sample: Sample) -> dict[str, Any]:
    paths, rule = dataset.mask_paths(sample), dataset.options.mask_values
    mask = read_masks(paths, rule)
    faint = rule == "half" and not mask.any() and bool(read_masks(paths, "nonzero").any())
    return {
        "mask_size": mask.shape,
        "mask": _digest(mask),
        "share": float(mask.mean()),
        "faint": faint,
    }


def _digest(array: NDArray[Any]) -> str:
    content = hashlib.blake2b(array.tobytes(), digest_size=16)
    content.update(repr(array.shape).encode())
    return content.hexdigest()


def _sentence(error: DataError, dataset: Dataset) -> str:
    problem = error.problem.replace(f"{dataset.root}{os.sep}", "")
    return f"{problem} ({error.found})" if error.found else problem
