"""The widgets above the front: axes, colours and filters.

Each is bound to the address, so that a colleague who opens it sees the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

import streamlit as st

from automed.analysis.front_axes import Axis, usual_axes
from automed.analysis.front_points import FrontPoints, Strings
from automed.domain.study_spec import StudySpec

from .front_choice import AREAS, COURSE, EQUAL, MEMBERSHIP, PARALLEL, SCALES, SCATTER, Choice
from .front_limits import ask_limits

_WIDTH = 152
"""Pixels of a choice: in a narrow window they wrap."""
MANY = 500
"""Beyond so many points, areas only hide each other."""


def ask(points: FrontPoints, axes: Mapping[str, Axis], spec: StudySpec) -> Choice:
    """Draw the widgets, and say what they are set to."""
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
    with row:
        shown = _view(spec)
        price, quality = usual_axes(spec.task.objectives)
        across = _axis("x", axes, price if price in axes else next(iter(axes)), shown == SCATTER)
        up = _axis("y", axes, quality, shown != PARALLEL)
        coloured = _colour(axes, shown != COURSE)
        rest = _more(points, shown == SCATTER)
    return Choice(shown, across, up, coloured, **rest, limits=ask_limits(points, axes, spec, row))


def _view(spec: StudySpec) -> str:
    views = [SCATTER, PARALLEL, COURSE]
    first = COURSE if len(spec.task.objectives) == 1 else SCATTER
    shown = st.selectbox(
        "Show", views, index=views.index(first), key="view", bind="query-params",
        help="Parallel coordinates: one line a trial through all objectives at once. Best so far: "
        "how the best value rose, trial by trial.", width=_WIDTH,
    )  # fmt: skip
    return str(shown)


def _axis(name: str, axes: Mapping[str, Axis], first: str, used: bool) -> str:
    metrics = list(axes)
    return st.selectbox(
        f"{name} axis", metrics, index=metrics.index(first), key=name, bind="query-params",
        format_func=lambda metric: axes[metric].label if metric in axes else metric,
        disabled=not used, width=_WIDTH,
    )  # fmt: skip


def _colour(axes: Mapping[str, Axis], used: bool) -> str:
    names = {MEMBERSHIP: "On the front?"} | {m: a.label for m, a in axes.items()}
    return st.selectbox(
        "Colour", list(names), key="colour", bind="query-params",
        format_func=lambda metric: names.get(metric, metric), disabled=not used,
        help="A third objective can be seen as colour: dark is low, bright is high.",
        width=_WIDTH,
    )  # fmt: skip


def _area(points: FrontPoints, used: bool) -> str:
    first = AREAS.index(EQUAL) if len(points) > MANY else 0
    return st.selectbox(
        "Area", AREAS, index=first, key="area", bind="query-params", disabled=not used,
        help="1/GFLOPs, against parameters: Figure 7 of Jeong et al. 2023. Large is quick.",
    )  # fmt: skip


class _Rest(TypedDict):
    area: str
    front_only: bool
    published: bool
    origins: tuple[str, ...]
    models: tuple[str, ...]
    states: tuple[str, ...]
    scale_x: str
    scale_y: str


def _more(points: FrontPoints, scatter: bool) -> _Rest:
    with st.popover("More", icon=":material/tune:"):
        return {
            "area": _area(points, scatter),
            "front_only": st.toggle("Only the front", key="front_only", bind="query-params"),
            "published": st.toggle(
                "The papers' points", value=True, key="published", bind="query-params",
                help="Where their task is this one, and their units are ours.",
            ),
            "origins": _several("Proposed by", "origin", points.origin),
            "models": _several("Architecture", "model", points.model),
            "states": _several("State", "state", points.state, "done"),
            "scale_x": _scale("x"),
            "scale_y": _scale("y"),
        }  # fmt: skip


def _scale(axis: str) -> str:
    return st.selectbox(
        f"Scale of {axis}", SCALES, key=f"scale_{axis}", bind="query-params",
        help="auto: a logarithm where prices span more than a decade.",
    )  # fmt: skip


def _several(label: str, key: str, values: Strings, *first: str) -> tuple[str, ...]:
    known = sorted(set(values))
    chosen = st.multiselect(
        label, known, default=[name for name in first if name in known], key=key,
        placeholder="all", bind="query-params",
    )  # fmt: skip
    return tuple(chosen)
