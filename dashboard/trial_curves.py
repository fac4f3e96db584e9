"""Losses and metrics of one or several trainings, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
import streamlit as st

from automed.analysis.palette import BLUE, FAINT, GREEN, ORANGE, PURPLE, SKY, VERMILION
from automed.domain.measurement import Measurement
from automed.domain.objective import LABELS

COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
"""Seen on light and on dark pages."""
_DASHES = ("solid", "dash", "dot")
_LOSSES = {"train_loss": "training loss", "loss": "validation loss"}
_NO_METRIC = (*_LOSSES, "lr")
_SHORT = 10
"""Epochs up to which each has a tick: between them there is none."""
_FEW = 40
"""Epochs up to which each is marked with a point."""

Named = tuple[str, Sequence[Measurement]]


def curves(trainings: Sequence[Named], guide: str, key: str, best_epoch: int | None = None) -> None:
    """Losses on the left, metrics of the visitor's choice on the right.

    Args:
        trainings: At least one, with the name of each.
        guide: The metric to show first.
        key: Tells these charts from others of the page.
        best_epoch: Whose weights were kept; None or 0: none is marked.
    """
    left, right = st.columns(2)
    with left:
        _draw("Loss", trainings, list(_LOSSES), key, best_epoch)
    with right:
        known = dict.fromkeys(n for _, h in trainings for m in h for n in m.metrics)
        names = [name for name in known if name not in _NO_METRIC]
        place = st.container()
        shown = st.multiselect(
            "Metrics", names, default=[n for n in names if n == guide] or names[:1],
            key=f"metrics {key} " + " ".join(names), format_func=lambda n: LABELS.get(n, n),
        )  # fmt: skip
        with place:
            _draw("Validation metric", trainings, shown, key, best_epoch)


def _draw(
    title: str, trainings: Sequence[Named], names: Sequence[str], key: str, best_epoch: int | None
) -> None:
    figure = go.Figure()
    several = len(trainings) > 1
    for at, (label, history) in enumerate(trainings):
        for index, name in enumerate(names):
            points = [(m.epoch, m.metrics[name]) for m in history if name in m.metrics]
            if not points:
                continue
            # Of several trainings a colour each; of one, a colour for each line.
            colour, dash = (at, index) if several else (index, index // len(COLOURS))
            shown = _LOSSES.get(name, LABELS.get(name, name))
            figure.add_scatter(
                x=[x for x, _ in points], y=[y for _, y in points],
                name=f"{label}: {shown}" if several else shown,
                mode="lines+markers" if len(points) <= _FEW else "lines",
                line={"color": COLOURS[colour % len(COLOURS)], "width": 2,
                      "dash": _DASHES[dash % len(_DASHES)]},
                marker={"size": 5},
                hovertemplate="epoch %{x}: %{y:.4f}<extra>%{fullData.name}</extra>",
            )  # fmt: skip
    if best_epoch and not several:
        figure.add_vline(
            best_epoch, line={"dash": "dash", "color": FAINT, "width": 1.5},
            annotation={"text": f"best epoch {best_epoch}", "font": {"size": 11}},
        )  # fmt: skip
    figure.update_layout(
        title=title, height=320, margin={"l": 0, "r": 0, "t": 40, "b": 0}, showlegend=True,
        legend={"orientation": "h", "y": -0.2},
    )  # fmt: skip
    longest = max((len(history) for _, history in trainings), default=0)
    figure.update_xaxes(
        title="epoch", rangemode="tozero", tickformat="d", dtick=1 if longest < _SHORT else None
    )
    what = ", ".join(label for label, _ in trainings)
    st.plotly_chart(figure, key=f"curves {key} {title}", alt=f"{title} of {what}, epoch by epoch")
