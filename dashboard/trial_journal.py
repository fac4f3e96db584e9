"""The log of a trial: its epochs, what went wrong, and the files that it left."""

from __future__ import annotations

import streamlit as st

from automed.analysis.trial_fate import epochs_of, notes_of
from automed.api.opened_study import OpenedStudy
from automed.api.trial_log import (
    details_of,
    epoch_lines,
    history_of,
    traceback_tail,
    trial_files,
)
from automed.domain.trial import Trial

_SHOWN = 400
"""Last lines of a training that go to the browser; the rest is in the file."""


def journal_view(study: OpenedStudy, trial: Trial) -> None:
    """The page's part."""
    folder = study.trial_folder(trial.number)
    spec = study.spec
    lines = epoch_lines(history_of(folder), spec.task.guide, epochs_of(trial, spec))
    lines += [f"{note.title} {note.text}".rstrip()
              for note in notes_of(trial, spec, study.view.paused)]  # fmt: skip
    if trial.result is not None:
        lines.append(f"{trial.label}: {trial.result.epochs} epochs in {trial.result.seconds:.1f} s")
    st.subheader("Training", anchor=False)
    if lines:
        st.code("\n".join(lines[-_SHOWN:]), language="text", height=min(420, 40 + 22 * len(lines)))
    else:
        st.caption("Nothing was written down yet.")
    tail = traceback_tail(folder)
    if tail:
        st.subheader("Traceback", anchor=False)
        st.code(tail, language="text", height=320)
    left, right = st.columns(2)
    with left:
        st.subheader("Details", anchor=False)
        told = details_of(trial)
        st.dataframe({"what": list(told), "value": [_text(v) for v in told.values()]},
                     key="details", hide_index=True, alt="Details of the result")  # fmt: skip
    with right:
        st.subheader("Files", anchor=False)
        _files(study, trial)


def _files(study: OpenedStudy, trial: Trial) -> None:
    folder = study.trial_folder(trial.number)
    st.code(str(folder), language="text", wrap_lines=True)
    found = trial_files(folder)
    if not found:
        st.caption("There is no such folder, or nothing is in it: the trial was never trained, or "
                   "its files were deleted.")  # fmt: skip
        return
    st.dataframe(
        {
            "file": [file.name for file in found],
            "kB": [file.size / 1e3 for file in found],
            "changed": [file.changed for file in found],
        },
        key="files", hide_index=True, alt="Files of the trial",
        column_config={
            "kB": st.column_config.NumberColumn(format="%.1f"),
            "changed": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm:ss"),
        },
    )  # fmt: skip


def _text(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"
