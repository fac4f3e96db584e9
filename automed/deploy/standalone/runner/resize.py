"""Resizing as OpenCV does it, in NumPy: the same pixels, bit for bit.

Training resized with OpenCV's INTER_AREA where an axis shrinks and INTER_LINEAR where it grows.
These are ports of its arithmetic for 8 bits (compared with OpenCV 4.14 and 5.0 on x86-64).
"""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Lines = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]
"""Of each new line: the old ones before and after it, and the weight of the latter."""


def resize(image: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """An image at another size: area averages down, linear up, each axis by itself.

    Args:
        image: uint8 or float32, shape (height, width, channels).
        size: Height and width wanted.

    Returns:
        The same type, shape (*size, channels).
    """
    height, width = (min(*lengths) for lengths in zip(image.shape, size, strict=False))
    return _linear(_area(image, (height, width)), size)


def _area(image: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    if image.shape[:2] == size:
        return image
    (height, width), (rows, columns) = image.shape[:2], size
    if _is_whole(height, rows) and _is_whole(width, columns):
        return _whole_cells(image, height // rows, width // columns)
    across = _averaged(image.astype(np.float32), columns, axis=1)
    return _rounded(_averaged(across, rows, axis=0), image.dtype)


def _is_whole(length: int, goal: int) -> bool:
    """Whether OpenCV takes cells for whole: by its own division, for which 98 to 1 is not."""
    scale = 1.0 / (goal / length)
    return abs(scale - round(scale)) < sys.float_info.epsilon


def _whole_cells(image: NDArray[Any], down: int, right: int) -> NDArray[Any]:
    rows, columns, channels = image.shape[0] // down, image.shape[1] // right, image.shape[2]
    cells = image.reshape(rows, down, columns, right, channels)
    if image.dtype != np.uint8:
        return np.asarray(cells.mean(axis=(1, 3)), image.dtype)
    sums: NDArray[np.int32] = cells.sum(axis=(1, 3), dtype=np.int32)
    if (down, right) == (2, 2) and channels in {1, 3, 4}:
        return np.asarray(
            (sums + 2) >> 2, np.uint8
        )  # OpenCV rounds halves up here, to even elsewhere
    return _rounded(sums.astype(np.float32) * np.float32(1 / (down * right)), image.dtype)


def _averaged(values: NDArray[np.float32], goal: int, axis: int) -> NDArray[np.float32]:
    """Averages over cells of a fractional length, summed in OpenCV's order, in float32."""
    values = np.moveaxis(values, axis, 0)
    length = len(values)
    scale = length / goal
    places, weights = np.zeros((2, goal, math.ceil(scale) + 2))
    for cell in range(goal):
        terms = _cell(cell * scale, scale, length)
        places[cell, : len(terms)], weights[cell, : len(terms)] = zip(*terms, strict=True)
    total = np.zeros((goal, *values.shape[1:]), np.float32)
    for place, weight in zip(places.T.astype(np.intp), weights.T.astype(np.float32), strict=True):
        total += values[place] * weight.reshape(-1, *[1] * (values.ndim - 1))
    return np.moveaxis(total, 0, axis)


def _cell(start: float, scale: float, length: int) -> list[tuple[int, float]]:
    """Positions that lie in a cell, and the share of the cell that each has."""
    end = start + scale
    wide = min(scale, length - start)
    last = min(math.floor(end), length - 1)
    first = min(math.ceil(start), last)
    terms = [(first - 1, (first - start) / wide)] if first - start > 1e-3 else []
    terms += [(place, 1 / wide) for place in range(first, last)]
    if end - last > 1e-3:
        terms.append((last, min(end - last, 1.0, wide) / wide))
    return terms


def _rounded(values: NDArray[np.float32], kind: DTypeLike) -> NDArray[Any]:
    if kind == np.uint8:
        return np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return values.astype(kind)


def _linear(image: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    if image.shape[:2] == size:
        return image
    top, below, down = _neighbours(image.shape[0], size[0])
    left, beside, right = _neighbours(image.shape[1], size[1])
    if image.dtype != np.uint8:
        across = image[:, left] * (1 - right)[:, None] + image[:, beside] * right[:, None]
        weight = down[:, None, None]
        return np.asarray(across[top] * (1 - weight) + across[below] * weight, image.dtype)
    return _fixed_point(image.astype(np.int32), (top, below, down), (left, beside, right))


def _neighbours(length: int, goal: int) -> Lines:
    at = ((np.arange(goal) + 0.5) * (length / goal) - 0.5).astype(np.float32)
    before = np.floor(at)
    first, second = (np.clip(before + step, 0, length - 1).astype(np.intp) for step in (0, 1))
    return first, second, at - before


def _fixed_point(image: NDArray[np.int32], rows: Lines, columns: Lines) -> NDArray[np.uint8]:
    """OpenCV's linear interpolation of 8 bits: weights of 11 bits, and shifts that cut off."""
    left, beside, weight = columns
    near, far = (w[:, None] for w in _weights(weight))
    across = (image[:, left] * near + image[:, beside] * far) >> 4
    top, below, weight = rows
    near, far = (w[:, None, None] for w in _weights(weight))
    mixed = ((across[top] * near) >> 16) + ((across[below] * far) >> 16)
    return np.asarray((mixed + 2) >> 2, np.uint8)


def _weights(weight: NDArray[np.float32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    near, far = (np.rint(w * np.float32(2048)).astype(np.int32) for w in (1 - weight, weight))
    return near, far
