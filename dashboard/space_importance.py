"""Which parameters decide."""

from __future__ import annotations

from pathlib import Path

import plotly.graph_objects as go
import streamlit as st

from automed.analysis.palette import BLUE, FAINT, VERMILION
from automed.api.opened_study import OpenedStudy
from automed.api.study_space import FEWEST, SHUFFLES, Importance, weigh, weighed_trials

from .chosen import command, opened
from .kept_choice import forget_unless_in
from .plain import escaped

_FRONT = "the front"
_ROUGH = 50
"""Complete trials below which the best tenth are fewer than the method's authors ask for."""
_ROW = 26
"""Pixels a bar."""


def show(study: OpenedStudy) -> None:
    """The view."""
    count = len(weighed_trials(study))
    if count < FEWEST:
        st.info(
            f"Too few trials to tell: {count} complete, {FEWEST} are needed.",
            icon=":material/hourglass_empty:",
        )
        goes_on = f"automed search {study.spec.task.name} --resume --name {study.word}"
        command(f"{goes_on}{_more(study, FEWEST - count)}")
        return
    labels = {_FRONT: None} | {o.label: o.metric for o in study.spec.task.objectives}
    forget_unless_in("aim", list(labels))
    aim = st.selectbox("Important for", list(labels), key="aim", bind="query-params", width=320)
    found = _weighed(str(study.folder), count, study.spec.version, labels[aim or _FRONT])
    if not found:
        st.info("No parameter of this study varied: there is nothing to weigh.")
        return
    chart = _bars(found)
    st.plotly_chart(
        chart, key="importance", config={"displayModeBar": False},
        alt=f"Importance of {len(found)} parameters; the first is {found[0].key}",
    )  # fmt: skip
    st.caption(_explained(aim or _FRONT, count))


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


def _bars(found: tuple[Importance, ...]) -> go.Figure:
    rows = list(reversed(found))
    figure = go.Figure()
    for sure, colour, name in (
        (True, BLUE, "more than chance"), (False, FAINT, "no more than chance"),
    ):  # fmt: skip
        shown = [one for one in rows if one.above_chance is sure]
        figure.add_bar(
            x=[one.share for one in shown], y=[escaped(one.key) for one in shown],
            orientation="h", name=name, marker_color=colour,
            customdata=[(one.chance, one.trials) for one in shown],
            hovertemplate="%{y}: %{x:.1%}<br>by chance up to %{customdata[0]:.1%}"
            "<br>active in %{customdata[1]} trials<extra></extra>",
        )  # fmt: skip
    figure.add_scatter(
        x=[one.chance for one in rows], y=[escaped(one.key) for one in rows], mode="markers",
        name="reached by chance",
        marker={"symbol": "line-ns", "size": 12, "line": {"width": 2, "color": VERMILION}},
        hoverinfo="skip",
    )  # fmt: skip
    figure.update_layout(
        height=110 + _ROW * len(rows), barmode="overlay", bargap=0.35,
        margin={"l": 0, "r": 10, "t": 30, "b": 0},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
    )  # fmt: skip
    names = [escaped(one.key) for one in rows]
    figure.update_yaxes(title=None, categoryorder="array", categoryarray=names, automargin=True)
    figure.update_xaxes(title="share of the importance", tickformat=".0%", rangemode="tozero")
    return figure


def _explained(aim: str, count: int) -> str:
    what = "on and nearest to the front" if aim == _FRONT else f"with the best {aim}"
    rough = (
        f" With fewer than {_ROUGH} complete trials this is a rough guess."
        if count < _ROUGH
        else ""
    )
    return (
        f"What tells the trials {what} (the best tenth, five at least) from all {count} complete "
        "ones: conditional PED-ANOVA. A parameter with conditions is judged by the trials in which "
        f"it is active. The upright marks: what a parameter without effect hardly exceeds, from "
        f"{SHUFFLES} drawings of the best trials by lot. Stopped trainings and compressed models "
        f"are left out.{rough}"
    )
