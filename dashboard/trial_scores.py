"""Which classes a trial takes for which, and its curves over all thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import plotly.graph_objects as go
import streamlit as st

from automed.analysis.palette import FAINT
from automed.analysis.plotly_text import escaped
from automed.api.opened_study import OpenedStudy
from automed.domain.trial import Trial

from .trial_curves import COLOURS

if TYPE_CHECKING:
    from automed.analysis.trial_confusion import Confusion
    from automed.analysis.trial_rank_curves import RankCurve

_NOTHING = (
    "There are no predictions of this trial to score: it has no model yet, or its preview.npz or "
    "predictions.npz is missing or damaged."
)
_MANY = 12
"""Classes from which on a matrix shows no figures in its cells."""


def scores_view(study: OpenedStudy, trial: Trial) -> None:
    """The page's part."""
    # Here, for the sake of the other parts: scikit-learn takes seconds to import.
    from automed.analysis.trial_confusion import confusion_of
    from automed.analysis.trial_rank_curves import rank_curves

    folder = study.trial_folder(trial.number)
    classes = study.spec.task.classes
    matrix = confusion_of(folder, classes)
    if matrix is None:
        st.info(_NOTHING, icon=":material/info:")
        return
    left, right = st.columns(2)
    with left:
        _matrix(matrix)
    with right:
        _classes(matrix)
    found = rank_curves(folder, classes)
    if found is None:
        st.caption("No ROC curve: pixels of several classes are not ranked, and a part with one "
                   "kind only has none.")  # fmt: skip
        return
    left, right = st.columns(2)
    with left:
        _curves("ROC", found.roc, ("false positive rate", "true positive rate"), "area")
    with right:
        _curves("Precision and recall", found.precision_recall, ("recall", "precision"),
                "average precision")  # fmt: skip
    marked = any(curve.half for curve in found.roc)
    rest = ". A cross marks a probability of 1/2." if marked else ", each class against the rest."
    st.caption(f"Over the {found.unit} of the validation part{rest}")


def _matrix(matrix: Confusion) -> None:
    st.subheader("Confusion matrix", anchor=False)
    # Plotly reads tags in its texts, and folders name classes.
    names = [escaped(name) for name in matrix.names]
    shares = matrix.shares
    cells = [zip(*rows, strict=True) for rows in zip(matrix.counts, shares, strict=True)]
    texts = [[f"{_short(int(n))}<br>{100 * s:.1f} %" for n, s in row] for row in cells]
    figure = go.Figure(go.Heatmap(
        z=shares, x=names, y=names, zmin=0, zmax=1, colorscale="Blues", xgap=2, ygap=2,
        text=texts, texttemplate="%{text}" if len(names) <= _MANY else None,
        hovertemplate="true %{y}, predicted %{x}<br>%{text}<extra></extra>",
        colorbar={"title": "share of the true class", "title_side": "right", "tickformat": ".0%"},
    ))  # fmt: skip
    figure.update_layout(height=max(320, 46 * len(names)), margin={"l": 0, "r": 0, "t": 8, "b": 0})
    figure.update_xaxes(title="predicted", type="category")
    figure.update_yaxes(title="true", type="category", autorange="reversed")
    st.plotly_chart(figure, key="confusion", alt=f"Confusion matrix of {len(names)} classes")
    st.caption(f"{int(matrix.counts.sum()):,} {matrix.unit} of the validation part, "
               f"accuracy {matrix.accuracy:.4f}.")  # fmt: skip


def _classes(matrix: Confusion) -> None:
    from automed.analysis.trial_confusion import class_rows

    st.subheader("Classes", anchor=False)
    rows = class_rows(matrix)
    number = st.column_config.NumberColumn
    st.dataframe(
        {
            "class": [r.name for r in rows], "precision": [r.precision for r in rows],
            "recall": [r.recall for r in rows], "F1": [r.f1 for r in rows],
            matrix.unit: [r.support for r in rows],
        },
        key="classes", hide_index=True, alt="Precision, recall, F1 and support of each class",
        column_config={name: number(format="%.4f") for name in ("precision", "recall", "F1")}
        | {matrix.unit: number(format="localized")},
    )  # fmt: skip
    if matrix.unit == "pixels":
        st.caption("Over the pixels of all cases together: F1 is then the pooled Dice, which "
                   "differs from the mean over cases.")  # fmt: skip


def _curves(title: str, found: Sequence[RankCurve], axes: tuple[str, str], area: str) -> None:
    st.subheader(title, anchor=False)
    figure = go.Figure()
    chance = found[0].chance if len(found) == 1 else None
    if title == "ROC" or chance is not None:
        level = [0, 1] if chance is None else [chance, chance]
        figure.add_scatter(
            x=[0, 1], y=level, mode="lines", name="chance", hoverinfo="skip",
            line={"color": FAINT, "dash": "dash", "width": 1},
        )  # fmt: skip
    for index, curve in enumerate(found):
        name = f"{escaped(curve.label)}: {area} {curve.area:.4f}"
        figure.add_scatter(
            x=curve.x, y=curve.y, mode="lines", name=name,
            line={"color": COLOURS[index % len(COLOURS)], "width": 2,
                  "dash": ("solid", "dash", "dot")[index // len(COLOURS) % 3]},
            hovertemplate="%{x:.3f}, %{y:.3f}<extra></extra>",
        )  # fmt: skip
        if curve.half is not None:
            figure.add_scatter(
                x=[curve.half[0]], y=[curve.half[1]], mode="markers", showlegend=False,
                marker={"symbol": "x", "size": 10, "color": COLOURS[index % len(COLOURS)]},
                hovertemplate="at 1/2: %{x:.3f}, %{y:.3f}<extra></extra>",
            )  # fmt: skip
    figure.update_layout(
        height=380, margin={"l": 0, "r": 0, "t": 8, "b": 0}, legend={"orientation": "h", "y": -0.2}
    )
    figure.update_xaxes(title=axes[0], range=[-0.01, 1.01])
    figure.update_yaxes(title=axes[1], range=[-0.01, 1.02])
    areas = ", ".join(f"{c.label} {c.area:.4f}" for c in found)
    st.plotly_chart(figure, key=f"rank {title}", alt=f"{title}; {area}: {areas}")


def _short(count: int) -> str:
    """Counts of images as they are, those of pixels in thousands or millions."""
    if count < 100_000:
        return str(count)
    return f"{count / 1e6:.2f} M" if count >= 1_000_000 else f"{count / 1e3:.0f} k"
