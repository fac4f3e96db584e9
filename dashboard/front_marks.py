"""What stands beside a study's points: the papers', constraints, limits, and confirmations."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from automed.analysis.front_axes import DECADE
from automed.analysis.published_points import Published, published_levels, published_points
from automed.domain.confirmation import Confirmation, Estimate
from automed.domain.objective import LABELS, SCALES, Constraint
from automed.domain.study_spec import StudySpec

from .front_colours import Colours
from .front_scene import Scene

_PUBLISHED = "published, other data"


def published_of(scene: Scene, spec: StudySpec) -> tuple[list[Published], list[Published]]:
    """The papers' rows that belong on these axes, as points and as levels across the picture."""
    if not scene.choice.published:
        return [], []
    task, x, y = spec.task, scene.choice.x, scene.choice.y
    points = published_points(task.name, x, y, task.image_size)
    return points, [] if points else published_levels(task.name, x, y)


def extent_of(
    points: Sequence[Published], levels: Sequence[Published], scene: Scene
) -> tuple[list[float], list[float]]:
    """The values of x and y, in units of the axes, that the papers' marks stand at."""
    return _values(points, scene.choice.x), _values((*points, *levels), scene.choice.y)


def _values(rows: Sequence[Published], metric: str) -> list[float]:
    return [row.values[metric] / SCALES.get(metric, 1.0) for row in rows]


def far_away(xs: Sequence[float], scene: Scene) -> list[bool]:
    """Which prices are more than ten times those of the study: to show them would squash it."""
    known = scene.shown(scene.x)[scene.drawn]
    known = known[np.isfinite(known)]
    return [bool(len(known)) and x > DECADE * float(known.max()) for x in xs]


def draw_published(
    figure: Any,  # noqa: ANN401 - plotly has no types
    points: Sequence[Published],
    levels: Sequence[Published],
    scene: Scene,
    colours: Colours,
) -> None:
    """Stars, or dotted lines where a paper prints no price."""
    y = scene.choice.y
    if points:
        xs, ys = extent_of(points, (), scene)
        figure.add_scatter(
            x=xs, y=ys, mode="markers", name=_PUBLISHED,
            marker={"symbol": "star-open", "size": 12, "color": colours.published,
                    "line": {"width": 1.5}},
            hovertext=[_words(point, y) for point in points],
            hovertemplate="%{hovertext}<extra></extra>",
            unselected={"marker": {"opacity": 1.0}},
        )  # fmt: skip
    ends = scene.shown(scene.x)[scene.drawn]
    ends = ends[np.isfinite(ends)]
    for level in levels if len(ends) else ():
        # Many points, so that the pointer finds one of them anywhere along the line.
        space = np.geomspace if scene.is_log("x") else np.linspace
        places = space(ends.min(), ends.max(), 40)
        figure.add_scatter(
            x=places, y=_values([level], y) * len(places), mode="lines",
            name=f"{_PUBLISHED}: {html.escape(level.name)}",
            hovertext=[_words(level, y)] * len(places),
            hovertemplate="%{hovertext}<extra></extra>",
            line={"color": colours.published, "dash": "dot", "width": 1.5},
        )  # fmt: skip


def _words(row: Published, metric: str) -> str:
    """What a paper's mark says: whose it is, and of which images."""
    label = html.escape(LABELS.get(metric, metric))
    return (
        f"<b>{html.escape(row.name)}</b><br>{html.escape(row.paper)}<br>"
        f"{label} {row.values[metric] / SCALES.get(metric, 1.0):.4g}, "
        f"their {row.part} part<br>other data than this study's"
    )


def draw_bounds(
    figure: Any,  # noqa: ANN401
    bounds: Sequence[Constraint],
    scene: Scene,
    colours: Colours,
    dash: str,
    name: str,
) -> None:
    """A line for each bound on one of the two axes, where it lies inside the picture."""
    for bound in bounds:
        value = bound.bound / SCALES.get(bound.metric, 1.0)
        line = {"color": colours.bound, "dash": dash, "width": 1.5}
        for side, axis in (("x", scene.x), ("y", scene.y)):
            if axis.metric != bound.metric or not _inside(figure, scene, side, value):
                continue
            other = "y" if side == "x" else "x"
            figure.add_shape(type="line", line=line, **{
                f"{side}0": value, f"{side}1": value, f"{other}0": 0, f"{other}1": 1,
                f"{other}ref": "paper",
            })  # fmt: skip
            _name_bound(figure, scene, side, value, name, bound, colours)


