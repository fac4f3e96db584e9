"""The chart of the Front page, and which trial was clicked in it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from automed.analysis.published_points import left_out
from automed.api.confirm_files import read_report
from automed.api.opened_study import OpenedStudy, Revision

from .front_choice import COURSE, PARALLEL
from .front_colours import Colours, colours
from .front_history import history
from .front_marks import (
    confirmed_extent,
    draw_bounds,
    draw_confirmed,
    draw_published,
    extent_of,
    far_away,
    published_of,
)
from .front_parallel import parallel
from .front_range import hidden
from .front_scatter import ring, scatter
from .front_scene import Scene

KEY = "front_chart"
TRIAL = "trial"
"""Key of the selected trial's number in the address."""
_DRAWN = "front_drawn"
_CLICKED = "front_clicked"


def selected_trial() -> int | None:
    """The number in the address, whoever put it there."""
    number = st.query_params.get(TRIAL, "")
    return int(number) if number.isascii() and number.isdigit() else None


def chart(study: OpenedStudy, scene: Scene, revision: Revision) -> int | None:
    """Draw the chart.

    Returns:
        The number of the selected trial; None: none is.
    """
    if scene.choice.view == PARALLEL:
        _draw_parallel(study, scene)
        return selected_trial()
    selected = selected_trial()
    inputs = (study.name, revision, scene.choice, st.context.theme.type)
    # The chart shows its own selection, but only until its content changes: then it is a new one.
    ringed = None if st.session_state.get(_CLICKED) == (inputs, selected) else selected
    st.session_state[_DRAWN] = (inputs, ringed)
    palette = colours(st.context.theme.type)
    course = scene.choice.view == COURSE
    figure = history(scene, palette) if course else _scatter(study, scene, palette)
    place = None if ringed is None else scene.points.position(ringed)
    if place is not None and not course:
        ring(figure, scene, place, f"trial {ringed}", palette.ink, palette, 18.0)
    st.plotly_chart(
        figure, key=KEY, on_select=_clicked, selection_mode="points", alt=_alt(scene),
        config={"displaylogo": False, "scrollZoom": False,
                "toImageButtonOptions": {"format": "svg", "filename": study.name}},
    )  # fmt: skip
    _notes(study, scene)
    return selected


def _scatter(study: OpenedStudy, scene: Scene, palette: Colours) -> Any:  # noqa: ANN401 - plotly has no types
    points, levels = published_of(scene, study.spec)
    report = read_report(study.folder)
    xs, ys = extent_of(points, levels, scene)
    if report is not None:
        ys = [*ys, *confirmed_extent(report, scene)]
    near = [x for x, far in zip(xs, far_away(xs, scene), strict=True) if not far]
    figure = scatter(scene, palette, (near, ys))
    draw_published(figure, points, levels, scene, palette)
    draw_bounds(figure, study.spec.constraints, scene, palette, "dash", "constraint")
    limits = scene.choice.limits.bounds(study.spec.task.quality)
    draw_bounds(figure, limits, scene, palette, "dot", "your limit")
    if report is not None:
        draw_confirmed(figure, report, scene, palette)
    return figure


def _draw_parallel(study: OpenedStudy, scene: Scene) -> None:
    palette = colours(st.context.theme.type)
    if not (scene.front | scene.rest).any():
        st.info("No trial is left to draw.", icon=":material/info:")
        return
    st.plotly_chart(
        parallel(scene, study.spec.task.objectives, palette), key="front_parallel",
        alt=f"Parallel coordinates of {int((scene.front | scene.rest).sum())} trials",
    )  # fmt: skip
    st.caption("Up is better on every axis. Drag along an axis to keep only the lines through it.")


def _clicked() -> None:
    """Remember the trial; the address names it, so that it can be passed on."""
    state = st.session_state.get(KEY)
    points = state["selection"]["points"] if state else []
    numbers = [number for point in points if (number := _number(point)) is not None]
    if not numbers:
        if not points:  # a double click; a paper's point has no number, and changes nothing
            st.query_params.pop(TRIAL, None)
        return
    st.query_params[TRIAL] = str(numbers[0])
    inputs, ringed = st.session_state.get(_DRAWN, (None, None))
    st.session_state[_CLICKED] = (inputs, numbers[0]) if ringed is None else None


def _number(point: dict[str, Any]) -> int | None:
    data = point.get("customdata")
    if isinstance(data, list):
        data = data[0] if data else None
    return int(data) if isinstance(data, int | float) else None


def _alt(scene: Scene) -> str:
    across = "trial numbers" if scene.choice.view == COURSE else scene.x.title
    return (
        f"{scene.y.title} against {across}: {int(scene.drawn.sum())} trials, "
        f"{int(scene.front.sum())} of them on the front"
    )


def _notes(study: OpenedStudy, scene: Scene) -> None:
    notes = [] if scene.choice.view == COURSE else _scatter_notes(study, scene)
    st.caption(" ".join([*notes, "Click a point for its config and costs."]))


def _scatter_notes(study: OpenedStudy, scene: Scene) -> list[str]:
    task, choice = study.spec.task, scene.choice
    notes = []
    if count := hidden(scene):
        notes.append(f"{count} more outside of this range: double-click to see all.")
    xs, _ = extent_of(published_of(scene, study.spec)[0], (), scene)
    if count := sum(far_away(xs, scene)):
        notes.append(f"{count} of the papers' points are far to the right.")
    other = left_out(task.name, choice.x, choice.y, task.image_size)
    if choice.published and other is not None:
        here = "x".join(map(str, task.image_size))
        notes.append(
            f"The papers' points are not drawn: their GFLOPs are at {other[0]}x{other[1]}, "
            f"these at {here}."
        )
    others = [o.label for o in task.objectives if o.metric not in (choice.x, choice.y)]
    if others and (count := scene.beaten()):
        what = " and ".join(others)
        notes.append(f"{count} of the front are there for {what}: here others beat them.")
    if (scene.points.parent[scene.front | scene.rest] >= 0).any():
        notes.append("Diamonds are compressed models.")
    return notes
