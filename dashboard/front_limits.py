"""What the visitor can afford: a slider a price, and fields for those who know the figure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from automed.analysis.confirm_words import cost_unit
from automed.analysis.front_axes import PRICES, Axis
from automed.analysis.front_limits import Limits, stops
from automed.analysis.front_points import FrontPoints
from automed.domain.objective import SCALES as UNITS
from automed.domain.study_spec import StudySpec

ANY = "any"


def ask_limits(
    points: FrontPoints, axes: Mapping[str, Axis], spec: StudySpec, row: DeltaGenerator
) -> Limits:
    """Draw the widgets, and say what they are set to.

    Args:
        points: The study's trials.
        axes: What may be limited.
        spec: Of the study.
        row: The row of the other widgets, which the button for the fields joins.
    """
    offered = {metric: stops(axes[metric].shown(points.values[metric])) for metric in PRICES
               if metric in axes and _differ(points, metric)}  # fmt: skip
    columns = iter(st.columns(len(offered) + 1, gap="medium"))
    asked = {}
    for metric, values in offered.items():
        with next(columns):
            asked[metric] = _slider(metric, values)
    with next(columns):
        least = _least(spec)
    with row:
        _fields(asked)
    bounds = [
        (metric, float(text) * UNITS.get(metric, 1.0))
        for metric, text in asked.items() if text != ANY
    ]  # fmt: skip
    return Limits(tuple(bounds), least)


def _differ(points: FrontPoints, metric: str) -> bool:
    known = points.values[metric][np.isfinite(points.values[metric])]
    return len(known) > 0 and known.max() > known.min() and known.max() > 0


def _slider(metric: str, values: Sequence[float]) -> str:
    key = _key(metric)
    return st.select_slider(
        f"At most ({cost_unit(metric)})", _steps(values, key), value=ANY, key=key,
        bind="query-params",
    )  # fmt: skip


def _key(metric: str) -> str:
    return f"max_{metric}"


def _steps(values: Sequence[float], key: str) -> list[str]:
    """What a slider offers: round values, and those that an address or a field asks for."""
    known = {_short(value): value for value in values}
    for asked in (st.query_params.get(key), st.session_state.get(key)):
        if asked is None or asked == ANY or asked in known:
            continue
        value = _positive(asked)
        if value is not None:
            known[asked] = value
        else:
            st.warning(
                "The address asks for a limit that is no number.", icon=":material/link_off:"
            )
            st.text(f"{key}={asked}")
    return [*sorted(known, key=lambda text: known[text]), ANY]


def _positive(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if value > 0 and math.isfinite(value) else None


def _short(value: float) -> str:
    return f"{value:g}"


def _fields(asked: Mapping[str, str]) -> None:
    """A field a price, behind a button: whoever has 1.7 GFLOPs types 1.7."""
    if not asked:
        return
    with st.popover("Limits", icon=":material/keyboard:", help="Type the figures"):
        for metric, text in asked.items():
            key = f"typed_{metric}"
            # The slider may have been moved since.
            st.session_state[key] = None if text == ANY else float(text)
            st.number_input(
                f"At most ({cost_unit(metric)})", min_value=0.0, value=None, format="%g", key=key,
                placeholder=ANY, on_change=_typed, args=(metric, key),
            )  # fmt: skip


def _typed(metric: str, key: str) -> None:
    value = st.session_state[key]
    st.session_state[_key(metric)] = _short(value) if value else ANY


def _least(spec: StudySpec) -> float | None:
    quality = spec.task.quality
    grid = [f"{step / 100:.2f}" for step in range(100)]
    words = "least" if quality.direction == "maximize" else "most"
    asked = st.select_slider(
        f"{quality.label}, at {words}", [ANY, *grid], value=ANY, key="quality",
        bind="query-params",
    )  # fmt: skip
    return None if asked == ANY else float(asked)
