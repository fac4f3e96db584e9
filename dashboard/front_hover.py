"""What a point says when the pointer rests on it."""

from __future__ import annotations

import html
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automed.analysis.front_table import compact
from automed.domain.trial import Trial

from .front_scene import Scene

_WHOLE = 1000
"""Up to so many points tell their configs; with more the page would take seconds to load."""


def hover_of(scene: Scene, order: NDArray[np.int64]) -> dict[str, Any]:
    """Settings of a trace, for the points at these positions."""
    if len(scene.points) > _WHOLE:
        labels = html.escape(scene.x.label), html.escape(scene.y.label)
        return {
            "hovertemplate": f"<b>trial %{{customdata}}</b><br>{labels[1]} %{{y:.4f}}<br>"
            f"{labels[0]} %{{x:.4g}}<extra></extra>"
        }
    return {
        "hovertext": [_text(scene, int(place)) for place in order],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _text(scene: Scene, place: int) -> str:
    trial = scene.points.trials[place]
    lines = [
        f"<b>trial {trial.number}</b>{' (knee)' if trial.number == scene.points.knee else ''}",
        *(_value(scene, metric, place) for metric in _wanted(scene)),
        f"from {html.escape(trial.origin)}",
        *([f"compressed from trial {trial.parent}"] if trial.parent is not None else []),
        *_remarks(trial),
        *(f"{html.escape(k)} = {html.escape(compact(v))}" for k, v in trial.config.items()),
    ]
    return "<br>".join(lines)


def _wanted(scene: Scene) -> list[str]:
    """The axes first, then what the study minimizes and maximizes."""
    first = [scene.y.metric, scene.x.metric]
    rest = [m for m in ("macs", "size_bytes", "parameters", "latency_ms") if m in scene.axes]
    return list(dict.fromkeys([*first, *rest]))


def _value(scene: Scene, metric: str, place: int) -> str:
    axis = scene.axes[metric]
    return f"{html.escape(axis.label)} {scene.shown(axis)[place]:.4g}"


def _remarks(trial: Trial) -> list[str]:
    found = trial.result.remarks if trial.result is not None else ()
    return [html.escape(remark) for remark in found]
