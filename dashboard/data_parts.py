"""How a study's data were split."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from automed.analysis.palette import BLUE, ORANGE, PURPLE
from automed.analysis.plotly_text import escaped
from automed.api.data_report import (
    Opened,
    PartRow,
    group_sizes,
    part_rows,
    strangers,
    test_part_uses,
)
from automed.api.opened_study import OpenedStudy
from automed.domain.split import Part, Split

from .chosen import command

_NAMES: dict[Part, str] = {"train": "training", "val": "validation", "test": "test"}
_COLOURS: dict[Part, str] = {"train": BLUE, "val": ORANGE, "test": PURPLE}
_MOST_BARS = 80
"""Groups that are drawn; of more, the largest."""


def show(study: OpenedStudy, split: Split | None, found: Opened | None) -> None:
    """The section."""
    st.subheader("Split", anchor=False)
    if split is None:
        st.caption("How the data were split is not known: the study's split.json cannot be read.")
        return
    samples = {} if found is None else found.dataset.by_id
    _locked(study, test_part_uses(study))
    rows = part_rows(split, samples)
    _table(rows)
    st.text(
        f"Seed {split.seed}, digest {study.spec.split_digest[:12]}, "
        + (f"nothing of a group in two parts: by {split.grouped_by}" if split.grouped_by
           else "split sample by sample")
    )  # fmt: skip
    if split.note:
        st.text(f"Note: {split.note}")
    if found is None:
        return
    _changed(*strangers(split, samples))
    if any(row.classes for row in rows):
        st.plotly_chart(
            _classes(rows), key="classes", config={"displayModeBar": False},
            alt="Samples of each class in each part",
        )  # fmt: skip
    elif found.dataset.grouped_by is not None:
        _groups(found, split)


def _locked(study: OpenedStudy, uses: int) -> None:
    if uses:
        times = "once" if uses == 1 else f"{uses} times"
        st.badge(f"test part used {times}", icon=":material/lock_open:", color="orange")
        return
    st.badge("test part locked", icon=":material/lock:", color="green")
    st.caption("No search looks at it. It is opened once, for the points of the front that count:")
    command(f"automed confirm {study.word}")


def _table(rows: Sequence[PartRow]) -> None:
    table = pd.DataFrame([
        {
            "part": _NAMES[row.part], "samples": row.samples, "share": row.share,
            "groups": row.groups, **row.classes,
        }
        for row in rows
    ])  # fmt: skip
    if table["groups"].isna().all():
        table = table.drop(columns="groups")
    st.dataframe(
        table, key="parts", hide_index=True, placeholder="-",
        column_config={"share": st.column_config.ProgressColumn(
            "share", format="percent", min_value=0, max_value=1
        )},
    )  # fmt: skip


def _changed(gone: int, new: int) -> None:
    if gone:
        st.warning(f"Samples of the split that are no longer in the folder: {gone}")
    if new:
        st.warning(f"Samples that were added to the folder since the study began: {new}")


def _classes(rows: Sequence[PartRow]) -> go.Figure:
    """Shares rather than counts: parts differ in size, and their mix should not."""
    names = sorted({name for row in rows for name in row.classes})
    figure = go.Figure()
    for row in rows:
        counts = [row.classes.get(name, 0) for name in names]
        total = sum(counts) or 1
        figure.add_bar(
            x=[escaped(name) for name in names], y=[count / total for count in counts],
            name=_NAMES[row.part], marker_color=_COLOURS[row.part], customdata=counts,
            hovertemplate="%{x}: %{customdata} samples, %{y:.1%} of the part<extra></extra>",
        )  # fmt: skip
    figure.update_layout(
        height=280, barmode="group", margin={"l": 0, "r": 0, "t": 30, "b": 0},
        legend={"orientation": "h", "traceorder": "normal", "y": 1.0, "yanchor": "bottom", "x": 0},
    )  # fmt: skip
    figure.update_yaxes(title="share of the part", tickformat=".0%", rangemode="tozero")
    return figure


def _groups(found: Opened, split: Split) -> None:
    sizes = group_sizes(found.dataset.samples, split)
    figure = go.Figure()
    shown = sizes[:_MOST_BARS]
    order = [escaped(group) for group, _, _ in shown]
    for part, colour in _COLOURS.items():
        bars = [(escaped(group), count) for group, own, count in shown if own == part]
        figure.add_bar(
            x=[group for group, _ in bars], y=[count for _, count in bars], name=_NAMES[part],
            marker_color=colour, hovertemplate="%{x}: %{y} samples<extra></extra>",
        )  # fmt: skip
    figure.update_layout(
        height=280, barmode="stack", margin={"l": 0, "r": 0, "t": 30, "b": 0},
        legend={"orientation": "h", "traceorder": "normal", "y": 1.0, "yanchor": "bottom", "x": 0},
    )  # fmt: skip
    figure.update_xaxes(
        title=found.source.task.split.group, type="category", categoryorder="array",
        categoryarray=order, showticklabels=len(shown) <= 40,
    )  # fmt: skip
    figure.update_yaxes(title="samples")
    st.plotly_chart(
        figure, key="groups", config={"displayModeBar": False},
        alt=f"Samples of {len(shown)} groups, coloured by their part",
    )  # fmt: skip
    if len(sizes) > _MOST_BARS:
        st.caption(f"The largest {_MOST_BARS} of {len(sizes)} groups.")
