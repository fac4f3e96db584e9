"""The front as a page to explore, which needs no network."""

from __future__ import annotations

import html
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from automed.analysis.front_table import compact
from automed.analysis.front_view import FrontView, Point, view_of
from automed.analysis.palette import BLUE, FAINT, GRID, INK, VERMILION
from automed.domain.front import Front
from automed.domain.objective import Objective
from automed.domain.trial import Trial

LARGEST = 34.0
"""Diameter of the largest marker, in pixels."""
FONT = "Helvetica, Arial, sans-serif"
_CONTROLS = {
    "displaylogo": False,
    "responsive": True,
    # By default a button of the page uploads the chart and its data to Plotly's cloud.
    "showSendToCloud": False,
}


def write_front_html(
    trials: Sequence[Trial],
    front: Front,
    objectives: Sequence[Objective],
    path: Path,
    title: str,
) -> Path:
    """Quality against price with every config on hover, as one self-contained HTML page.

    Plotly's JavaScript is embedded (about 5 MB): hospital networks are often closed.

    Args:
        trials: Of the study, in any state; the complete ones are drawn.
        front: Of all objectives.
        objectives: The study's.
        path: The file to write.
        title: Above the plot; say here if the data are synthetic.
    """
    view = view_of(trials, front, objectives)
    figure = go.Figure()
    if view.points:
        _draw(figure, view)
    else:
        figure.add_annotation(
            text="No complete trial yet", showarrow=False, xref="paper", yref="paper",
            x=0.5, y=0.5, font={"size": 20, "color": FAINT},
        )  # fmt: skip
    _lay_out(figure, view, title)
    page = figure.to_html(
        include_plotlyjs=True, full_html=True, div_id="front", default_height="94vh",
        config=_CONTROLS | {"toImageButtonOptions": {"format": "svg", "filename": path.stem}},
    )  # fmt: skip
    page = page.replace("<head>", f"<head><title>{html.escape(title)}</title>", 1)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial.write_text(page, encoding="utf-8")
    partial.replace(path)
    return path


def _draw(figure: go.Figure, view: FrontView) -> None:
    xs, ys = [x for x, _ in view.stairs], [y for _, y in view.stairs]
    end = max(p.x for p in view.points)
    figure.add_scatter(
        x=[*xs, end], y=[*ys, ys[-1]], mode="lines", name="best up to this price", hoverinfo="skip",
        line={"shape": "hv", "color": BLUE, "width": 2}, opacity=0.5,
    )  # fmt: skip
    largest = max(p.megabytes for p in view.points)
    knee = [p for p in view.points if p.is_knee]
    groups = (
        ("off the front", [p for p in view.points if not p.on_front], FAINT, 0.5),
        ("on the front", [p for p in view.points if p.on_front], BLUE, 0.9),
    )
    for name, points, colour, opacity in groups:
        if points:
            figure.add_scatter(**_group(name, points, view.quality, largest, colour, opacity))
    if knee:
        figure.add_scatter(
            x=[p.x for p in knee], y=[p.y for p in knee], mode="markers+text", name="knee",
            text=[str(p.number) for p in knee], textposition="top center",
            textfont={"size": 12, "color": INK}, hoverinfo="skip",
            marker={"size": [_diameter(p, largest) + 10 for p in knee],
                    "color": "rgba(0,0,0,0)", "line": {"color": VERMILION, "width": 2.5}},
        )  # fmt: skip


def _group(
    name: str, points: Sequence[Point], quality: str, largest: float, colour: str, opacity: float
) -> dict[str, Any]:
    order = sorted(points, key=lambda p: -p.megabytes)
    named = name == "on the front"
    # The knee is named outside its ring.
    names = ["" if p.is_knee else str(p.number) for p in order]
    return {
        "x": [p.x for p in order],
        "y": [p.y for p in order],
        "mode": "markers+text" if named else "markers",
        "name": name,
        "text": names if named else None,
        "textposition": "top center",
        "textfont": {"size": 12, "color": INK},
        "hovertext": [_hover(p, quality) for p in order],
        "hovertemplate": "%{hovertext}<extra></extra>",
        "marker": {
            "size": [_diameter(p, largest) for p in order], "color": colour, "opacity": opacity,
            "symbol": ["diamond" if p.is_compressed else "circle" for p in order],
            "line": {"color": "white", "width": 1},
        },
    }  # fmt: skip


def _diameter(point: Point, largest: float) -> float:
    share = point.megabytes / largest if largest > 0 else 0.0
    return float(max(LARGEST * share**0.5, 7.0))


def _hover(point: Point, quality: str) -> str:
    result = point.trial.result
    assert result is not None
    cost = result.cost
    lines = [
        f"<b>trial {point.number}</b>{' (knee)' if point.is_knee else ''}",
        f"from {html.escape(point.trial.origin)}",
        f"{html.escape(quality)} {point.y:.4f}",
        f"{cost.gmacs:.3f} GFLOPs (MACs)",
        f"{cost.megabytes:.2f} MB, {cost.parameters.value / 1e6:.3f} M parameters",
        *([f"{cost.latency.p50_ms:.1f} ms an image"] if cost.latency is not None else []),
        *([f"compressed from trial {point.trial.parent}"] if point.is_compressed else []),
        *(html.escape(remark) for remark in result.remarks),
        "",
    ]
    lines += [
        f"{html.escape(k)} = {html.escape(compact(v))}" for k, v in point.trial.config.items()
    ]
    return "<br>".join(lines)


def _lay_out(figure: go.Figure, view: FrontView, title: str) -> None:
    heading = f"<b>{html.escape(title)}</b><br><sup>{html.escape(view.summary)}</sup>"
    figure.update_layout(
        template="simple_white",
        title={"text": heading, "x": 0.06, "xanchor": "left", "font": {"size": 19}},
        font={"family": FONT, "color": INK, "size": 14},
        margin={"l": 80, "r": 30, "t": 90, "b": 70},
        legend={"x": 1, "y": 0, "xanchor": "right", "yanchor": "bottom",
                "bgcolor": "rgba(255,255,255,0.8)"},
        hoverlabel={"bgcolor": "white", "align": "left", "font": {"family": FONT, "size": 12}},
    )  # fmt: skip
    figure.update_xaxes(
        title=view.x_label, type="log" if view.log_x else "linear", showgrid=True,
        gridcolor=GRID, dtick="D2" if view.log_x else None, tickformat=".4~g",
    )  # fmt: skip
    figure.update_yaxes(title=f"{view.quality} (validation)", showgrid=True, gridcolor=GRID)
    if view.points:
        top = max(p.y for p in view.points)
        span = max(top - view.floor, 0.1)
        figure.update_yaxes(range=[view.floor - 0.1 * span, top + 0.14 * span])
        if low := sum(p.y < view.floor for p in view.points):
            figure.add_annotation(
                text=f"{low} below: double-click to see all", showarrow=False, x=0, y=0,
                xref="paper", yref="paper", xanchor="left", yanchor="bottom",
                font={"size": 12, "color": FAINT},
            )  # fmt: skip
    else:
        figure.update_xaxes(showticklabels=False)
        figure.update_yaxes(showticklabels=False)
