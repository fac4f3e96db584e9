"""A study without a complete trial: what is known about it, and what to type next."""

from __future__ import annotations

from collections import Counter

import streamlit as st

from automed.api.opened_study import OpenedStudy

from .chosen import command

_REASONS = 5


def explain(study: OpenedStudy) -> None:
    """Say why there is no front yet."""
    name, task = study.word, study.spec.task.name
    counts = Counter(study.label_of(t) for t in study.trials)
    if not study.trials:
        st.info("No trial yet.", icon=":material/info:")
    else:
        told = ", ".join(f"{count} {label}" for label, count in counts.items())
        st.info(f"No complete trial yet: {told}.", icon=":material/info:")
    reasons = Counter(
        t.rejected or (f"{t.failure.kind}: {t.failure.message}" if t.failure else "")
        for t in study.trials
    )
    del reasons[""]
    for reason, count in reasons.most_common(_REASONS):
        st.text(f"{count} x {reason}")
    if study.running:
        st.text("The search is running: the first point appears here when a training has ended.")
        return
    if study.trials:
        st.caption("Every trial, and why it ended:")
        command(f"automed trials {name}")
    st.caption("Go on with the search:")
    command(f"automed search {task} --resume --name {name}")
