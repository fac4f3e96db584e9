"""Every study of the workspace, a card each."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import plotly.graph_objects as go
import streamlit as st

from automed.analysis.hypervolume_course import hypervolume_course
from automed.analysis.palette import BLUE
from automed.api.opened_study import OpenedStudy, Revision, revision_of, study_folders
from automed.domain.errors import AutomedError

from .chosen import STUDY, chosen, command, opened, workspace
from .places import go_to
from .plain import literal

_COLOURS = {"running": "green", "finished": "blue", "waiting": "orange", "empty": "gray"}
_ICONS = {
    "running": ":material/play_arrow:",
    "finished": ":material/check:",
    "waiting": ":material/pause:",
    "empty": ":material/hourglass_empty:",
}
_COLUMNS = 2


def show() -> None:
    """The page."""
    st.title("Studies", anchor=False)
    folders = study_folders(workspace())
    if not folders:
        chosen()  # says how to begin
        return
    columns = st.columns(_COLUMNS)
    for index, folder in enumerate(folders):
        with columns[index % _COLUMNS], st.container(border=True, key=f"card {folder.name}"):
            _card(folder)


def _card(folder: Path) -> None:
    try:
        study = opened(folder)
    except AutomedError as error:
        _broken(folder, error)
        return
    _heading(study)
    _figures(study)
    course = _course(str(folder), revision_of(folder))
    if len(course) > 1:
        st.plotly_chart(
            _sparkline(course),
            key=f"course {folder.name}",
            config={"displayModeBar": False},
            alt=f"Hypervolume of {folder.name} after each trial: {course[-1][1]:.3f} at the end",
        )
    _next_step(study)


def _broken(folder: Path, error: AutomedError) -> None:
    st.subheader(literal(folder.name), anchor=False)
    st.badge("cannot be read", icon=":material/error:", color="red")
    st.text(str(error))


def _heading(study: OpenedStudy) -> None:
    spec = study.spec
    st.subheader(literal(study.folder.name), anchor=False)
    st.badge(study.state, icon=_ICONS[study.state], color=_COLOURS[study.state])  # type: ignore[arg-type]
    demo = " · synthetic demo data" if spec.data.is_demo else ""
    st.caption(f"{literal(spec.task.title)} · {literal(spec.data.name)}{demo}")
    left = study.seconds_left
    text = study.progress
    if left is not None:
        text += f" · about {_clock(left)} left"
    st.progress(study.share, text=text)


def _figures(study: OpenedStudy) -> None:
    quality = study.spec.task.quality
    results = [t.result for t in study.front.trials if t.result is not None]
    values = [result.values()[quality.metric] for result in results]
    best, volume, counts = st.columns(3)
    best.metric(
        f"Best {literal(quality.label)}", _figure(min(values, key=quality.loss, default=None))
    )
    volume.metric(
        "Hypervolume", f"{study.front.hypervolume:.3f}" if values else "-",
        help="What the front dominates, up to the worst that this study saw. It says how a search "
        "goes on, not which of two studies is better.",
    )  # fmt: skip
    counts.metric("On the front", len(values))
    st.caption(_counts(study))


def _counts(study: OpenedStudy) -> str:
    children = sum(t.parent is not None for t in study.trials)
    labels = Counter(study.label_of(t) for t in study.trials if t.parent is None)
    words = [f"{count} {label}" for label, count in labels.items()]
    return ", ".join([*words, *([f"{children} compressed"] if children else [])]) or "no trial yet"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _clock(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{max(1, minutes)} min"


@st.cache_data(max_entries=64, show_spinner=False)
def _course(folder: str, revision: Revision) -> list[tuple[int, float]]:
    del revision  # the key of the cache
    study = opened(Path(folder))
    course = hypervolume_course(study.feasible, study.spec.task.objectives)
    # As far as the study got, also where its last trials changed nothing.
    last = study.trials[-1].number if study.trials else 0
    return [*course, (last, course[-1][1])] if course and course[-1][0] < last else course


def _sparkline(course: list[tuple[int, float]]) -> go.Figure:
    figure = go.Figure()
    figure.add_scatter(
        x=[number for number, _ in course],
        y=[volume for _, volume in course],
        mode="lines",
        line={"shape": "hv", "color": BLUE, "width": 2},
        hovertemplate="trial %{x}: hypervolume %{y:.4f}<extra></extra>",
    )
    figure.update_layout(height=110, margin={"l": 0, "r": 0, "t": 4, "b": 0})
    figure.update_xaxes(title="hypervolume by trial", showgrid=False, tickformat="d")
    figure.update_yaxes(title=None, showgrid=False, nticks=3)
    return figure


def _next_step(study: OpenedStudy) -> None:
    name = study.folder.name
    if study.trials and st.button(
        "Look at its front", key=f"open {name}", icon=":material/visibility:"
    ):
        go_to("front", **{STUDY: name})
    if study.state == "waiting":
        st.caption("No search is at work on it. This one goes on:")
        command(f"automed search {study.spec.task.name} --resume --name {study.word}")
