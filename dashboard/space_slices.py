"""One parameter at a time against the quality."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from automed.analysis.palette import VERMILION
from automed.analysis.slices import Slice, slices
from automed.api.opened_study import OpenedStudy, Revision, revision_of
from automed.domain.objective import LABELS, SCALES

from .chosen import opened
from .kept_choice import forget_unless_in
from .places import go_to
from .plain import escaped

_COLUMNS = 2
_FIRST = 6
"""Parameters that are drawn until others are asked for."""
_HEIGHT = 290
_MANY = 1000
"""Points of one chart from which on the graphics card draws them."""


def show(study: OpenedStudy) -> None:
    """The view."""
    metric = _metric(study)
    found = _sliced(str(study.folder), revision_of(study.folder), metric)
    if not found:
        st.info(
            "Nothing to slice yet: at least two complete trials with different values are needed.",
            icon=":material/hourglass_empty:",
        )
        return
    keys = [one.key for one in found]
    forget_unless_in("sliced", keys)
    asked = st.multiselect(
        "Parameters", keys, default=keys[:_FIRST], key="sliced", bind="query-params",
        placeholder="Choose parameters",
    )  # fmt: skip
    chosen_ones = [one for one in found if one.key in asked]
    if not chosen_ones:
        st.caption("Choose a parameter above.")
        return
    event = st.plotly_chart(
        _figure(chosen_ones, metric), key="slices", on_select="rerun",
        selection_mode="points",
        alt=f"{metric} against {', '.join(one.key for one in chosen_ones)}",
    )  # fmt: skip
    st.caption(
        "Each point is a complete trial, coloured by its GFLOPs (MACs); bars are the medians of "
        "choices, of which the best one stands left; numbers stand in their order. Click a point "
        "to open its trial."
    )
    _open(study, [int(point["customdata"][0]) for point in event["selection"]["points"]])


def _metric(study: OpenedStudy) -> str:
    """What is drawn upwards: the objectives first, then what else was measured."""
    names = [o.metric for o in study.spec.task.objectives]
    for trial in study.trials:
        if trial.result is not None:
            names += [name for name in trial.result.values() if name not in names]
            break
    quality = study.spec.task.quality.metric
    forget_unless_in("metric", names)
    shown = st.selectbox(
        "Metric", names, index=names.index(quality), key="metric", bind="query-params",
        format_func=lambda name: LABELS.get(name, name), width=320,
    )  # fmt: skip
    return shown or quality


@st.cache_data(max_entries=32, show_spinner=False)
def _sliced(folder: str, revision: Revision, metric: str) -> tuple[Slice, ...]:
    del revision  # the key of the cache
    study = opened(Path(folder))
    objective = next((o for o in study.spec.task.objectives if o.metric == metric), None)
    smaller = (objective is not None and objective.direction == "minimize") or metric == "loss"
    return slices(study.trials, study.spec.task.space, metric, smaller_is_better=smaller)


def _figure(found: Sequence[Slice], metric: str) -> go.Figure:
    rows = -(-len(found) // _COLUMNS)
    titles = [_title(one) for one in found]
    figure = make_subplots(
        rows, _COLUMNS, subplot_titles=titles, shared_yaxes=True, horizontal_spacing=0.05,
        vertical_spacing=min(0.16, 0.5 / rows),
    )  # fmt: skip
    for index, one in enumerate(found):
        place = {"row": 1 + index // _COLUMNS, "col": 1 + index % _COLUMNS}
        _draw(figure, one, metric, place)
        if index % _COLUMNS == 0:
            figure.update_yaxes(title=LABELS.get(metric, metric), **place)
    figure.update_layout(
        height=90 + _HEIGHT * rows, showlegend=False, margin={"l": 0, "r": 0, "t": 40, "b": 0},
        coloraxis={
            "colorscale": "Cividis",
            "colorbar": {"title": "GFLOPs", "thickness": 12, **_ticks(found)},
        },
    )  # fmt: skip
    return figure


def _draw(figure: go.Figure, one: Slice, metric: str, place: dict[str, int]) -> None:
    kind = go.Scattergl if len(one.trials) > _MANY else go.Scatter
    texts = [
        (trial.number, escaped(value), _gflops(trial), _megabytes(trial))
        for trial, value in zip(one.trials, one.values, strict=True)
    ]
    scale, label = SCALES.get(metric, 1.0), escaped(LABELS.get(metric, metric))
    figure.add_trace(
        kind(
            x=one.places, y=np.array(one.metric) / scale, mode="markers", customdata=texts,
            marker={
                "size": 8, "opacity": 0.85, "coloraxis": "coloraxis",
                "color": np.log10([max(_gflops(trial), 1e-6) for trial in one.trials]),
            },
            hovertemplate=f"trial %{{customdata[0]}}: {label} %{{y:.4g}}<br>"
            f"{escaped(one.key)} %{{customdata[1]}}<br>"
            "%{customdata[2]:.3g} GFLOPs, %{customdata[3]:.3g} MB<extra></extra>",
        ),
        **place,
    )  # fmt: skip
    if one.axis == "category":
        _strips(figure, one, place)
    else:
        figure.update_xaxes(type=one.axis, **place)


def _strips(figure: go.Figure, one: Slice, place: dict[str, int]) -> None:
    medians = one.medians()
    xs: list[float | None] = []
    ys: list[float | None] = []
    for position, name in enumerate(one.categories):
        xs += [position - 0.35, position + 0.35, None]
        ys += [medians[name], medians[name], None]
    figure.add_trace(
        go.Scatter(
            x=xs, y=ys, mode="lines", line={"width": 2.5, "color": VERMILION}, hoverinfo="skip"
        ),
        **place,
    )
    figure.update_xaxes(
        tickmode="array", tickvals=list(range(len(one.categories))),
        ticktext=[escaped(_short(name)) for name in one.categories],
        range=[-0.6, len(one.categories) - 0.4], **place,
    )  # fmt: skip


def _title(one: Slice) -> str:
    where = f"<br><sub>where {escaped(_short(one.when, 70))}</sub>" if one.when else ""
    return f"{escaped(one.key)}{where}"


def _short(text: str, most: int = 22) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _gflops(trial: object) -> float:
    result = getattr(trial, "result", None)
    return 0.0 if result is None else float(result.cost.gmacs)


def _megabytes(trial: object) -> float:
    result = getattr(trial, "result", None)
    return 0.0 if result is None else float(result.cost.megabytes)


def _ticks(found: Sequence[Slice]) -> dict[str, list[float] | list[str]]:
    """Ticks of the logarithm, spelled as the number."""
    costs = [_gflops(trial) for one in found for trial in one.trials]
    low, high = (np.log10(max(edge, 1e-6)) for edge in (min(costs), max(costs)))
    places = np.linspace(low, high, 5) if high > low else np.array([low])
    return {"tickvals": list(places), "ticktext": [f"{10**place:.3g}" for place in places]}


def _open(study: OpenedStudy, numbers: Sequence[int]) -> None:
    for number in list(dict.fromkeys(numbers))[:1]:
        if st.button(f"Open trial {number}", key="open sliced", icon=":material/visibility:"):
            go_to("trial", study=study.name, trial=str(number))
