"""How the best value rose, trial by trial."""

from __future__ import annotations

import html
from typing import Any

import numpy as np
import plotly.graph_objects as go

from automed.analysis.front_course import best_so_far

from .front_colours import Colours
from .front_hover import hover_of
from .front_range import range_of
from .front_scatter import HEIGHT, LEGEND, WEBGL_ABOVE
from .front_scene import Scene


def history(scene: Scene, colours: Colours) -> Any:  # noqa: ANN401 - plotly has no types
    """The values of y over the trials' numbers, and the best one so far."""
    values, number = scene.shown(scene.y), scene.points.number
    improved, best = best_so_far(scene.y, values, scene.kept)
    figure = go.Figure()
    known = np.flatnonzero(np.isfinite(best))
    figure.add_scatter(
        x=number[known], y=best[known], mode="lines", name="best so far", hoverinfo="skip",
        line={"shape": "hv", "color": colours.front, "width": 2}, opacity=0.55,
    )  # fmt: skip
    groups = (
        ("over your limits", scene.over, colours.faint, "circle", 0.18),
        ("breaks a constraint", scene.broken, colours.faint, "circle-open", 0.7),
        ("stopped early", scene.stopped, colours.faint, "x-thin-open", 0.7),
        ("no better than before", scene.kept & ~improved, colours.faint, "circle", 0.6),
        ("better than all before", scene.kept & improved, colours.front, "circle", 1.0),
    )
    for name, mask, colour, symbol, opacity in groups:
        order = np.flatnonzero(mask)
        if not len(order):
            continue
        kind = go.Scattergl if len(order) > WEBGL_ABOVE else go.Scatter
        figure.add_trace(
            kind(
                x=number[order],
                y=values[order],
                mode="markers",
                name=name,
                customdata=number[order],
                **hover_of(scene, order),
                marker={
                    "size": 9,
                    "color": colour,
                    "symbol": symbol,
                    "opacity": opacity,
                    "line": {"color": colour, "width": 1.5},
                },
                selected={"marker": {"opacity": 1.0}},
                unselected={"marker": {"opacity": 0.35}},
            )
        )
    log = scene.is_log("y")
    figure.update_layout(
        height=HEIGHT, margin={"l": 10, "r": 10, "t": 10, "b": 10}, clickmode="event+select",
        legend=LEGEND, dragmode="zoom",
        hoverlabel={"align": "left"},
    )  # fmt: skip
    figure.update_xaxes(title="trial", tickformat="d")
    figure.update_yaxes(
        title=html.escape(scene.y.title), type="log" if log else "linear",
        range=range_of(scene, "y", ()),
    )  # fmt: skip
    return figure
