"""The space itself, as a table."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from automed.analysis.space_table import SpaceRow, left_out, space_rows
from automed.analysis.space_tables import parameter_table, space_figures
from automed.analysis.space_words import STATES, gone_words, space_words
from automed.api.opened_study import OpenedStudy, Revision, revision_of
from automed.api.study_space import original_space

from .chosen import opened


def show(study: OpenedStudy) -> None:
    """The view."""
    space = study.spec.task.space
    rows, gone = _rows(str(study.folder), revision_of(study.folder))
    figures = space_figures(space, rows)
    for column, (name, value) in zip(st.columns(len(figures)), figures.items(), strict=True):
        column.metric(name, value)
    st.text(space_words(space))
    st.dataframe(
        pd.DataFrame(parameter_table(rows)), key="parameters", hide_index=True,
        column_config={
            "values": st.column_config.TextColumn(width="large"),
            "state": st.column_config.TextColumn(help=STATES),
        },
    )  # fmt: skip
    if gone:
        st.text(gone_words(gone))
    _settings(study)


@st.cache_data(max_entries=16, show_spinner=False)
def _rows(folder: str, revision: Revision) -> tuple[tuple[SpaceRow, ...], tuple[str, ...]]:
    del revision  # the key of the cache
    study = opened(Path(folder))
    space, original = study.spec.task.space, original_space(study)
    return space_rows(space, original, study.trials), left_out(space, original)


def _settings(study: OpenedStudy) -> None:
    spec = study.spec
    height, width = spec.task.image_size
    rows = {
        "objectives": ", ".join(f"{o.label} ({o.direction})" for o in spec.task.objectives),
        "constraints": "; ".join(c.describe() for c in spec.constraints) or "none",
        "input (height x width)": f"{height}x{width}",
        "most epochs, patience": f"{spec.task.training.epochs}, {spec.task.training.patience}",
        "sampler": spec.sampler,
        "stopper": spec.stopper,
        "weights": spec.weights,
        "compressed with": ", ".join(map(str, spec.compress)) or "nothing",
        "seed": str(spec.seed),
    }
    with st.expander("Settings of the study"):
        st.dataframe(
            pd.DataFrame({"setting": list(rows), "value": list(rows.values())}),
            key="settings", hide_index=True,
        )  # fmt: skip
