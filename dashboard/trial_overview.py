"""What a trial is and what became of it."""

from __future__ import annotations

import streamlit as st

from automed.analysis.trial_compared import config_rows, grouped
from automed.analysis.trial_costs import cost_rows
from automed.analysis.trial_fate import notes_of
from automed.api.opened_study import OpenedStudy
from automed.api.trial_log import history_of, traceback_tail
from automed.domain.compression import compression_of
from automed.domain.config import Value
from automed.domain.objective import LABELS
from automed.domain.result import Result
from automed.domain.trial import Trial

from .chosen import STUDY
from .places import go_to
from .plain import literal
from .trial_curves import curves

_ICONS = {"error": ":material/error:", "warning": ":material/warning:", "info": ":material/info:"}


def overview(study: OpenedStudy, trial: Trial) -> None:
    """Origin, fate, figures, curves, config and costs."""
    _origin(study, trial)
    _notes(study, trial)
    if trial.result is not None:
        _figures(study, trial.result)
    history = history_of(study.trial_folder(trial.number))
    best = trial.result.best_epoch if trial.result is not None else None
    if history:
        curves([(f"trial {trial.number}", history)], study.spec.task.guide, "overview", best)
    elif trial.rejected is None:
        compressed = trial.parent is not None
        st.caption(
            "No curves: this compression needs no training."
            if compressed
            else "No curves: no epoch is over yet, or the trial's history.jsonl is gone."
        )
    left, right = st.columns(2)
    with left:
        _config(trial)
    with right:
        _costs(trial)


def _origin(study: OpenedStudy, trial: Trial) -> None:
    words = f"Proposed by: {trial.origin}"
    if trial.parent is not None:
        words = f"{compression_of(trial.config)} of the model of trial {trial.parent}"
    elif trial.continues is not None:
        words += f"; takes up the stopped training of trial {trial.continues}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(words, width="content")  # a plugin names its configs: no Markdown
        source = trial.parent if trial.parent is not None else trial.continues
        if source is not None and st.button(
            f"Open trial {source}", key="open source", icon=":material/arrow_upward:"
        ):
            go_to("trial", **{STUDY: study.name, "trial": str(source)})
        for child in [t for t in study.trials if t.parent == trial.number]:
            name = f"Child {child.number}: {compression_of(child.config)}"
            if st.button(name, key=f"open child {child.number}", icon=":material/compress:"):
                go_to("trial", **{STUDY: study.name, "trial": str(child.number)})


def _notes(study: OpenedStudy, trial: Trial) -> None:
    draw = {"error": st.error, "warning": st.warning, "info": st.info}
    for note in notes_of(trial, study.spec, study.view.paused):
        lines = note.text.splitlines()
        text = f"{note.title} {literal(lines[0])}" if lines else note.title
        draw[note.tone](text, icon=_ICONS[note.tone])
        if lines[1:]:
            st.text("\n".join(lines[1:]))
    if trial.failure is not None:
        tail = traceback_tail(study.trial_folder(trial.number))
        if tail:
            st.caption("The end of its traceback")
            st.code(tail, language="text", height=260)


def _figures(study: OpenedStudy, result: Result) -> None:
    quality = study.spec.task.quality
    shown = [(quality.label, f"{result.metrics.get(quality.metric, float('nan')):.4f}"),
             ("GFLOPs (MACs)", f"{result.cost.gmacs:.3f}"),
             ("Size (MB)", f"{result.cost.megabytes:.2f}")]  # fmt: skip
    if result.cost.latency is not None:
        shown.append(("Latency (ms)", f"{result.cost.latency.p50_ms:.2f}"))
    epochs = f"{result.epochs}" + (f", best {result.best_epoch}" if result.best_epoch else "")
    shown += [("Epochs", epochs), ("Time", _clock(result.seconds))]
    for column, (label, value) in zip(st.columns(len(shown)), shown, strict=True):
        column.metric(label, value)
    channels, height, width = result.cost.input_shape
    st.caption(
        f"Metrics are of the validation part, costs of one image of {height}x{width} with "
        f"{channels} channel{'s' if channels > 1 else ''}. One GFLOP is 10^9 multiply-accumulates."
    )


def _config(trial: Trial) -> None:
    st.subheader("Configuration", anchor=False)
    groups = list(grouped(config_rows([trial])))
    if not groups:
        st.caption("Nothing varies in this study's search space.")
    for group, rows in groups:
        st.text(group)
        st.dataframe(
            {"parameter": [r.name for r in rows], "value": [_value(r.values[0]) for r in rows]},
            key=f"config {group}", hide_index=True, height="content",
            alt=f"The parameters of {group}",
        )  # fmt: skip


def _costs(trial: Trial) -> None:
    st.subheader("Costs", anchor=False)
    rows = cost_rows(trial)
    if not rows:
        st.caption("No cost is known: the model could not be built.")
        return
    st.dataframe(
        {
            "cost": [r.name for r in rows],
            "predicted": [_cell(r.predicted) for r in rows],
            "measured": [_cell(r.measured) for r in rows],
            "difference": ["" if r.difference is None else f"{r.difference:+.2f} %" for r in rows],
        },
        key="costs", hide_index=True, alt="Predicted and measured costs",
    )  # fmt: skip
    st.caption("Predicted before any training, from the model's graph; measured on its file.")
    result = trial.result
    if result is not None:
        st.subheader("All metrics", anchor=False)
        st.dataframe(
            {
                "metric": [LABELS.get(name, name) for name in result.metrics],
                "value": list(result.metrics.values()),
            },
            key="metrics", hide_index=True, height="content", alt="Every validation metric",
            column_config={"value": st.column_config.NumberColumn(format="%.4f")},
        )  # fmt: skip


def _value(value: Value | None) -> str:
    # The last digits of a number that a sampler drew tell nobody anything.
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}" if value < 100 else f"{value:,.1f}"


def _clock(seconds: float) -> str:
    if seconds < 600:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
