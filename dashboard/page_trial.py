"""One trial: what it is, what became of it, what it does to each case, and how to get it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from automed.analysis.trial_fate import label_of
from automed.api.opened_study import OpenedStudy
from automed.domain.trial import Trial

from .address import linked, remember
from .chosen import chosen, command
from .compare_view import COMPARE, compare_view
from .trial_cases import cases_view
from .trial_choice import choose_trial
from .trial_journal import journal_view
from .trial_overview import overview
from .trial_scores import scores_view
from .trial_take import take_view

VIEW = "view"
"""Of the address."""
_FIRST = "overview"
_COMPARE = "compare"
VIEWS: dict[str, tuple[str, Callable[[OpenedStudy, Trial], None]]] = {
    _FIRST: ("Overview", overview),
    "cases": ("Cases", cases_view),
    "scores": ("Scores", scores_view),
    _COMPARE: ("Compare", compare_view),
    "take": ("Take it along", take_view),
    "log": ("Log", journal_view),
}
"""The page's parts, by what the address calls them."""
_COLOURS = {
    "running": "green", "done": "blue", "stopped": "orange", "paused": "orange",
    "failed": "red", "rejected": "gray",
}  # fmt: skip


def show() -> None:
    """The page."""
    study = chosen()
    if study is None:
        return
    if not study.trials:
        st.title("Trial")
        st.info("This study has no trial yet. The search begins with:", icon=":material/info:")
        command(f"automed search {study.spec.task.name} --resume --name {study.word}")
        return
    _heading(study, choose_trial(study))


def _heading(study: OpenedStudy, trial: Trial) -> None:
    label = label_of(trial, study.view.paused)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(f"Trial {trial.number}", anchor=False, width="content")
        st.badge(label, color=_COLOURS[label])  # type: ignore[arg-type]
        if trial.number == study.front.knee and len(study.front.trials) > 1:
            st.badge("knee of the front", color="violet")
    if study.spec.data.is_demo:
        st.warning("Synthetic demo data: the figures say nothing about patients.")
    # A link that names trials to compare means to compare them.
    first = _COMPARE if COMPARE in st.query_params and VIEW not in st.query_params else _FIRST
    key = linked(VIEW, list(VIEWS), first)
    asked = st.segmented_control(
        "Show", list(VIEWS), key=key, format_func=lambda v: VIEWS[v][0], required=True,
        label_visibility="collapsed",
    )  # fmt: skip
    view = asked or first
    remember(VIEW, view, usual=_FIRST)
    VIEWS[view][1](study, trial)