def _name_bound(
    figure: Any,  # noqa: ANN401
    scene: Scene,
    side: str,
    value: float,
    name: str,
    bound: Constraint,
    colours: Colours,
) -> None:
    place = math.log10(value) if scene.is_log(side) else value
    kind = "at most" if bound.kind == "at_most" else "at least"
    settings: dict[str, Any] = {
        "text": f"{name}: {kind} {value:.3g}", "showarrow": False,
        "font": {"color": colours.bound, "size": 11},
    }  # fmt: skip
    if side == "x":
        settings |= {"x": place, "y": 0.0, "yref": "paper", "xanchor": "right", "textangle": -90,
                     "yanchor": "bottom"}  # fmt: skip
    else:
        settings |= {"y": place, "x": 0.0, "xref": "paper", "xanchor": "left", "yanchor": "bottom"}
    figure.add_annotation(**settings)


def _inside(figure: Any, scene: Scene, side: str, value: float) -> bool:  # noqa: ANN401
    found = figure.layout[f"{side}axis"].range
    if found is None or (scene.is_log(side) and value <= 0):
        return False
    place = math.log10(value) if scene.is_log(side) else value
    return bool(found[0] <= place <= found[1])


def draw_confirmed(figure: Any, report: Confirmation, scene: Scene, colours: Colours) -> None:  # noqa: ANN401
    """Means over other partitions and on the test part, with 95 % bars, at the trials' prices."""
    if scene.choice.y != report.quality.metric:
        return
    looks = (
        (f"confirmed on {report.partitions} other partitions (95 %)", "validation",
         colours.confirmed, "square"),
        ("confirmed on the test part (95 %)", "test", colours.ink, "triangle-up-open"),
    )  # fmt: skip
    xs = scene.shown(scene.x)
    for name, field, colour, symbol in looks:
        found = [
            (float(xs[place]), estimate)
            for point in report.points
            if (estimate := getattr(point, field)) is not None
            and (place := scene.points.position(point.trial)) is not None
            and scene.kept[place]
        ]
        if found:
            figure.add_scatter(**_bars(name, found, colour, symbol))


def _bars(
    name: str, found: list[tuple[float, Estimate]], colour: str, symbol: str
) -> dict[str, Any]:
    above = [0.0 if e.interval is None else max(0.0, e.interval.high - e.mean) for _, e in found]
    below = [0.0 if e.interval is None else max(0.0, e.mean - e.interval.low) for _, e in found]
    return {
        "x": [x for x, _ in found], "y": [e.mean for _, e in found], "mode": "markers",
        "name": name, "marker": {"symbol": symbol, "size": 9, "color": colour},
        "error_y": {"type": "data", "symmetric": False, "array": above, "arrayminus": below,
                    "color": colour, "thickness": 1.5, "width": 4},
        "hovertext": [_interval(estimate) for _, estimate in found],
        "hovertemplate": "%{hovertext}<extra>" + name + "</extra>",
        "unselected": {"marker": {"opacity": 1.0}},
    }  # fmt: skip


def confirmed_extent(report: Confirmation, scene: Scene) -> list[float]:
    """The ends of the bars, which the picture must show."""
    if scene.choice.y != report.quality.metric:
        return []
    ends = [
        value
        for point in report.points
        if (place := scene.points.position(point.trial)) is not None and scene.kept[place]
        for estimate in (point.validation, point.test)
        if estimate is not None
        for value in _ends(estimate)
    ]
    return [value for value in ends if np.isfinite(value)]


def _ends(estimate: Estimate) -> list[float]:
    if estimate.interval is None:
        return [estimate.mean]
    return [estimate.interval.low, estimate.interval.high]


def _interval(estimate: Estimate) -> str:
    if estimate.interval is None:
        return f"{estimate.mean:.4f}"
    return f"{estimate.mean:.4f}, {estimate.interval.low:.4f} to {estimate.interval.high:.4f}"
