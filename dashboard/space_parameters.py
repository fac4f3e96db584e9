"""The space itself, as a table."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from automed.analysis.space_table import SpaceRow, left_out, space_rows
from automed.api.opened_study import OpenedStudy, Revision, revision_of
from automed.api.study_space import original_space

from .chosen import opened


def show(study: OpenedStudy) -> None:
    """The view."""
    space = study.spec.task.space
    rows, gone = _rows(str(study.folder), revision_of(study.folder))
    varying = sum(row.state != "fixed" for row in rows)
    first, second, third = st.columns(3)
    first.metric("Parameters that vary", f"{varying} of {len(rows)}")
    second.metric("Combinations of choices and steps", _short(space.combinations()))
    third.metric("Real-valued parameters", len(space.real_valued))
    st.text(f"Space {space.name}, version {space.version}")
    table = pd.DataFrame([
        {
            "parameter": row.key, "state": row.state, "values": row.domain, "tried": row.tried,
            "only where": row.when, "in the task's space": row.before, "papers used": row.paper,
            "cannot go together": "; ".join(row.barred),
        }
        for row in rows
    ])  # fmt: skip
    # Columns in which nothing stands only make the others narrower.
    shown = [name for name in table if table[name].astype(bool).any()]
    st.dataframe(
        table[shown], key="parameters", hide_index=True,
        column_config={
            "values": st.column_config.TextColumn(width="large"),
            "state": st.column_config.TextColumn(
                help="fixed and narrowed: by --fix, --set or --space, or by what goes with them"
            ),
        },
    )  # fmt: skip
    if gone:
        st.text(f"Without any effect in this study: {', '.join(gone)}")
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


def _short(count: int) -> str:
    return f"{count:,}" if count < 10**7 else f"{count:.1e}"
