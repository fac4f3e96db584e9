"""Which trainings the stopper ended, when and why."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from automed.analysis.space_tables import stopped_table
from automed.analysis.space_words import (
    NO_STOPPER,
    NOTHING_TRAINED,
    missing_words,
    stopper_command,
)
from automed.analysis.stopped_chart import stopped_chart
from automed.analysis.stopped_courses import (
    Course,
    StopTally,
    courses,
    stop_tally,
    stopped_for_good,
    trainings,
)
from automed.api.opened_study import OpenedStudy, Revision, revision_of
from automed.domain.objective import Objective
from automed.domain.trial import Trial

from .chosen import command, opened
from .places import link


def show(study: OpenedStudy) -> None:
    """The view."""
    spec = study.spec
    trained = trainings(study.trials)
    if not trained:
        st.info(NOTHING_TRAINED, icon=":material/hourglass_empty:")
        return
    tally = stop_tally(study.trials, spec.task.training.epochs)
    _figures(study, tally)
    found = _read(str(study.folder), revision_of(study.folder))
    if found:
        label = spec.task.quality.label
        st.plotly_chart(
            stopped_chart(found, label, tally), key="courses",
            alt=f"{label} of {len(found)} trainings by epoch, {tally.stopped} stopped",
        )  # fmt: skip
    if missing := len(trained) - len(found):
        st.caption(missing_words(missing, len(trained)))
    stopped = stopped_for_good(trained)
    if stopped:
        _table(study.name, stopped, spec.task.quality)
    elif spec.stopper == "none":
        st.caption(NO_STOPPER)
        command(stopper_command(spec.task.name))


def _figures(study: OpenedStudy, tally: StopTally) -> None:
    first, second, third = st.columns(3)
    first.metric("Stopper", study.spec.stopper)
    second.metric("Stopped trainings", f"{tally.stopped} of {tally.trainings}")
    third.metric(
        "Epochs not trained", f"{tally.saved:,}", f"{tally.share_saved:.0%} of those planned",
        delta_color="off", delta_arrow="off",
    )  # fmt: skip


@st.cache_data(max_entries=16, show_spinner="Reading the courses")
def _read(folder: str, revision: Revision) -> tuple[Course, ...]:
    del revision  # the key of the cache
    study = opened(Path(folder))
    return courses(study.trials, study.folder, study.spec.task.quality)


def _table(name: str, stopped: Sequence[Trial], guide: Objective) -> None:
    rows = [
        {**row, "trial": link("trial", study=name, trial=str(row["trial"]))}
        for row in stopped_table(stopped, guide)
    ]
    st.dataframe(
        pd.DataFrame(rows), key="stopped", hide_index=True, placeholder="-",
        column_config={
            "trial": st.column_config.LinkColumn(display_text=r"trial=(\d+)", width=70),
            "ended after epoch": st.column_config.NumberColumn(width=130),
            f"{guide.label} by then": st.column_config.NumberColumn(format="%.4f", width=110),
            "why": st.column_config.TextColumn(width="large"),
        },
    )  # fmt: skip
