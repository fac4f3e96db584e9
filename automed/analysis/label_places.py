"""Where to write the names of points so that they cover neither points nor each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_DIRECTIONS = np.array(
    [(0, 1), (0.8, 0.8), (-0.8, 0.8), (1, 0), (-1, 0), (0, -1), (0.8, -0.8), (-0.8, -0.8)]
)


def label_places(
    points: NDArray[np.float64],
    radii: NDArray[np.float64],
    sizes: NDArray[np.float64],
    obstacles: NDArray[np.float64],
    obstacle_radii: NDArray[np.float64],
    bounds: tuple[float, float, float, float],
) -> NDArray[np.float64]:
    """Centres for labels, chosen one after the other by the least overlap of eight directions.

    Args:
        points: The points to name, (N, 2), in pixels.
        radii: Their radii, (N,), in pixels.
        sizes: Width and height of their labels, (N, 2), in pixels.
        obstacles: Every point that a label should not cover, (M, 2), in pixels.
        obstacle_radii: Their radii, (M,), in pixels.
        bounds: Left, bottom, right, top of the plot, in pixels.

    Returns:
        The labels' centres, (N, 2), in pixels.
    """
    boxes = [
        _box(centre, np.full(2, 2 * radius))
        for centre, radius in zip(obstacles, obstacle_radii, strict=True)
    ]
    places = np.empty_like(points)
    for row, (point, radius, size) in enumerate(zip(points, radii, sizes, strict=True)):
        centres = point + _DIRECTIONS * (radius + 2 + size / 2)
        costs = [
            _overlap(_box(centre, size), boxes) + _outside(_box(centre, size), bounds) + 0.01 * rank
            for rank, centre in enumerate(centres)
        ]
        places[row] = centres[int(np.argmin(costs))]
        boxes.append(_box(places[row], size))
    return places


def _box(centre: NDArray[np.float64], size: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([centre - size / 2, centre + size / 2])


def _overlap(box: NDArray[np.float64], boxes: Sequence[NDArray[np.float64]]) -> float:
    if not boxes:
        return 0.0
    others = np.stack(boxes)
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    return float(np.prod(np.clip(sides, 0, None), axis=1).sum())


def _outside(box: NDArray[np.float64], bounds: tuple[float, float, float, float]) -> float:
    left, bottom, right, top = bounds
    over = max(left - box[0], 0) + max(bottom - box[1], 0)
    over += max(box[2] - right, 0) + max(box[3] - top, 0)
    return 1e3 * float(over)
