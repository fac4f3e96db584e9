"""Which parameters decide."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from automed.analysis.importance_chart import importance_chart
from automed.analysis.space_words import (
    FRONT,
    NOTHING_VARIED,
    importance_words,
    too_few_words,
)
from automed.api.opened_study import OpenedStudy
from automed.api.study_space import FEWEST, Importance, weigh, weighed_trials

from .chosen import command, opened
from .kept_choice import forget_unless_in


def show(study: OpenedStudy) -> None:
    """The view."""
    count = len(weighed_trials(study))
    if count < FEWEST:
        st.info(too_few_words(count), icon=":material/hourglass_empty:")
        goes_on = f"automed search {study.spec.task.name} --resume --name {study.word}"
        command(f"{goes_on}{_more(study, FEWEST - count)}")
        return
    task = study.spec.task
    labels = {FRONT: None} | {o.label: o.metric for o in task.objectives}
    forget_unless_in("aim", list(labels))
    aim = st.selectbox("Important for", list(labels), key="aim", bind="query-params", width=320)
    found = _weighed(str(study.folder), count, study.spec.version, labels[aim or FRONT])
    if not found:
        st.info(NOTHING_VARIED)
        return
    st.plotly_chart(
        importance_chart(found), key="importance", config={"displayModeBar": False},
        alt=f"Importance of {len(found)} parameters; the first is {found[0].key}",
    )  # fmt: skip
    st.caption(importance_words(aim or FRONT, count, task.objectives, task.quality.label))


def _more(study: OpenedStudy, missing: int) -> str:
    """The flags that allow so many more trainings, as far as limits count those."""
    budget, flags = study.spec.budget, ""
    if budget.trials is not None:
        flags += f" --budget {max(budget.trials, study.ended) + missing}"
    if budget.epochs is not None:
        spent = max(budget.epochs, study.view.spent.epochs)
        flags += f" --epoch-budget {spent + missing * study.spec.task.training.epochs}"
    return flags


@st.cache_data(max_entries=64, show_spinner="Weighing the parameters")
def _weighed(
    folder: str, complete: int, version: str, metric: str | None
) -> tuple[Importance, ...]:
    # A journal grows with every epoch; only a complete trial changes the answer.
    del complete, version
    return weigh(opened(Path(folder)), metric)
