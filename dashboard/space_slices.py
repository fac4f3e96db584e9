"""One parameter at a time against the quality."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from automed.analysis.slices import Slice, slices
from automed.analysis.slices_chart import slices_chart
from automed.analysis.space_words import NOTHING_SLICED, SLICED
from automed.api.opened_study import OpenedStudy, Revision, revision_of
from automed.domain.objective import LABELS

from .chosen import opened
from .kept_choice import forget_unless_in
from .places import go_to

_FIRST = 6
"""Parameters that are drawn until others are asked for."""


def show(study: OpenedStudy) -> None:
    """The view."""
    metric = _metric(study)
    found = _sliced(str(study.folder), revision_of(study.folder), metric)
    if not found:
        st.info(NOTHING_SLICED, icon=":material/hourglass_empty:")
        return
    keys = [one.key for one in found]
    forget_unless_in("sliced", keys)
    asked = st.multiselect(
        "Parameters", keys, default=keys[:_FIRST], key="sliced", bind="query-params",
        placeholder="Choose parameters",
    )  # fmt: skip
    chosen_ones = [one for one in found if one.key in asked]
    if not chosen_ones:
        st.caption("Choose a parameter above.")
        return
    event = st.plotly_chart(
        slices_chart(chosen_ones, metric), key="slices", on_select="rerun",
        selection_mode="points",
        alt=f"{metric} against {', '.join(one.key for one in chosen_ones)}",
    )  # fmt: skip
    st.caption(f"{SLICED} Click a point to open its trial.")
    _open(study, [int(point["customdata"][0]) for point in event["selection"]["points"]])


def _metric(study: OpenedStudy) -> str:
    """What is drawn upwards: the objectives first, then what else was measured."""
    names = [o.metric for o in study.spec.task.objectives]
    for trial in study.trials:
        if trial.result is not None:
            names += [name for name in trial.result.values() if name not in names]
            break
    quality = study.spec.task.quality.metric
    forget_unless_in("metric", names)
    shown = st.selectbox(
        "Metric", names, index=names.index(quality), key="metric", bind="query-params",
        format_func=lambda name: LABELS.get(name, name), width=320,
    )  # fmt: skip
    return shown or quality


@st.cache_data(max_entries=32, show_spinner=False)
def _sliced(folder: str, revision: Revision, metric: str) -> tuple[Slice, ...]:
    del revision  # the key of the cache
    study = opened(Path(folder))
    objective = next((o for o in study.spec.task.objectives if o.metric == metric), None)
    smaller = (objective is not None and objective.direction == "minimize") or metric == "loss"
    return slices(study.trials, study.spec.task.space, metric, smaller_is_better=smaller)


def _open(study: OpenedStudy, numbers: Sequence[int]) -> None:
    for number in list(dict.fromkeys(numbers))[:1]:
        if st.button(f"Open trial {number}", key="open sliced", icon=":material/visibility:"):
            go_to("trial", study=study.name, trial=str(number))
