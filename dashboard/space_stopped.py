"""Which trainings the stopper ended, when and why."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from automed.analysis.palette import BLUE, FAINT, GREEN, VERMILION
from automed.analysis.stopped_courses import (
    MOST,
    Course,
    StopTally,
    courses,
    stop_tally,
    stopped_for_good,
    trainings,
)
from automed.api.opened_study import OpenedStudy, Revision, revision_of
from automed.domain.trial import Trial

from .chosen import command, opened
from .places import link
from .plain import escaped

_LOOKS = {
    "done": (FAINT, "trained to its end", "solid"),
    "stopped": (VERMILION, "stopped", "solid"),
    "running": (GREEN, "running or paused", "dash"),
    "failed": (BLUE, "failed", "dot"),
}
"""Colour, name and dash of the lines, by the trials' state."""


def show(study: OpenedStudy) -> None:
    """The view."""
    spec = study.spec
    tally = stop_tally(study.trials, spec.task.training.epochs)
    if not trainings(study.trials):
        st.info("No training has begun yet.", icon=":material/hourglass_empty:")
        return
    _figures(study, tally)
    found = _read(str(study.folder), revision_of(study.folder))
    missing = len(trainings(study.trials)) - len(found)
    if found:
        quality = spec.task.quality
        st.plotly_chart(
            _figure(found, quality.label, tally), key="courses",
            alt=f"{quality.label} of {len(found)} trainings by epoch, {tally.stopped} stopped",
        )  # fmt: skip
    if missing:
        st.caption(_missing(missing, len(trainings(study.trials))))
    stopped = stopped_for_good(trainings(study.trials))
    if stopped:
        _table(study.name, stopped, spec.task.quality.metric, spec.task.quality.label)
    elif spec.stopper == "none":
        st.caption("This study ran without a stopper. With one, hopeless trainings end early:")
        command(f"automed search {spec.task.name} --stopper dominance")


def _figures(study: OpenedStudy, tally: StopTally) -> None:
    first, second, third = st.columns(3)
    first.metric("Stopper", study.spec.stopper)
    second.metric("Stopped trainings", f"{tally.stopped} of {tally.trainings}")
    third.metric(
        "Epochs not trained", f"{tally.saved:,}", f"{tally.share_saved:.0%} of those planned",
        delta_color="off", delta_arrow="off",
    )  # fmt: skip


@st.cache_data(max_entries=16, show_spinner="Reading the courses")
def _read(folder: str, revision: Revision) -> tuple[Course, ...]:
    del revision  # the key of the cache
    study = opened(Path(folder))
    return courses(study.trials, study.folder, study.spec.task.quality)


def _figure(found: Sequence[Course], label: str, tally: StopTally) -> go.Figure:
    figure = go.Figure()
    for state, (colour, name, dash) in _LOOKS.items():
        shown = [course for course in found if course.trial.label == state]
        if shown:
            figure.add_trace(_lines(shown, colour, f"{name} ({len(shown)})", dash, label))
    ends = [c for c in found if c.trial.label == "stopped" and c.trial.stop is not None]
    figure.add_scatter(
        x=[course.epochs[-1] for course in ends], y=[course.values[-1] for course in ends],
        mode="markers", name="ended here", showlegend=bool(ends),
        marker={"symbol": "x", "size": 10, "color": VERMILION, "line": {"width": 1}},
        customdata=[(c.trial.number, _folded(escaped(_why(c.trial)))) for c in ends],
        hovertemplate="trial %{customdata[0]}, epoch %{x}: %{y:.4f}<br>%{customdata[1]}"
        "<extra></extra>",
    )  # fmt: skip
    for epoch, count in tally.rungs.items():
        figure.add_vline(
            x=epoch, line={"color": VERMILION, "width": 1, "dash": "dot"}, opacity=0.5,
            annotation={"text": f"{count} stopped", "textangle": -90, "font": {"size": 11}},
            annotation_position="bottom right",
        )  # fmt: skip
    figure.update_layout(
        height=480, margin={"l": 0, "r": 0, "t": 30, "b": 0},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
    )  # fmt: skip
    figure.update_xaxes(title="epoch", rangemode="tozero")
    figure.update_yaxes(title=f"{label} on the validation part")
    return figure


def _lines(shown: Sequence[Course], colour: str, name: str, dash: str, label: str) -> go.Scatter:
    """All courses of one state as a single trace: hundreds of traces are slow to draw."""
    xs: list[int | None] = []
    ys: list[float | None] = []
    numbers: list[int | None] = []
    for course in shown:
        xs += [*course.epochs, None]
        ys += [*course.values, None]
        numbers += [*[course.trial.number] * len(course.epochs), None]
    return go.Scatter(
        x=xs, y=ys, mode="lines", name=name, customdata=numbers, opacity=0.8,
        line={"color": colour, "width": 1.6, "dash": dash}, connectgaps=False,
        hovertemplate=f"trial %{{customdata}}, epoch %{{x}}: {escaped(label)} %{{y:.4f}}"
        "<extra></extra>",
    )  # fmt: skip


def _table(name: str, stopped: Sequence[Trial], metric: str, label: str) -> None:
    rows = [
        {
            "trial": link("trial", study=name, trial=str(trial.number)),
            "epoch": trial.stop.epoch,
            label: trial.result.metrics.get(metric) if trial.result is not None else None,
            "why": trial.stop.why,
        }
        for trial in stopped
        if trial.stop is not None
    ]
    st.dataframe(
        pd.DataFrame(rows), key="stopped", hide_index=True, placeholder="-",
        column_config={
            "trial": st.column_config.LinkColumn("trial", display_text=r"trial=(\d+)", width=70),
            "epoch": st.column_config.NumberColumn("ended after epoch", width=130),
            label: st.column_config.NumberColumn(f"{label} by then", format="%.4f", width=110),
            "why": st.column_config.TextColumn("why", width="large"),
        },
    )  # fmt: skip


def _why(trial: Trial) -> str:
    return "" if trial.stop is None else trial.stop.why


def _folded(text: str) -> str:
    return text.replace("; ", ";<br>")


def _missing(missing: int, total: int) -> str:
    if total > MOST:
        return f"The best training and the last {MOST - 1} of {total} are drawn."
    return (
        f"{missing} of {total} trainings have no course to draw: they have not reached the end of "
        "an epoch, or their folder was deleted."
    )
