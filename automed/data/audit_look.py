"""What an audit keeps of a decoded image: enough to compare thousands of them in memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automed.data.audit_overlay import overlay_of
from automed.data.perceptual_hash import SIDE, Thumbs, thumbnail
from automed.data.resize import resize_image

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_MARGIN = 8
STATISTICS = 4 + len(QUANTILES)
"""Colour statistics a channel: mean, spread, skewness, largest value and the quantiles."""


@dataclass(frozen=True, eq=False)
class Look:
    """An image in about 4 kB.

    Attributes:
        thumb: Grey, stretched to 0 to 255, shape (`SIDE`, `SIDE`), uint8.
        colours: `STATISTICS` of each channel, on a scale of 0 to 255, float32.
        middle: The quantiles of each channel in the middle of the image, which dark borders and
            trimming leave alone, shape (channels, quantiles), uint8.
        overlay: ``text``, ``scale bar`` or empty: what seems to be burnt in.
    """

    thumb: Thumbs
    colours: NDArray[np.float32]
    middle: NDArray[np.uint8]
    overlay: str = ""

    @property
    def blank(self) -> bool:
        """Whether the image is flat."""
        return not self.thumb.any()


def look_at(image: NDArray[np.uint8]) -> Look:
    """Look at an image, uint8, shape (height, width, channels)."""
    small = resize_image(image, (SIDE, SIDE))
    middle = small[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN].reshape(-1, small.shape[2])
    found = statistics(small.reshape(SIDE * SIDE, -1))
    return Look(thumbnail(small), found, _quantiles(_counts(middle)), overlay_of(image))


def statistics(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Colour statistics of pixels, shape (pixels, channels) -> (channels * `STATISTICS`,).

    Of a small version of the image: where something lies does not count, only its colour.
    """
    counts = _counts(pixels)
    shares = counts / len(pixels)
    mean = shares @ _LEVELS
    off = _LEVELS - mean[:, None]
    spread = np.sqrt((shares * off**2).sum(axis=1))
    skew = (shares * off**3).sum(axis=1) / np.maximum(spread, 1e-3) ** 3
    largest = 255 - (counts[:, ::-1] > 0).argmax(axis=1)
    rows = [mean, spread, skew, largest, *_quantiles(counts).T]
    return np.stack(rows, axis=1).astype(np.float32).ravel()


_LEVELS = np.arange(256, dtype=np.float64)


def _counts(pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """How many pixels have each level, shape (pixels, channels) -> (channels, 256)."""
    return np.stack([np.bincount(channel, minlength=256) for channel in pixels.T])


def _quantiles(counts: NDArray[np.int64]) -> NDArray[np.uint8]:
    places = [round(q * (int(counts[0].sum()) - 1)) for q in QUANTILES]
    found = [np.searchsorted(channel.cumsum(), places, side="right") for channel in counts]
    return np.stack(found).astype(np.uint8)
