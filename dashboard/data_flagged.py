"""The files that a finding of the audit names, and what is in them."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from automed.api.data_report import ExampleShown, Finding, Opened, example, flagged

from .data_examples import draw_examples

LISTED = 200
"""Files of one finding."""
_PICTURES = 8


def flagged_files(finding: Finding, found: Opened, hidden: frozenset[str], key: str) -> None:
    """Their names and the first ones' pictures, once they are asked for.

    Args:
        finding: Of the audit.
        found: The images.
        hidden: Samples whose pictures are not shown.
        key: Of the widgets.
    """
    if not finding.files:
        return
    count = len(finding.files)
    words = f"{count} file{'s' if count > 1 else ''}"
    with st.expander(words, key=f"open {key}", on_change="rerun") as opened:
        if not opened.open:
            return
        _pictures(finding, found, hidden)
        files = pd.DataFrame({"file": finding.files[:LISTED]})
        st.dataframe(files, key=f"files {key}", hide_index=True)
        if len(finding.files) > LISTED:
            st.caption(f"The first {LISTED}.")


def _pictures(finding: Finding, found: Opened, hidden: frozenset[str]) -> None:
    named = flagged(finding, found.dataset.samples, LISTED)
    ids = tuple(sample.id for sample in named if sample.id not in hidden)[:_PICTURES]
    draw_examples(_examples(found.stamp, ids, found))
    notes = []
    if len(named) > len(ids) == _PICTURES:
        notes.append(f"The first {_PICTURES} pictures.")
    if any(sample.id in hidden for sample in named):
        notes.append("Images of the locked test part are not shown.")
    if notes:
        st.caption(" ".join(notes))


@st.cache_data(max_entries=64, show_spinner="Reading the images")
def _examples(stamp: str, ids: tuple[str, ...], _found: Opened) -> list[ExampleShown]:
    del stamp  # the key of the cache, with the ids
    samples = {sample.id: sample for sample in _found.dataset.samples}
    return [example(_found, samples[name], None) for name in ids]
