"""Which configs were never trained, and why."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from automed.analysis.rejections import Rejection, rejections
from automed.analysis.space_tables import reason_table
from automed.analysis.space_words import (
    NO_CONSTRAINTS,
    NOTHING_REJECTED,
    REJECTED,
    constraints_command,
    several_words,
)
from automed.api.opened_study import OpenedStudy
from automed.domain.objective import LABELS
from automed.domain.trial import Trial

from .chosen import command
from .places import link

_LISTED = 500
"""Rejected configs in the table, youngest first."""


def show(study: OpenedStudy) -> None:
    """The view."""
    rejected = [trial for trial in study.trials if trial.rejected is not None]
    proposed = [trial for trial in study.trials if trial.parent is None]
    if not rejected:
        st.info(NOTHING_REJECTED, icon=":material/check_circle:")
        if not study.spec.constraints:
            st.caption(NO_CONSTRAINTS)
            command(constraints_command(study.spec.task.name))
        return
    first, second = st.columns([1, 3])
    first.metric("Rejected proposals", f"{len(rejected)} of {len(proposed)}")
    second.caption(REJECTED)
    _reasons(study, rejections(study.trials, study.spec))
    _configs(study, rejected)


def _reasons(study: OpenedStudy, found: tuple[Rejection, ...]) -> None:
    if not found:  # an older version judged them
        return
    st.subheader("Why", anchor=False)
    rows = [
        {
            **row,
            "nearest to it": row["nearest to it"] or "",
            "its trial": ""
            if row["its trial"] is None
            else link("trial", study=study.name, trial=str(row["its trial"])),
        }
        for row in reason_table(found)
    ]
    st.dataframe(
        pd.DataFrame(rows), key="reasons", hide_index=True, placeholder="-",
        column_config={
            "constraint or reason": st.column_config.TextColumn(width="medium"),
            "configs": st.column_config.ProgressColumn(
                format="%d", min_value=0, max_value=max(len(r.trials) for r in found)
            ),
            "nearest to it": st.column_config.TextColumn(
                help="What the cheapest of the rejected configs has"
            ),
            "its trial": st.column_config.LinkColumn(display_text=r"trial=(\d+)"),
            "for example": st.column_config.TextColumn(width="large"),
        },
    )  # fmt: skip
    if several := several_words(found):
        st.caption(several)


def _configs(study: OpenedStudy, rejected: list[Trial]) -> None:
    st.subheader("Rejected configs", anchor=False)
    rows = [_row(study, trial) for trial in reversed(rejected[-_LISTED:])]
    st.dataframe(
        pd.DataFrame(rows), key="rejected", hide_index=True, placeholder="-",
        column_config={
            "trial": st.column_config.LinkColumn("trial", display_text=r"trial=(\d+)", width=70),
            **{LABELS[name]: st.column_config.NumberColumn(format="%.4g", width=110)
               for name in ("macs", "size_bytes", "parameters")},
        },
    )  # fmt: skip
    if len(rejected) > _LISTED:
        st.caption(f"The last {_LISTED} of {len(rejected)}.")


def _row(study: OpenedStudy, trial: Trial) -> dict[str, object]:
    cost = trial.predicted
    return {
        "trial": link("trial", study=study.name, trial=str(trial.number)),
        LABELS["macs"]: None if cost is None else cost.gmacs,
        LABELS["size_bytes"]: None if cost is None else cost.megabytes,
        LABELS["parameters"]: None if cost is None else cost.parameters.value / 1e6,
        "why": trial.rejected,
        "from": trial.origin,
        "model": ", ".join(
            f"{k.removeprefix('model.')}={v}" for k, v in trial.config.items()
            if k.startswith("model.")
        ),
    }  # fmt: skip
