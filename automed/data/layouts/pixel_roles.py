"""Which folders hold masks, where no name says so: from a few of their pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from automed.data.readers import read_image
from automed.data.volume import is_volume, read_volume
from automed.domain.errors import DataError

PixelRole = Literal["mask", "picture", "unclear"]

LOOKED_AT = 6
"""Files of a folder that are decoded, spread evenly; of volumes two."""

_SIDE = 256
"""Of what is looked at: every second, third, ... pixel of larger files."""
_FEW = 8
"""Different colours in one file up to which it is a label map, as no photograph is."""
_NEAR = 24
"""Levels within which a pixel is black, or as bright as the brightest: JPEG moves values."""


@dataclass(frozen=True)
class _Seen:
    """Pixels of a file: black, bright, and what lies between."""

    dark: int
    bright: int
    between: int


def pixel_role(paths: Sequence[Path]) -> PixelRole:
    """What the files of a folder look like.

    Masks have few values, or are black and one other value but for soft edges. Files of one colour
    and files that cannot be read say nothing.

    Args:
        paths: Files of the folder; only some of them are decoded.
    """
    most = 2 if any(is_volume(path.name) for path in paths) else LOOKED_AT
    chosen = {round(place) for place in np.linspace(0, len(paths) - 1, min(most, len(paths)))}
    seen = [one for place in sorted(chosen) if (one := _seen(paths[place])) is not None]
    if not seen:
        return "unclear"
    dark, bright, between = (
        sum(one.dark for one in seen), sum(one.bright for one in seen),
        sum(one.between for one in seen),
    )  # fmt: skip
    share, rarer = between / (dark + bright + between), min(dark, bright)
    if share <= 0.05 and between <= rarer / 2:
        return "mask"
    return "unclear" if share <= 0.25 and between <= rarer else "picture"


def _seen(path: Path) -> _Seen | None:
    try:
        pixels = _pixels(path)
    except DataError:  # the audit will name it
        return None
    codes = pixels.astype(np.uint32) @ 256 ** np.arange(pixels.shape[-1], dtype=np.uint32)
    values, counts = np.unique(codes, return_counts=True)
    if len(values) == 1:
        return None
    if len(values) <= _FEW:
        return _Seen(int(counts.max()), int(counts.sum() - counts.max()), 0)
    grey = pixels.max(axis=-1)
    top = int(grey.max())
    if top - int(grey.min()) <= 2 * _NEAR:
        return None
    dark, bright = int((grey <= _NEAR).sum()), int((grey >= top - _NEAR).sum())
    return _Seen(dark, bright, grey.size - dark - bright)


def _pixels(path: Path) -> NDArray[np.uint8]:
    """Some of the pixels, shape (pixels, channels), at most 3 channels."""
    if is_volume(path.name):
        volume = read_volume(path, None)
        image = volume[len(volume) // 2]
    else:
        image = read_image(path, 3)
    step = max(1, max(image.shape[:2]) // _SIDE)
    some: NDArray[np.uint8] = image[::step, ::step, :3]
    return some.reshape(-1, some.shape[2])
