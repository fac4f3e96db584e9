"""How well the outlines of two masks agree."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion, distance_transform_edt

TOLERANCE = 2.0
"""Pixels by which an outline may be off."""


def outline_f1(predicted: NDArray[Any], truth: NDArray[Any]) -> float:
    """F1 of outline pixels that lie near the other outline; NaN where neither mask has one.

    Args:
        predicted: Class indices of one image, shape (height, width).
        truth: The same.
    """
    ours, theirs = _outline(predicted > 0), _outline(truth > 0)
    if not ours.any() and not theirs.any():
        return math.nan
    if not ours.any() or not theirs.any():
        return 0.0
    precision, recall = _near(ours, theirs), _near(theirs, ours)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _outline(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = binary_erosion(mask)
    return mask & ~inside


def _near(outline: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    distance = distance_transform_edt(~other)
    return float((distance[outline] <= TOLERANCE).mean())
