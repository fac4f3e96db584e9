"""Slices through the trials, a small chart a parameter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from automed.analysis.palette import VERMILION
from automed.analysis.plotly_text import escaped
from automed.analysis.slices import Slice
from automed.domain.objective import LABELS, SCALES
from automed.domain.trial import Trial

_COLUMNS = 2
_HEIGHT = 200
"""Pixels of one chart without its title and its ticks."""
_TITLE, _CONDITION, _TICKS, _LETTER = 34, 18, 30, 7
"""Pixels of a title, of the line below it, of ticks that lie, and a letter of those that stand."""
_LINE = 55
"""Letters of ticks that one chart has room for side by side."""
_MANY = 1000
"""Points of one chart from which on the graphics card draws them."""


def slices_chart(found: Sequence[Slice], metric: str) -> go.Figure:
    """The metric against each parameter; every point is a trial, whose number it carries.

    Args:
        found: One or more.
        metric: What they were sliced by.
    """
    rows = -(-len(found) // _COLUMNS)
    figure = make_subplots(
        rows, _COLUMNS, subplot_titles=[_title(one) for one in found], shared_yaxes=True,
        horizontal_spacing=0.05, vertical_spacing=0.0,
    )  # fmt: skip
    for index, one in enumerate(found):
        place = {"row": 1 + index // _COLUMNS, "col": 1 + index % _COLUMNS}
        _draw(figure, one, metric, place)
        if index % _COLUMNS == 0:
            figure.update_yaxes(title=escaped(LABELS.get(metric, metric)), **place)
    height = _space_out(figure, found)
    figure.update_layout(
        height=height, showlegend=False, margin={"l": 0, "r": 0, "t": 0, "b": 0},
        coloraxis={
            "colorscale": "Cividis",
            "colorbar": {
                "title": "GFLOPs", "thickness": 12, "lenmode": "pixels", "len": min(400, height),
                "y": 1, "yanchor": "top", **_ticks(found),
            },
        },
    )  # fmt: skip
    return figure


def _space_out(figure: go.Figure, found: Sequence[Slice]) -> int:
    """Give each row the room that its titles and ticks need; how many pixels high that is."""
    rows = [found[start : start + _COLUMNS] for start in range(0, len(found), _COLUMNS)]
    heads = [_TITLE + _CONDITION * any(one.when for one in row) for row in rows]
    feet = [max(_foot(one) for one in row) for row in rows]
    total = sum(heads) + sum(feet) + _HEIGHT * len(rows)
    above = 0
    for index, (head, foot) in enumerate(zip(heads, feet, strict=True)):
        top = 1 - (above + head) / total
        bottom = max(0.0, top - _HEIGHT / total)
        figure.update_yaxes(domain=[bottom, top], row=index + 1)
        for title in figure.layout.annotations[index * _COLUMNS : (index + 1) * _COLUMNS]:
            title.y = top
        above += head + _HEIGHT + foot
    return total


def _foot(one: Slice) -> int:
    """Pixels below a chart: names that do not fit side by side stand."""
    names = [_short(name) for name in one.categories]
    stands = sum(len(name) + 2 for name in names) > _LINE
    return _TICKS + (_LETTER * max(map(len, names)) if stands else 0)


def _draw(figure: go.Figure, one: Slice, metric: str, place: dict[str, int]) -> None:
    kind = go.Scattergl if len(one.trials) > _MANY else go.Scatter
    texts = [
        (trial.number, escaped(value), _gflops(trial), _megabytes(trial))
        for trial, value in zip(one.trials, one.values, strict=True)
    ]
    scale, label = SCALES.get(metric, 1.0), escaped(LABELS.get(metric, metric))
    figure.add_trace(
        kind(
            x=one.places, y=np.array(one.metric) / scale, mode="markers", customdata=texts,
            marker={
                "size": 8, "opacity": 0.85, "coloraxis": "coloraxis",
                "color": np.log10([max(_gflops(trial), 1e-6) for trial in one.trials]),
            },
            hovertemplate=f"trial %{{customdata[0]}}: {label} %{{y:.4g}}<br>"
            f"{escaped(one.key)} %{{customdata[1]}}<br>"
            "%{customdata[2]:.3g} GFLOPs, %{customdata[3]:.3g} MB<extra></extra>",
        ),
        **place,
    )  # fmt: skip
    if one.axis == "category":
        _strips(figure, one, place)
    else:
        figure.update_xaxes(type=one.axis, exponentformat="e", **place)


def _strips(figure: go.Figure, one: Slice, place: dict[str, int]) -> None:
    medians = one.medians()
    xs: list[float | None] = []
    ys: list[float | None] = []
    for position, name in enumerate(one.categories):
        xs += [position - 0.35, position + 0.35, None]
        ys += [medians[name], medians[name], None]
    figure.add_trace(
        go.Scatter(
            x=xs, y=ys, mode="lines", line={"width": 2.5, "color": VERMILION}, hoverinfo="skip"
        ),
        **place,
    )
    figure.update_xaxes(
        tickmode="array", tickvals=list(range(len(one.categories))),
        ticktext=[escaped(_short(name)) for name in one.categories],
        range=[-0.6, len(one.categories) - 0.4], **place,
    )  # fmt: skip


def _title(one: Slice) -> str:
    where = f"<br><sub>where {escaped(_short(one.when, 70))}</sub>" if one.when else ""
    return f"{escaped(one.key)}{where}"


def _short(text: str, most: int = 22) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _gflops(trial: Trial) -> float:
    return 0.0 if trial.result is None else float(trial.result.cost.gmacs)


def _megabytes(trial: Trial) -> float:
    return 0.0 if trial.result is None else float(trial.result.cost.megabytes)


def _ticks(found: Sequence[Slice]) -> dict[str, list[float] | list[str]]:
    """Ticks of the logarithm, spelled as the number."""
    costs = [_gflops(trial) for one in found for trial in one.trials]
    low, high = (np.log10(max(edge, 1e-6)) for edge in (min(costs), max(costs)))
    places = np.linspace(low, high, 5) if high > low else np.array([low])
    return {"tickvals": list(places), "ticktext": [f"{10**place:.3g}" for place in places]}
