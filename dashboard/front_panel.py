"""One trial beside the chart: its costs, its config, and the way to its page."""

from __future__ import annotations

import math

import streamlit as st

from automed.analysis.front_axes import PRICES
from automed.analysis.front_table import compact
from automed.api.opened_study import OpenedStudy
from automed.domain.trial import Trial

from .chosen import STUDY
from .front_scene import Scene
from .places import go_to


def panel(
    study: OpenedStudy, scene: Scene, selected: int | None, found: int | None
) -> Trial | None:
    """The selected trial; where there is none, the answer to what is the best.

    Args:
        study: That it belongs to.
        scene: What is drawn.
        selected: Number of a trial, from the address: the study may have none of that number.
        found: The best within the limits.

    Returns:
        The trial that is shown.
    """
    number = found if selected is None else selected
    trial = next((t for t in study.trials if t.number == number), None)
    if trial is None:
        text = "Click a point, or a row of the table." if selected is None else (
            f"Study {study.name} has no trial {selected}."
        )  # fmt: skip
        st.info(text, icon=":material/info:")
        return None
    with st.container(border=True):
        st.subheader(f"Trial {trial.number}", anchor=False)
        _badges(trial, scene, selected is None)
        place = scene.points.position(trial.number)
        if place is not None:
            _figures(scene, place)
        for remark in trial.result.remarks if trial.result else ():
            st.text(remark)
        if st.button(
            f"Open trial {trial.number}", key="front_open", icon=":material/open_in_new:",
            type="primary", width="stretch",
        ):  # fmt: skip
            go_to("trial", **{STUDY: study.name}, trial=str(trial.number))
    return trial


def _badges(trial: Trial, scene: Scene, by_itself: bool) -> None:
    words = [trial.label]
    place = scene.points.position(trial.number)
    if place is not None and scene.points.on_front[place]:
        words.append("on the front")
    if trial.number == scene.points.knee:
        words.append("knee")
    if by_itself:
        words.append("best within your limits" if scene.choice.limits else "best")
    if trial.parent is not None:
        words.append(f"compressed from trial {trial.parent}")
    st.text(f"{', '.join(words)}; from {trial.origin}")


def _figures(scene: Scene, place: int) -> None:
    metrics = dict.fromkeys([scene.y.metric, scene.x.metric, *scene.axes])
    shown = [m for m in metrics if m in (scene.y.metric, scene.x.metric, *PRICES)]
    known = [(m, scene.axes[m].label, scene.shown(scene.axes[m])[place]) for m in shown]
    with st.container(horizontal=True, gap="small"):
        for metric, label, value in known:
            if math.isfinite(value):  # not: a figure that this trial lacks
                text = f"{value:.4g}" if metric in PRICES else f"{value:.4f}"
                st.metric(_plain(label), text, width="content")


def _plain(label: str) -> str:
    """Markdown in the name of a class must stay what it is."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]()#+-.!|~$:<>" else c for c in label)


def config(trial: Trial) -> None:
    """What the trial was set to, line by line."""
    st.text(f"Trial {trial.number} is set to")
    lines = [f"{key} = {compact(value)}" for key, value in trial.config.items()]
    st.code("\n".join(lines), language=None, wrap_lines=True)
