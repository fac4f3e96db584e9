"""A paper's configurations, what it printed, and our trials of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from automed.api.papers import OwnRun, Paper
from automed.domain.objective import LABELS, SCALES

from .places import link


def show(paper: Paper, runs: Sequence[OwnRun]) -> None:
    """The section."""
    metric = paper.task.quality.metric
    names = [metric, *(n for n in ("accuracy", "macs", "size_bytes", "parameters") if n != metric)]
    st.markdown("**Its configurations here**")
    if runs:
        st.dataframe(
            _table([_run(run, names) for run in runs]), key="own runs", hide_index=True,
            placeholder="-", column_config={
                "trial": st.column_config.LinkColumn("trial", display_text=r"trial=(\d+)"),
                **_figures(names),
            },
        )  # fmt: skip
        st.caption("On the validation part, which the papers' own figures are not of.")
    else:
        st.text(
            f"Not trained yet: {', '.join(b.name for b in paper.baselines)}. Every search of the "
            f"task {paper.task.name} tries them first."
        )
    if paper.published:
        st.markdown("**What was published**")
        st.dataframe(
            _table([
                {
                    "model": row.name, "from": row.paper, "part": row.part,
                    **_values(row.values, names),
                }
                for row in paper.published
            ]), placeholder="-", key="published", hide_index=True, column_config=_figures(names),
        )  # fmt: skip
        st.caption("As printed, in our units; on the authors' images, not on yours.")
    with st.expander("The configurations"):
        configs = {b.name: {k: str(v) for k, v in b.config.items()} for b in paper.baselines}
        st.dataframe(pd.DataFrame(configs).fillna(""), key="configurations")


def _run(run: OwnRun, names: Sequence[str]) -> dict[str, object]:
    spec, trial = run.study.spec, run.trial
    height, width = spec.task.image_size
    values = {} if trial.result is None else trial.result.values()
    return {
        "configuration": run.baseline,
        "study": run.study.name,
        "trial": link("trial", study=run.study.name, trial=str(trial.number)),
        "state": trial.label,
        **_values(values, names),
        "epochs": None if trial.result is None else trial.result.epochs,
        "input": f"{height}x{width}",
        "data": f"{spec.data.name}{' (synthetic)' if spec.data.is_demo else ''}",
    }


def _table(rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """Columns in which nothing stands are left out."""
    return pd.DataFrame(rows).dropna(axis="columns", how="all")


def _values(values: dict[str, float], names: Sequence[str]) -> dict[str, float | None]:
    return {
        LABELS.get(n, n): values[n] / SCALES.get(n, 1.0) if n in values else None for n in names
    }


def _figures(names: Sequence[str]) -> dict[str, ColumnConfig]:
    costs = ("macs", "size_bytes", "parameters")
    return {
        LABELS.get(n, n): st.column_config.NumberColumn(format="%.3f" if n in costs else "%.4f")
        for n in names
    }
