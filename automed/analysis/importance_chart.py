"""How much each parameter decides, as bars."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from automed.analysis.palette import BLUE, FAINT, VERMILION
from automed.analysis.plotly_text import escaped
from automed.search.importance import Importance

_ROW = 26
"""Pixels a bar."""


def importance_chart(found: Sequence[Importance]) -> go.Figure:
    """A bar a parameter, the most important on top, with a mark where chance would end.

    Args:
        found: One or more.
    """
    rows = list(reversed(found))
    names = [escaped(one.key) for one in rows]
    figure = go.Figure()
    for sure, colour, name in (
        (True, BLUE, "more than chance"), (False, FAINT, "no more than chance"),
    ):  # fmt: skip
        shown = [one for one in rows if one.above_chance is sure]
        figure.add_bar(
            x=[one.share for one in shown], y=[escaped(one.key) for one in shown],
            orientation="h", name=name, marker_color=colour,
            customdata=[(one.chance, one.trials) for one in shown],
            hovertemplate="%{y}: %{x:.1%}<br>by chance up to %{customdata[0]:.1%}"
            "<br>active in %{customdata[1]} trials<extra></extra>",
        )  # fmt: skip
    figure.add_scatter(
        x=[one.chance for one in rows], y=names, mode="markers", name="reached by chance",
        marker={"symbol": "line-ns", "size": 12, "line": {"width": 2, "color": VERMILION}},
        hoverinfo="skip",
    )  # fmt: skip
    figure.update_layout(
        height=110 + _ROW * len(rows), barmode="overlay", bargap=0.35,
        margin={"l": 0, "r": 10, "t": 30, "b": 0},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
    )  # fmt: skip
    figure.update_yaxes(title=None, categoryorder="array", categoryarray=names, automargin=True)
    figure.update_xaxes(title="share of the importance", tickformat=".0%", rangemode="tozero")
    return figure
