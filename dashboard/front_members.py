"""The front as a table: to sort, to click, to take along."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from automed.analysis.confirm_words import cost_unit
from automed.analysis.front_table import FrontRow, front_csv, front_rows
from automed.api.opened_study import OpenedStudy

from .chosen import STUDY
from .front_chart import TRIAL
from .front_scene import Scene
from .places import link

_KEY = "front_table"
_NUMBERS = "front_table_numbers"


def members(study: OpenedStudy, scene: Scene) -> None:
    """The front's trials that pass filters and limits, best first."""
    quality = study.spec.task.quality
    drawn = set(scene.points.number[scene.front].tolist())
    rows = [r for r in front_rows(study.front, quality.metric) if r.number in drawn]
    missing = len(study.front.trials) - len(rows)
    st.subheader("On the front", anchor=False)
    if missing:
        st.caption(f"{missing} more are hidden by filters and limits.")
    if not rows:
        st.info("No trial of the front passes the filters and limits.", icon=":material/info:")
        return
    # Where the rows of the last drawing were from: a click is told by its row.
    st.session_state[_NUMBERS] = [row.number for row in rows]
    st.dataframe(
        _table(rows, quality.label, study.name), hide_index=True, key=_KEY,
        on_select=_clicked, selection_mode="single-row", alt="The trials on the front",
        column_config=_columns(quality.label),
    )  # fmt: skip
    st.download_button(
        "Download as CSV", front_csv(rows, quality.metric), f"{study.name}-front.csv",
        "text/csv", key="front_csv", icon=":material/download:", on_click="ignore",
    )  # fmt: skip


def _table(rows: Sequence[FrontRow], quality: str, study: str) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "trial": [row.number for row in rows],
            quality: [row.quality for row in rows],
            "GFLOPs": [row.gmacs for row in rows],
            "MB": [row.megabytes for row in rows],
            cost_unit("parameters"): [row.parameters_m for row in rows],
            "ms": [row.latency_ms for row in rows],
            "knee": ["knee" if row.is_knee else "" for row in rows],
            "from": [_origin(row) for row in rows],
            "config": [row.summary for row in rows],
            "page": [link("trial", **{STUDY: study}, trial=str(row.number)) for row in rows],
        }
    )
    return table if table["ms"].notna().any() else table.drop(columns="ms")


def _origin(row: FrontRow) -> str:
    return row.origin if row.parent is None else f"compressed from trial {row.parent}"


def _columns(quality: str) -> dict[str, ColumnConfig | str | None]:
    number = st.column_config.NumberColumn
    return {
        quality: number(format="%.4f"),
        "GFLOPs": number(format="%.3f", help="Multiply-accumulates of one forward pass, 10^9"),
        "MB": number(format="%.2f"),
        cost_unit("parameters"): number(format="%.3f"),
        "ms": number(format="%.1f", help="Median of one image"),
        "page": st.column_config.LinkColumn(display_text="open", width="small"),
    }


def _clicked() -> None:
    state = st.session_state.get(_KEY)
    rows = state["selection"]["rows"] if state else []
    numbers = st.session_state.get(_NUMBERS, [])
    if rows and rows[0] < len(numbers):
        st.query_params[TRIAL] = str(numbers[rows[0]])
    else:
        st.query_params.pop(TRIAL, None)
