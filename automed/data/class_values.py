"""Which class each pixel of a mask of several classes is of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automed.data.decode import Pixels
from automed.data.intensity import in_colour
from automed.domain.errors import DataError


def labels_in(pixels: Pixels, *, colours: bool) -> NDArray[np.int64]:
    """The stored values (H, W) of a decoded mask; palette indices where there is a palette.

    Args:
        pixels: The mask.
        colours: Take the greys of a grey palette instead of its indices.

    Raises:
        ValueError: The channels differ, or values are no whole numbers.
    """
    values = pixels.values
    if pixels.palette is not None and colours and not np.ptp(pixels.palette, axis=1).any():
        values = in_colour(values, pixels.palette)
    if (values != values[..., :1]).any():
        raise ValueError("colours, where each pixel should hold the value of its class")
    return whole_numbers(values[..., 0])


def whole_numbers(values: NDArray[Any]) -> NDArray[np.int64]:
    """Values as integers.

    Raises:
        ValueError: There are fractions or values that are not finite.
    """
    rounded = np.rint(values) if values.dtype.kind == "f" else values
    if values.dtype.kind == "f" and not np.allclose(values, rounded, rtol=0, atol=1e-3):
        raise ValueError("fractions, where each pixel should hold the value of its class")
    return rounded.astype(np.int64)


def class_indices(
    labels: NDArray[np.int64], classes: Sequence[str], values: Sequence[int], name: str
) -> NDArray[np.uint8]:
    """The class of each pixel: 0 for background, then 1, 2, ... in the order of the classes.

    Args:
        labels: Stored values of a mask, (H, W).
        classes: Names of the foreground classes.
        values: The value of each class; the nearest one counts, the lower of two as near, and 0 is
            background. Empty: 1, 2, 3, ..., and nothing else.
        name: The file, for errors.

    Raises:
        DataError: No values are given, and one in the mask is above the number of classes.
    """
    if not values:
        return _as_stored(labels, classes, name)
    order = sorted(range(1 + len(values)), key=lambda index: (0, *values)[index])
    expected = np.array([(0, *values)[index] for index in order])
    nearest = np.searchsorted((expected[1:] + expected[:-1]) / 2, labels, side="left")
    return np.array(order, np.uint8)[nearest]


def _as_stored(labels: NDArray[np.int64], classes: Sequence[str], name: str) -> NDArray[np.uint8]:
    strange = labels[(labels < 0) | (labels > len(classes))]
    if strange.size:
        listed = ", ".join(f"{n} {c}" for n, c in enumerate(("background", *classes)))
        raise DataError(
            f"{name} holds the value {strange.flat[0]}, which is no class",
            found=f"{', '.join(map(str, np.unique(strange)[:6]))} in {strange.size} pixels",
            expected=listed,
            hint="mend the mask, or give the task mask_values with the value of each class",
        )
    return labels.astype(np.uint8)


def strays(labels: NDArray[np.int64], values: Sequence[int]) -> dict[int, int]:
    """Values that lie far from every expected one, and how many pixels hold each.

    Far is more than a quarter of the smallest gap between two expected values: what JPEG or a
    smoothed edge adds to 0, 128 and 255 is near, and with 1, 2, 4 nothing but them is.
    """
    if not values:
        return {}
    expected = np.unique([0, *values])
    found, counts = np.unique(labels, return_counts=True)
    distance = np.abs(found[:, None] - expected).min(axis=1)
    far = distance > np.diff(expected).min() / 4
    return {int(v): int(n) for v, n in zip(found[far], counts[far], strict=True)}
