"""Readers that plugins bring, by the endings of the files that they are for."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import numpy as np

from automed.data.decode import Pixels
from automed.domain.component import Reader
from automed.registry.components import declared


def own_suffixes() -> dict[str, Reader]:
    """The endings that plugins read, with their readers."""
    readers = declared(Reader).values()
    return {suffix: reader for reader in readers for suffix in reader.suffixes}


def own_pixels(path: Path) -> Pixels | None:
    """What a plugin's reader finds in a file; None where none is for it.

    Raises:
        ValueError: It gives no image.
        Exception: Whatever it raises.
    """
    reader = own_suffixes().get(path.suffix.lower())
    if reader is None:
        return None
    values = np.asarray(reader.read(path))
    if values.ndim not in (2, 3) or values.dtype.kind not in "biuf" or not values.size:
        raise ValueError(
            f"the reader {reader.name!r} gives {values.dtype} of shape {values.shape}, where "
            "(height, width) or (height, width, channels) are expected"
        )
    return Pixels(values[..., None] if values.ndim == 2 else values)


def own_versions(files: Iterable[str]) -> dict[str, int]:
    """Of the plugins' readers that read some of the files, by their names."""
    known = own_suffixes()
    found = {PurePosixPath(file).suffix.lower() for file in files} & known.keys()
    return {known[suffix].name: known[suffix].version for suffix in sorted(found)}
