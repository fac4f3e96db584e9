"""Choosing a trial of the study, by its number and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from automed.analysis.trial_fate import label_of
from automed.api.opened_study import OpenedStudy, Revision, revision_of
from automed.domain.compression import compression_of
from automed.domain.trial import Trial

from .address import linked, remember
from .chosen import opened

TRIAL = "trial"
"""Of the address."""


def choose_trial(study: OpenedStudy) -> Trial:
    """Let the visitor choose one of the study's trials; it has at least one."""
    labels = labels_of(study)
    numbers = list(labels)
    key = linked(TRIAL, numbers, _default(study))
    before, box, after = st.columns([2, 12, 2], vertical_alignment="bottom")
    with box:
        number = st.selectbox("Trial", numbers, key=key, format_func=lambda n: labels[n])
    at = numbers.index(number)
    _step(before, "Previous", "chevron_left", key, numbers, at - 1)
    _step(after, "Next", "chevron_right", key, numbers, at + 1)
    remember(TRIAL, number)
    return study.trial(number)


def labels_of(study: OpenedStudy) -> Mapping[int, str]:
    """A line for each trial, by number."""
    return _labels(str(study.folder), revision_of(study.folder))


def _step(
    place: st.delta_generator.DeltaGenerator,
    name: str, icon: str, key: str, numbers: list[int], to: int,
) -> None:  # fmt: skip
    inside = 0 <= to < len(numbers)

    def go() -> None:
        st.session_state[key] = numbers[to]

    place.button(
        "", icon=f":material/{icon}:", key=f"{name} trial", on_click=go, disabled=not inside,
        help=f"{name} trial (key {name[0]})", shortcut=name[0],
    )  # fmt: skip


@st.cache_resource(max_entries=16, show_spinner=False)
def _labels(folder: str, revision: Revision) -> dict[int, str]:
    del revision  # the key of the cache
    study = opened(Path(folder))
    guide = study.spec.task.quality
    front = {t.number for t in study.front.trials}
    return {
        trial.number: _label(trial, study, guide.metric, guide.label, front)
        for trial in study.trials
    }


def _label(trial: Trial, study: OpenedStudy, metric: str, name: str, front: set[int]) -> str:
    words = [str(trial.number), label_of(trial, study.view.paused)]
    if trial.number in front:
        words[1] += ", on the front"
    value = None if trial.result is None else trial.result.metrics.get(metric)
    if value is not None:
        words.append(f"{name} {value:.4f}")
    cost = trial.predicted if trial.result is None else trial.result.cost
    if cost is not None:
        words.append(f"{cost.gmacs:.3g} GFLOPs")
    if trial.parent is not None:
        words.append(f"{compression_of(trial.config)} of trial {trial.parent}")
    return " · ".join(words)


def _default(study: OpenedStudy) -> int:
    if study.front.knee is not None:
        return study.front.knee
    return study.trials[-1].number
