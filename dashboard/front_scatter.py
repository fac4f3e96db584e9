"""The front as a scatter plot: any metric against any other."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from automed.analysis.front_axes import PRICES, log_ticks, stairs, wants_log
from automed.analysis.front_points import Values

from .front_choice import MEMBERSHIP
from .front_colours import CONTINUOUS, Colours
from .front_hover import hover_of
from .front_range import range_of
from .front_scene import Scene

Places = NDArray[np.int64]
WEBGL_ABOVE = 1000
"""SVG, one page element a point, is sharper, but slow with more of them."""
_NAMED = 25
"""So many members of the front have their numbers beside them; more would hide each other."""
HEIGHT = 600
LEGEND = {"orientation": "h", "yanchor": "top", "y": -0.13, "x": 0}
"""Below, where the buttons of the chart do not hide it."""


def scatter(scene: Scene, colours: Colours, extent: tuple[Sequence[float], Sequence[float]]) -> Any:  # noqa: ANN401 - plotly has no types
    """The points, sorted into groups with a shape each, and the staircase of the two axes.

    Args:
        scene: What is drawn.
        colours: For the ground.
        extent: Values of x and y, in units of the axes, that the picture must show as well.
    """
    figure = go.Figure()
    _draw_kinship(figure, scene, colours)
    _draw_stairs(figure, scene, colours)
    for trace in _groups(scene, colours):
        figure.add_trace(trace)
    _draw_knee(figure, scene, colours)
    _lay_out(figure, scene, extent)
    return figure


def _groups(scene: Scene, colours: Colours) -> list[Any]:
    """Faint ones first: what counts lies on top. Compressed models have a shape of their own."""
    groups = (
        (_Look("over your limits", colours.faint, 0.18), scene.over),
        (_Look("breaks a constraint", colours.faint, 0.4, "-open"), scene.broken),
        (_Look("stopped early", colours.faint, 0.7, "-x"), scene.stopped),
        (_Look("off the front", colours.faint, 0.5), scene.rest),
        (_Look("on the front", colours.front, 0.95, ink=colours.ink), scene.front),
    )
    diameters, child = scene.diameters(), scene.points.parent >= 0
    found = []
    for look, mask in groups:
        first = True
        for symbol, part in (("circle", mask & ~child), ("diamond", mask & child)):
            order = np.flatnonzero(part)
            if not len(order):
                continue
            order = order[np.argsort(-diameters[order], kind="stable")]
            found.append(_trace(scene, look, symbol, order, colours, first))
            first = False
    return found


class _Look(NamedTuple):
    name: str
    colour: str
    opacity: float
    shape: str = ""
    ink: str | None = None
    """Of the outline, where it is not the colour."""


def _trace(
    scene: Scene, look: _Look, symbol: str, order: Places, colours: Colours, first: bool
) -> Any:  # noqa: ANN401 - plotly has no types
    labelled = look.ink is not None and int(scene.front.sum()) <= _NAMED
    kind = go.Scattergl if len(order) > WEBGL_ABOVE else go.Scatter
    return kind(
        x=scene.shown(scene.x)[order], y=scene.shown(scene.y)[order],
        mode="markers+text" if labelled else "markers",
        name=look.name, legendgroup=look.name, showlegend=first,
        marker=_marker(scene, look, symbol, order),
        # The knee is named outside its ring.
        text=["" if n == scene.points.knee else str(n) for n in scene.points.number[order]]
        if labelled else None,
        textposition="top center", textfont={"size": 12, "color": colours.ink},
        customdata=scene.points.number[order],
        # A click selects: what is not selected stays where it is, and fades a little.
        selected={"marker": {"opacity": 1.0}}, unselected={"marker": {"opacity": 0.35}},
        **hover_of(scene, order),
    )  # fmt: skip


def _marker(scene: Scene, look: _Look, symbol: str, order: Places) -> dict[str, Any]:
    marker: dict[str, Any] = {
        "size": scene.diameters()[order], "opacity": look.opacity, "color": look.colour,
        # One symbol a trace: plotly takes a second to check ten thousand of them.
        "symbol": "x-thin-open" if look.shape == "-x" else f"{symbol}{look.shape}",
        "line": {"color": look.ink or look.colour, "width": 1 if look.shape == "" else 1.5},
    }  # fmt: skip
    coloured = _coloured(scene)
    if coloured is not None:
        marker |= _by_value(coloured, order, look.ink is not None, scene)
        marker["opacity"] = 1.0 if look.ink is not None else min(1.0, look.opacity + 0.2)
    return marker


def _coloured(scene: Scene) -> Values | None:
    """The values that colours stand for, their logarithms where that tells more; None: none do."""
    if scene.choice.colour == MEMBERSHIP:
        return None
    values = scene.shown(scene.axes[scene.choice.colour])
    return np.log10(values) if wants_log(values[scene.drawn]) else values


def _by_value(values: Values, order: Places, bar: bool, scene: Scene) -> dict[str, Any]:
    known = values[scene.drawn & np.isfinite(values)]
    axis = scene.axes[scene.choice.colour]
    settings: dict[str, Any] = {"color": values[order], "colorscale": CONTINUOUS}
    if len(known):
        settings |= {"cmin": known.min(), "cmax": known.max()}
    if bar:
        settings["colorbar"] = {"title": {"text": html.escape(axis.label), "side": "right"},
                                "thickness": 14}  # fmt: skip
        raw = scene.shown(axis)[scene.drawn]
        if wants_log(raw):
            ticks = log_ticks(raw[np.isfinite(raw)])
            settings["colorbar"] |= {"tickvals": np.log10(ticks), "ticktext": _texts(ticks)}
    return settings


def _texts(ticks: Values) -> list[str]:
    return [f"{tick:g}" for tick in ticks]


def _draw_stairs(figure: Any, scene: Scene, colours: Colours) -> None:  # noqa: ANN401
    xs, ys = scene.shown(scene.x), scene.shown(scene.y)
    kept = scene.kept & np.isfinite(xs) & np.isfinite(ys)
    if not kept.any() or scene.x.metric == scene.y.metric:
        return
    across, up = stairs(scene.x, scene.y, xs[kept], ys[kept])
    # On to the worst x: the best that there is holds for every price above its own.
    end = scene.x.losses(np.array([scene.x.losses(xs[kept]).max()]))
    figure.add_scatter(
        x=[*across, *end], y=[*up, up[-1]], mode="lines", name="best of these two axes",
        line={"shape": "hv", "color": colours.front, "width": 2}, opacity=0.55, hoverinfo="skip",
    )  # fmt: skip


def _draw_kinship(figure: Any, scene: Scene, colours: Colours) -> None:  # noqa: ANN401
    """Thin lines from trained models to the compressed ones."""
    xs, ys = scene.shown(scene.x), scene.shown(scene.y)
    drawn, points = scene.drawn, scene.points
    children = np.flatnonzero(drawn & (points.parent >= 0))
    parents = np.searchsorted(points.number, points.parent[children])
    known = parents < len(points)
    children, parents = children[known], parents[known]
    known = (points.number[parents] == points.parent[children]) & drawn[parents]
    children, parents = children[known], parents[known]
    if not len(children):
        return
    gap = np.full(len(children), np.nan)  # ends a line
    figure.add_scatter(
        x=np.column_stack([xs[parents], xs[children], gap]).ravel(),
        y=np.column_stack([ys[parents], ys[children], gap]).ravel(),
        mode="lines", name="compressed from", hoverinfo="skip",
        line={"color": colours.faint, "width": 1}, opacity=0.7,
    )  # fmt: skip


def _draw_knee(figure: Any, scene: Scene, colours: Colours) -> None:  # noqa: ANN401
    place = None if scene.points.knee is None else scene.points.position(scene.points.knee)
    if place is None or not scene.front[place]:
        return
    ring(figure, scene, place, "knee", colours.knee, colours)


def ring(
    figure: Any,  # noqa: ANN401
    scene: Scene,
    place: int,
    name: str,
    colour: str,
    colours: Colours,
    wider: float = 10.0,
) -> None:
    """A circle around a trial's marker, and its number."""
    figure.add_scatter(
        x=scene.shown(scene.x)[[place]], y=scene.shown(scene.y)[[place]], mode="markers+text",
        name=name, hoverinfo="skip", text=[str(scene.points.number[place])],
        textposition="top center", textfont={"size": 12, "color": colours.ink},
        marker={"size": scene.diameters()[place] + wider, "color": "rgba(0,0,0,0)",
                "line": {"color": colour, "width": 2.5}},
        unselected={"marker": {"opacity": 1.0}, "textfont": {"color": colours.ink}},
    )  # fmt: skip


def _lay_out(
    figure: Any,  # noqa: ANN401
    scene: Scene,
    extent: tuple[Sequence[float], Sequence[float]],
) -> None:
    figure.update_layout(
        height=HEIGHT, margin={"l": 10, "r": 10, "t": 10, "b": 10}, clickmode="event+select",
        legend=LEGEND, dragmode="zoom",
        hoverlabel={"align": "left"},
    )  # fmt: skip
    figure.update_xaxes(**_axis(scene, "x", extent[0]))
    figure.update_yaxes(**_axis(scene, "y", extent[1]))


def _axis(scene: Scene, name: str, also: Sequence[float]) -> dict[str, Any]:
    axis = scene.x if name == "x" else scene.y
    log = scene.is_log(name)
    words = "" if axis.metric in PRICES else " (validation)"
    settings: dict[str, Any] = {
        "title": html.escape(axis.title) + words, "type": "log" if log else "linear",
        "range": range_of(scene, name, also), "showgrid": True, "zeroline": False,
    }  # fmt: skip
    if log:
        settings |= {"dtick": "D2", "tickformat": ".4~g"}
    return settings
