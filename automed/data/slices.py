"""Slices of volumes as samples of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automed.data.intensity import with_channels
from automed.data.layouts.found import Found
from automed.data.parallel import in_threads
from automed.data.readers import check_channels
from automed.data.volume import filled_slices, is_volume, read_label_volume, read_volume
from automed.data.window import read_window
from automed.domain.errors import DataError
from automed.domain.sample import Sample


def with_slices(found: Found, root: Path) -> Found:
    """Put the slices of each volume, from the feet up, in the volume's place.

    Slices on which the image shows nothing are left out (:func:`automed.data.volume.filled_slices`
    ), and counted in a note. A volume that cannot be read stays, for the audit to name it.
    """
    volumes = [sample for sample in found.samples if is_volume(sample.image)]
    if not volumes:
        return found
    cut = dict(zip(volumes, in_threads(lambda s: _slices(s, root), volumes), strict=True))
    samples = [one for s in found.samples for one in (cut[s][1] if s in cut else (s,))]
    total, kept = sum(all_ for all_, _ in cut.values()), sum(len(s) for _, s in cut.values())
    sizes = Counter(all_ for all_, _ in cut.values())
    many = str(next(iter(sizes))) if len(sizes) == 1 else f"{min(sizes)} to {max(sizes)}"
    note = f"{len(volumes)} volumes of {many} slices: {kept} axial slices are samples"
    if total > kept:
        note += f", {total - kept} without anything on them are left out"
    return replace(found, samples=tuple(samples), notes=(*found.notes, note))


def _slices(sample: Sample, root: Path) -> tuple[int, tuple[Sample, ...]]:
    try:
        (count, *_), filled = filled_slices(root / sample.image)
    except DataError:
        return 1, (sample.replace(slice=0),)
    digits = max(3, len(str(count - 1)))
    return count, tuple(
        sample.replace(id=f"{sample.id}/{index:0{digits}}", slice=index) for index in filled
    )


def read_slice(paths: Sequence[Path], index: int, channels: int, window: str) -> NDArray[np.uint8]:
    """One slice of one or more volumes, uint8 (H, W, channels): the files one after the other.

    Intensities are those of :func:`automed.data.volume.read_volume`. A window counts for every
    channel.

    Raises:
        DataError: A file cannot be read, the volumes differ in size, or they do not hold as many
            channels as wanted.
    """
    chosen = read_window(window)
    volumes = [read_volume(path, chosen) for path in paths]
    for path, volume in zip(paths, volumes, strict=True):
        _check_shape(path, volume.shape[:3], paths[0], volumes[0].shape[:3])
    _check_index(paths[0], index, len(volumes[0]))
    image = with_channels(np.concatenate([v[index] for v in volumes], axis=-1), channels)
    check_channels(image, channels, ", ".join(map(str, paths)))
    return image


def read_label_slice(path: Path, index: int, image: Path) -> NDArray[Any]:
    """One slice of a volume of labels, integers (H, W).

    Raises:
        DataError: The file cannot be read, or differs in size from its image.
    """
    labels = read_label_volume(path)
    _check_shape(path, labels.shape, image, filled_slices(image)[0])
    _check_index(path, index, len(labels))
    one: NDArray[Any] = labels[index]
    return one


def _check_shape(
    path: Path, shape: tuple[int, ...], other: Path, expected: tuple[int, ...]
) -> None:
    if shape != expected:
        raise DataError(
            f"{path} differs in size from {other.name}, which belongs to it",
            found=f"{_text(shape)} (slices x height x width)",
            expected=_text(expected),
        )


def _text(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def _check_index(path: Path, index: int, count: int) -> None:
    if index >= count:
        raise DataError(f"{path} has no slice {index}", found=f"{count} slices, from 0")
