"""The front of a study: what nobody beats at its price, and what that is for a given price."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from automed.analysis.front_axes import axes_of
from automed.analysis.front_limits import answer, cheapest
from automed.analysis.front_points import FrontPoints, points_of
from automed.analysis.front_view import view_of
from automed.api.opened_study import OpenedStudy, Revision, revision_of
from automed.domain.objective import Objective
from automed.domain.trial import TrialState

from .chosen import chosen, opened
from .front_chart import chart
from .front_controls import ask
from .front_empty import explain
from .front_members import members
from .front_panel import config, panel
from .front_scene import Scene, scene_of


def show() -> None:
    """The page."""
    study = chosen()
    if study is None:
        return
    st.title("Front", anchor=False)
    revision = revision_of(study.folder)
    points, summary = _points(str(study.folder), revision)
    _heading(study, summary)
    if not any(t.state is TrialState.COMPLETE and t.result is not None for t in study.trials):
        explain(study)
        return
    axes = axes_of(points, study.spec.task.objectives)
    scene = scene_of(points, ask(points, axes, study.spec), axes, study.spec.task.quality)
    found = _answer(study, scene)
    left, right = st.columns([3, 1.15], gap="medium")
    with left:
        selected = chart(study, scene, revision)
    with right:
        shown = panel(study, scene, selected, found)
    if shown is not None:
        with left:
            config(shown)
    members(study, scene)


def _heading(study: OpenedStudy, summary: str) -> None:
    spec = study.spec
    demo = ", synthetic demo data" if spec.data.is_demo else ""
    st.text(f"{study.name}: {spec.task.title}, {spec.data.name}{demo}. {summary}")
    for constraint in spec.constraints:
        st.badge(constraint.describe(), icon=":material/filter_alt:", color="violet")


@st.cache_resource(max_entries=16, show_spinner="Reading the front")
def _points(folder: str, revision: Revision) -> tuple[FrontPoints, str]:
    """The columns of a study, and its front in one line."""
    del revision  # the key of the cache
    study = opened(Path(folder))
    objectives = study.spec.task.objectives
    points = points_of(study.trials, study.front, study.feasible)
    return points, view_of(study.trials, study.front, objectives).summary


def _answer(study: OpenedStudy, scene: Scene) -> int | None:
    """Say what is the best within the limits; the number of that trial."""
    objectives = _quality_first(study)
    limits = scene.choice.limits
    text, best = answer(scene.points, scene.asked, limits, objectives)
    second = cheapest(scene.points, scene.asked, limits, objectives)
    if second is not None and second[1] != best:
        text = f"{text} {second[0]}"
    if best is None:
        st.warning(text, icon=":material/search_off:")
    else:
        st.success(text, icon=":material/emoji_events:")
    return best


def _quality_first(study: OpenedStudy) -> list[Objective]:
    task = study.spec.task
    return [task.quality, *(o for o in task.objectives if o != task.quality)]
