"""A paper's table beside ours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from automed.analysis.plotly_text import escaped
from automed.api.opened_study import OpenedStudy
from automed.api.papers import csv_of, printed_rows, rows_of
from automed.domain.paper_grid import GridRow, PaperGrid

from .chosen import command
from .kept_choice import forget_unless_in
from .places import link
from .plain import literal

Panel = NDArray[np.float64]
"""Shape (rows, metrics); not a number where there is no figure."""

_ROW = 22
"""Pixels a row of the heat map."""


def show(grid: PaperGrid, studies: Sequence[OpenedStudy]) -> None:
    """The section.

    Args:
        grid: The experiment.
        studies: That repeat it.
    """
    st.markdown(f"**{literal(grid.title)}** ({literal(grid.source)})")
    if not studies:
        st.info("This ablation has not been run here yet. Run it, days of computing:")
        command(f"automed reproduce {grid.name}")
        st.caption("Or a small one, to see it work:")
        small = "--image-size 64 --base-width 8 --epochs 4"
        command(f"automed reproduce {grid.name} --name {grid.name}-small {small}")
        _draw(grid, printed_rows(grid), ours=False)
        return
    study = _chosen(studies)
    with st.spinner("Reading the experiment"):
        rows = rows_of(study, grid)
    _state(study, rows, grid)
    _draw(grid, rows, ours=True)
    _table(grid, rows, study.name)


def _chosen(studies: Sequence[OpenedStudy]) -> OpenedStudy:
    names = [study.name for study in studies]
    if len(names) == 1:
        return studies[0]
    forget_unless_in("ablation", names)
    name = st.selectbox("Study", names, key="ablation", bind="query-params", width=320)
    return studies[names.index(name or names[0])]


def _state(study: OpenedStudy, rows: Sequence[GridRow], grid: PaperGrid) -> None:
    spec = study.spec
    height, width = spec.task.image_size
    left = sum(not row.is_over for row in rows)
    if spec.data.is_demo:
        st.badge("synthetic demo data", icon=":material/warning:", color="orange")
    st.text(
        f"Study {study.name}: {spec.task.training.epochs} epochs at {height}x{width} on "
        f"{spec.data.name}; {len(rows) - left} of {len(rows)} models are there."
    )
    if left and not study.running:
        command(f"automed reproduce {grid.name} --name {study.word}")


def _draw(grid: PaperGrid, rows: Sequence[GridRow], *, ours: bool) -> None:
    theirs = _array([row.reported for row in rows], grid)
    panels = [(f"paper, its test part ({grid.source})", theirs)]
    if ours:
        panels.insert(0, ("ours, validation part", _array([row.metrics for row in rows], grid)))
    known = np.concatenate([panel for _, panel in panels])
    low = float(np.nanmin(known)) if np.isfinite(known).any() else 0.0
    names = [f"{row.combination}: {grid.labels[row.method]}" for row in rows]
    figure = make_subplots(
        1, len(panels), shared_yaxes=True, horizontal_spacing=0.02,
        subplot_titles=[escaped(title) for title, _ in panels],
    )  # fmt: skip
    for column, (title, panel) in enumerate(panels, start=1):
        figure.add_trace(
            go.Heatmap(
                z=panel, x=list(grid.metrics.values()), y=[escaped(name) for name in names],
                zmin=low, zmax=1.0, coloraxis="coloraxis", xgap=1, ygap=1,
                text=_spelled(panel), texttemplate="%{text}", hoverongaps=False,
                hovertemplate=f"%{{y}}<br>%{{x}}: %{{z:.4f}}<br>{escaped(title)}<extra></extra>",
            ),
            row=1, col=column,
        )  # fmt: skip
    figure.update_yaxes(autorange="reversed", automargin=True)
    figure.update_layout(
        height=100 + _ROW * len(rows), margin={"l": 0, "r": 0, "t": 30, "b": 0},
        coloraxis={"colorscale": "Cividis", "cmin": low, "cmax": 1.0,
                   "colorbar": {"thickness": 12}},
    )  # fmt: skip
    st.plotly_chart(
        figure, key="grid", config={"displayModeBar": False},
        alt=f"{len(rows)} models by {len(grid.metrics)} metrics",
    )  # fmt: skip
    for remark in grid.remarks:
        st.caption(literal(remark))


def _table(grid: PaperGrid, rows: tuple[GridRow, ...], study: str) -> None:
    lines = []
    for row in rows:
        line: dict[str, object] = {
            "combination": row.combination, "compression": grid.labels[row.method],
            "trial": "" if row.trial is None else link("trial", study=study, trial=str(row.trial)),
            "state": row.state,
        }  # fmt: skip
        for metric, name in grid.metrics.items():
            line[f"{name}, ours"] = row.metrics.get(metric)
            line[f"{name}, paper"] = row.reported.get(metric)
        line |= {"MB": row.megabytes, "zipped MB": row.zipped_megabytes}
        lines.append(line)
    table = pd.DataFrame(lines)
    figures = [f"{n}, {whose}" for n in grid.metrics.values() for whose in ("ours", "paper")]
    st.dataframe(
        table, key="grid table", hide_index=True, placeholder="-",
        column_config={
            "trial": st.column_config.LinkColumn("trial", display_text=r"trial=(\d+)", width=60),
            **{name: st.column_config.NumberColumn(format="%.4f") for name in figures},
            "MB": st.column_config.NumberColumn(format="%.2f"),
            "zipped MB": st.column_config.NumberColumn(format="%.2f"),
        },
    )  # fmt: skip
    st.download_button(
        "Download CSV", csv_of(rows, grid), f"{study}-{grid.name}.csv", "text/csv",
        key="grid csv", icon=":material/download:",
    )  # fmt: skip


def _array(sources: Sequence[dict[str, float]], grid: PaperGrid) -> Panel:
    return np.array([[source.get(name, np.nan) for name in grid.metrics] for source in sources])


def _spelled(panel: Panel) -> list[list[str]]:
    return [[f"{value:.3f}" if np.isfinite(value) else "" for value in row] for row in panel]
