"""Three objectives and more at once: one line a trial, one upright a metric."""

from __future__ import annotations

import html
from typing import Any

import numpy as np
import plotly.graph_objects as go

from automed.analysis.front_axes import PRICES, Axis, log_ticks, wants_log
from automed.analysis.front_points import Mask
from automed.domain.objective import Objective

from .front_choice import MEMBERSHIP
from .front_colours import CONTINUOUS, Colours
from .front_scatter import HEIGHT
from .front_scene import Scene


def parallel(scene: Scene, objectives: tuple[Objective, ...], colours: Colours) -> Any:  # noqa: ANN401 - plotly has no types
    """The trials within the limits; on each upright, up is better.

    Args:
        scene: What is drawn.
        objectives: The study's, which come first.
        colours: For the ground.
    """
    shown = scene.front | scene.rest
    metrics = [o.metric for o in objectives if o.metric in scene.axes]
    metrics += [m for m in PRICES if m in scene.axes]
    metrics += [m for m in (scene.choice.colour,) if m in scene.axes]
    axes = [scene.axes[m] for m in dict.fromkeys(metrics) if _complete(scene, m, shown)]
    if scene.choice.colour == MEMBERSHIP:
        line = {"color": scene.points.on_front[shown].astype(float), "cmin": 0.0, "cmax": 1.0,
                "colorscale": [[0, colours.faint], [1, colours.front]]}  # fmt: skip
    else:
        axis = scene.axes[scene.choice.colour]
        line = {"color": scene.shown(axis)[shown], "colorscale": CONTINUOUS, "showscale": True,
                "colorbar": {"title": {"text": html.escape(axis.label)}}}  # fmt: skip
    figure = go.Figure(
        go.Parcoords(
            dimensions=[_dimension(scene, axis, shown) for axis in axes],
            line=line,
            labelfont={"size": 13, "color": colours.ink},
            tickfont={"size": 11, "color": colours.ink},
            rangefont={"size": 10, "color": "rgba(0,0,0,0)"},
            unselected={"line": {"opacity": 0.08}},
        )
    )
    figure.update_layout(height=HEIGHT, margin={"l": 70, "r": 40, "t": 70, "b": 30})
    return figure


def _complete(scene: Scene, metric: str, shown: Mask) -> bool:
    """Whether every line has a place on the upright; plotly would draw a gap at random height."""
    values = scene.points.values[metric][shown]
    return bool(len(values)) and bool(np.isfinite(values).all())


def _dimension(scene: Scene, axis: Axis, shown: Mask) -> dict[str, Any]:
    values = scene.shown(axis)[shown]
    settings: dict[str, Any] = {"label": html.escape(axis.label)}
    if wants_log(values):
        ticks = log_ticks(values)
        settings |= {"tickvals": np.log10(ticks), "ticktext": [f"{t:g}" for t in ticks]}
        values = np.log10(values)
    low, high = float(values.min()), float(values.max())
    if low == high:
        low, high = low - 0.5, high + 0.5
    down = axis.objective.direction == "minimize"
    return settings | {"values": values, "range": [high, low] if down else [low, high]}
