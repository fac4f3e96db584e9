"""The papers behind the tasks: their figures beside ours."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from automed.api.opened_study import OpenedStudy, study_folders
from automed.api.papers import Paper, own_runs, papers, reproduces
from automed.domain.errors import AutomedError

from . import papers_grid, papers_published
from .chosen import chosen_name, command, opened, workspace
from .plain import literal


def show() -> None:
    """The page."""
    st.title("Papers")
    st.caption(
        "automed's tasks begin with the configurations of published papers. Their figures are of "
        "their own test images, ours of the validation part of yours: the order of the rows says "
        "more than their distance."
    )
    known = papers(workspace())
    if not known:
        st.info("No task names a paper.")
        return
    names = {f"Paper {paper.number}: {paper.task.name}": paper for paper in known}
    chosen_name = st.segmented_control(
        "Paper", list(names), default=_first(names), key="paper", bind="query-params",
        required=True, label_visibility="collapsed",
    )  # fmt: skip
    paper = names[chosen_name or next(iter(names))]
    studies = _studies(paper)
    st.subheader(literal(paper.task.title), anchor=False)
    if paper.grid is not None:
        papers_grid.show(paper.grid, [s for s in studies if reproduces(s.spec, paper.grid)])
    else:
        st.info(
            "No ablation of this paper can be run: automed holds its configurations, which every "
            "search of the task tries first, but not its whole table.",
            icon=":material/info:",
        )
    papers_published.show(paper, own_runs(paper, studies))
    if paper.grid is None:
        command(f"automed search {paper.task.name} --budget {len(paper.baselines)}")


def _first(names: dict[str, Paper]) -> str:
    """The paper of the study that is being looked at."""
    name = chosen_name()
    if name is not None:
        try:
            task = opened(workspace().studies / name).spec.task.name
        except AutomedError:  # the page of that study says so
            return next(iter(names))
        return next((n for n, p in names.items() if p.task.name == task), next(iter(names)))
    return next(iter(names))


def _studies(paper: Paper) -> Sequence[OpenedStudy]:
    found = []
    for folder in study_folders(workspace()):
        try:
            study = opened(folder)
        except AutomedError:  # the list of studies says what is wrong with it
            continue
        if study.spec.task.name == paper.task.name:
            found.append(study)
    return found
