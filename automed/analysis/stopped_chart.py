"""The courses of trainings, and where the stopper ended them."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from automed.analysis.palette import BLUE, FAINT, GREEN, VERMILION
from automed.analysis.plotly_text import escaped
from automed.analysis.stopped_courses import Course, StopTally

_LOOKS = {
    "done": (FAINT, "trained to its end", "solid"),
    "stopped": (VERMILION, "stopped", "solid"),
    "running": (GREEN, "running or paused", "dash"),
    "failed": (BLUE, "failed", "dot"),
}
"""Colour, name and dash of the lines, by the trials' state."""
_FEW = 10
"""Epochs up to which each has a tick and a point."""


def stopped_chart(found: Sequence[Course], label: str, tally: StopTally) -> go.Figure:
    """The guide metric by epoch, a line a training; a cross where the stopper ended one, and why.

    Args:
        found: The trainings' courses.
        label: Of the guide metric.
        tally: How many ended after which epoch.
    """
    figure = go.Figure()
    few = max((course.epochs[-1] for course in found), default=0) <= _FEW
    for state, (colour, name, dash) in _LOOKS.items():
        shown = [course for course in found if course.trial.label == state]
        if shown:
            line = go.scatter.Line(color=colour, width=1.6, dash=dash)
            figure.add_trace(_lines(shown, line, f"{name} ({len(shown)})", label, few))
    ends = [c for c in found if c.trial.label == "stopped" and c.trial.stop is not None]
    figure.add_scatter(
        x=[course.epochs[-1] for course in ends], y=[course.values[-1] for course in ends],
        mode="markers", name="ended here", showlegend=bool(ends),
        marker={"symbol": "x", "size": 10, "color": VERMILION, "line": {"width": 1}},
        customdata=[(c.trial.number, _why(c)) for c in ends],
        hovertemplate="trial %{customdata[0]}, epoch %{x}: %{y:.4f}<br>%{customdata[1]}"
        "<extra></extra>",
    )  # fmt: skip
    for epoch, count in tally.rungs.items():
        figure.add_vline(
            x=epoch, line={"color": VERMILION, "width": 1, "dash": "dot"}, opacity=0.5,
            annotation={"text": f"{count} stopped", "textangle": -90, "font": {"size": 11}},
            annotation_position="bottom right",
        )  # fmt: skip
    figure.update_layout(
        height=480, margin={"l": 0, "r": 20, "t": 30, "b": 0},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
    )  # fmt: skip
    figure.update_xaxes(title="epoch", rangemode="tozero", dtick=1 if few else None)
    figure.update_yaxes(title=f"{escaped(label)} on the validation part")
    return figure


def _lines(
    shown: Sequence[Course], line: go.scatter.Line, name: str, label: str, few: bool
) -> go.Scatter:
    """All courses of one state as a single trace: hundreds of traces are slow to draw."""
    xs: list[int | None] = []
    ys: list[float | None] = []
    numbers: list[int | None] = []
    for course in shown:
        xs += [*course.epochs, None]
        ys += [*course.values, None]
        numbers += [*[course.trial.number] * len(course.epochs), None]
    return go.Scatter(
        x=xs, y=ys, name=name, customdata=numbers, opacity=0.8, line=line, connectgaps=False,
        # One epoch is no line yet.
        mode="lines+markers" if few else "lines", marker={"size": 4},
        hovertemplate=f"trial %{{customdata}}, epoch %{{x}}: {escaped(label)} %{{y:.4f}}"
        "<extra></extra>",
    )  # fmt: skip


def _why(course: Course) -> str:
    """The reason, a line a part."""
    why = "" if course.trial.stop is None else course.trial.stop.why
    return escaped(why).replace("; ", ";<br>")
