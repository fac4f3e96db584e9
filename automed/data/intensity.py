"""Bringing stored values of any type to 8 bits, one rule for each type."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from automed.data.window import Window, stretched, windowed

PERCENTILES = (0.1, 99.9)
"""What becomes 0 and 255 where values have no natural range."""


def to_uint8(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Map values (H, W, C) to uint8, all channels by the same straight line.

    - uint8 stays, bool becomes 0 and 255;
    - floats within [0, 1] are multiplied by 255;
    - values within [0, 255] of a wider type were 8-bit and are rounded;
    - all else (16-bit microscopy, CT numbers) is stretched from its 0.1 to its 99.9 percentile,
      taken over the picture's channels together: such pictures use a small, varying part of their
      range, and one bright pixel must not darken the rest. Brightness is then relative to the
      picture. A constant picture becomes black.

    Values that are not finite become 0.
    """
    if values.dtype == np.uint8:
        return values
    if values.dtype == np.bool_:
        return values.astype(np.uint8) * np.uint8(255)
    floating = values.dtype.kind == "f"
    finite = values[np.isfinite(values)] if floating else values
    if finite.size == 0:
        return np.zeros(values.shape, np.uint8)
    low, high = float(finite.min()), float(finite.max())
    if floating and low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    elif low >= 0 and high <= 255:
        low, high = 0.0, 255.0
    else:
        low, high = (float(p) for p in np.percentile(finite, PERCENTILES))
    known = np.where(np.isfinite(values), values, low) if floating else values
    steps = 255 / (high - low) if high > low else 0.0
    if not 0 < steps < np.inf:  # no light there, or more than numbers can tell apart
        return np.zeros(values.shape, np.uint8)
    scaled = (known.astype(np.float64) - low) * steps
    return scaled.round().clip(0, 255).astype(np.uint8)


def each_to_uint8(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Map values (H, W, C) to uint8, each channel by a line of its own.

    For channels that are measurements of different things, such as stains or MRI sequences.
    """
    return np.stack([to_uint8(channel) for channel in np.moveaxis(values, -1, 0)], axis=-1)


def in_window(values: NDArray[Any], window: Window | None) -> NDArray[np.uint8]:
    """Map a scanner's values to uint8: through the window, or from the smallest to the largest."""
    if window is not None:
        return windowed(values, window)
    if values.dtype == np.uint8:
        return values
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    return stretched(values, low, high)


def on_black(values: NDArray[Any], alpha: NDArray[Any] | None) -> NDArray[Any]:
    """Lay values (H, W, C) with their alpha (H, W) on black.

    An alpha that is the same everywhere carries nothing (many tools write 255, some 0 by mistake)
    and is dropped.
    """
    if alpha is None or alpha.min() == alpha.max():
        return values
    full = 1.0 if alpha.dtype.kind in "bf" else float(np.iinfo(alpha.dtype).max)
    laid = values * (alpha[..., None] / full)
    return laid if values.dtype.kind == "f" else laid.round().astype(values.dtype)


def inverted(values: NDArray[Any]) -> NDArray[Any]:
    """Exchange dark and bright, within the type's range, or for floats within the values'."""
    if values.dtype.kind == "b":
        return ~values
    if values.dtype.kind == "u":
        return np.iinfo(values.dtype).max - values
    turned: NDArray[Any] = values.max() - values + values.min()
    return turned


def in_colour(indices: NDArray[Any], palette: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Look indices (H, W, 1) up in a palette (entries, 3); those beyond it take the last colour."""
    colours: NDArray[np.uint8] = palette[np.minimum(indices[..., 0], len(palette) - 1)]
    return colours


def with_channels(image: NDArray[np.uint8], channels: int) -> NDArray[np.uint8]:
    """Turn uint8 (H, W, 1 or 3) into (H, W, channels): grey is repeated, RGB becomes its luma.

    Any other number of channels, there or wanted, stays as it is.
    """
    if {image.shape[-1], channels} != {1, 3}:
        return np.ascontiguousarray(image)
    if channels == 1:
        return np.asarray(cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY))[..., None]
    return np.repeat(image[..., :1], channels, axis=-1)
