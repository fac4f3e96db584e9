"""The part of an axis that the picture shows at first; a double click shows all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .front_scene import Scene

_MARGIN = 0.06
_COLLAPSED = 0.4
"""At most this share of the points lies below what is shown."""
_LEAST = 0.02
"""Of a quality: a front that is flatter is not blown up to fill the picture."""


def range_of(scene: Scene, name: str, also: Sequence[float]) -> list[float] | None:
    """The range of ``x`` or ``y`` in plotly's terms; None: nothing to show.

    Collapsed trainings far below the front do not squash it.

    Args:
        scene: What is drawn.
        name: Of the axis.
        also: Values in the axis' unit that must be seen, too.
    """
    axis = scene.x if name == "x" else scene.y
    values = scene.shown(axis)[scene.drawn]
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    low, high = values.min(), values.max()
    front = scene.shown(axis)[scene.front]
    front = front[np.isfinite(front)]
    if axis.objective.direction == "maximize" and len(front):
        low = max(low, min(front.min() - max(np.ptp(front), 0.05), np.quantile(values, _COLLAPSED)))
    low, high = min([low, *also]), max([high, *also])
    if scene.is_log(name):
        low, high = np.log10(low), np.log10(high)
        least = 0.1
    else:
        least = _LEAST if axis.objective.direction == "maximize" else 0.02 * abs(high)
    span = max(high - low, least)
    return [float(low - _MARGIN * span), float(high + 2 * _MARGIN * span)]


def hidden(scene: Scene) -> int:
    """How many points lie outside of what the picture shows at first."""
    out = np.zeros(len(scene.points), dtype=bool)
    for name, axis in (("x", scene.x), ("y", scene.y)):
        found = range_of(scene, name, ())
        if found is None:
            continue
        values = scene.shown(axis)
        if scene.is_log(name):
            values = np.log10(values, out=np.full(len(values), np.nan), where=values > 0)
        out |= (values < found[0]) | (values > found[1])
    return int((out & scene.drawn).sum())
