"""Which configs were never trained, and why."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from automed.analysis.rejections import Rejection, rejections
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
        st.info("Every config that was proposed could be trained.", icon=":material/check_circle:")
        if not study.spec.constraints:
            st.caption("This study has no constraints. With some, what exceeds them costs nothing:")
            command(f"automed search {study.spec.task.name} --max-gflops 2 --max-size-mb 8")
        return
    first, second = st.columns([1, 3])
    first.metric("Rejected proposals", f"{len(rejected)} of {len(proposed)}")
    second.caption(
        "Their cost was computed before any training, in a fraction of a second each; they are "
        "charged to no budget."
    )
    _reasons(study, rejections(study.trials, study.spec))
    _configs(study, rejected)


def _reasons(study: OpenedStudy, found: tuple[Rejection, ...]) -> None:
    if not found:  # an older version judged them
        return
    st.subheader("Why", anchor=False)
    rows = [
        {
            "reason": one.reason,
            "configs": len(one.trials),
            "nearest": one.found or "",
            "trial": "" if one.nearest is None
            else link("trial", study=study.name, trial=str(one.nearest)),
            "for example": one.example,
        }
        for one in found
    ]  # fmt: skip
    st.dataframe(
        pd.DataFrame(rows), key="reasons", hide_index=True, placeholder="-",
        column_config={
            "reason": st.column_config.TextColumn("constraint or reason", width="medium"),
            "configs": st.column_config.ProgressColumn(
                "configs", format="%d", min_value=0, max_value=max(len(r.trials) for r in found)
            ),
            "nearest": st.column_config.TextColumn(
                "nearest to it", help="What the cheapest of the rejected configs has"
            ),
            "trial": st.column_config.LinkColumn("its trial", display_text=r"trial=(\d+)"),
            "for example": st.column_config.TextColumn("for example", width="large"),
        },
    )  # fmt: skip
    if sum(len(one.trials) for one in found) > len({n for one in found for n in one.trials}):
        st.caption("A config can break several constraints; it counts for each of them.")


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
