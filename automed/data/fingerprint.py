"""Whether a registered folder is still what it was, as far as a short look can tell."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from automed.data.dataset import Dataset, open_dataset
from automed.data.register import Registered
from automed.domain.errors import DataError
from automed.domain.task import AnyTask

MOST_BYTES = 256 * 2**20
"""Read in a second or two where the disk is quick; beyond it only the samples are counted."""


@dataclass(frozen=True)
class Looked:
    """A registered folder that is as it was.

    Attributes:
        samples: How many it holds.
        whole: Whether every byte was compared, rather than the number of samples alone.
    """

    samples: int
    whole: bool


def look(entry: Registered, task: AnyTask, most: int = MOST_BYTES) -> Looked:
    """Compare a folder with what was registered: its bytes where they are few, else its samples.

    Args:
        entry: What was registered.
        task: The task that it was registered for.
        most: Bytes up to which all are read.

    Raises:
        DataError: The folder is missing, cannot be read, or changed.
    """
    dataset = open_dataset(Path(entry.path), task, entry.options)
    samples = len(dataset.samples)
    whole = _size(dataset) <= most
    if samples != entry.samples or (whole and dataset.digest != entry.digest):
        raise DataError(
            f"{entry.path} changed since it was registered",
            found=f"{samples} samples" + (f", digest {dataset.digest[:12]}" if whole else ""),
            expected=f"{entry.samples} samples, digest {entry.digest[:12]}",
        )
    return Looked(samples, whole)


def _size(dataset: Dataset) -> int:
    files = {file for s in dataset.samples for file in (*s.images, *s.masks)}
    try:
        return sum((dataset.root / file).stat().st_size for file in files)
    except OSError as error:
        raise DataError(
            f"{dataset.root} cannot be read", found=error.strerror or str(error)
        ) from None
