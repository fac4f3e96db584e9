"""Two or three trials side by side."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from automed.analysis.case_scores import case_scores
from automed.analysis.trial_compared import ConfigRow, FigureRow, config_rows, figure_rows, grouped
from automed.api.opened_study import OpenedStudy
from automed.api.trial_answers import validation_ids
from automed.api.trial_log import history_of
from automed.domain.trial import Trial

from .address import remember, remembered
from .trial_choice import labels_of
from .trial_curves import curves

COMPARE = "compare"
"""Of the address: numbers with commas, such as ``3,9``."""
MOST = 3
_MARKED = "background-color: rgba(230, 159, 0, 0.2)"
"""Of rows that differ, seen on light and on dark pages."""
_KEY = "chosen_compare"


def compare_view(study: OpenedStudy, trial: Trial) -> None:
    """The page's part: the trials that the address names, else this one and a relative."""
    trials = _choose(study, trial)
    if len(trials) < 2:
        st.info("Choose two or three trials to compare.", icon=":material/compare_arrows:")
        return
    names = [f"trial {t.number}" for t in trials]
    _figures(figure_rows(trials, study.spec.task.objectives), names)
    trained = [(n, h) for n, t in zip(names, trials, strict=True)
               if (h := history_of(study.trial_folder(t.number)))]  # fmt: skip
    if trained:
        st.subheader("Curves", anchor=False)
        curves(trained, study.spec.task.guide, "compare")
    _configs(config_rows(trials), names)
    _cases(study, trials, names)


def _choose(study: OpenedStudy, trial: Trial) -> list[Trial]:
    labels = labels_of(study)
    _follow_address(study, trial, labels.keys())
    numbers = st.multiselect(
        "Trials", list(labels), key=_KEY, max_selections=MOST, format_func=lambda n: labels[n]
    )
    remember(COMPARE, ",".join(map(str, numbers)))
    return [study.trial(number) for number in numbers]


def _follow_address(study: OpenedStudy, trial: Trial, known: object) -> None:
    asked = st.query_params.get(COMPARE)
    kept = st.session_state.get(_KEY)
    if asked and asked != remembered(COMPARE):
        words = [word.strip() for word in asked.split(",")]
        found = [int(word) for word in words if word.isdecimal()]
        kept = list(dict.fromkeys(n for n in found if n in known))[:MOST]  # type: ignore[operator]
        if [str(n) for n in kept] != words:
            st.warning("Some trials of the address are not in this study, or are too many.",
                       icon=":material/link_off:")  # fmt: skip
    if kept is None or any(n not in known for n in kept):  # type: ignore[operator]
        kept = _default(study, trial)
    st.session_state[_KEY] = kept


def _default(study: OpenedStudy, trial: Trial) -> list[int]:
    if trial.parent is not None:
        return [trial.parent, trial.number]
    others = [t.number for t in study.front.trials if t.number != trial.number]
    return [trial.number, *others[:1]]


def _figures(rows: list[FigureRow], names: list[str]) -> None:
    st.subheader("Metrics and costs", anchor=False)
    if not rows:
        st.caption("None of them has a result or a predicted cost.")
        return
    table: dict[str, list[str]] = {"": [row.name for row in rows]}
    for index, name in enumerate(names):
        table[name] = [_cell(row, index) for row in rows]
    st.dataframe(table, key="compared figures", hide_index=True, height="content",
                 alt="Metrics and costs of the trials; the best has a star")  # fmt: skip
    st.caption("★ best of the row. The costs of a trial without a result are the predicted ones.")


def _cell(row: FigureRow, index: int) -> str:
    value = row.values[index]
    if value is None:
        return "-"
    return f"{value:.4f}" + (" ★" if index in row.best else "")


def _configs(rows: list[ConfigRow], names: list[str]) -> None:
    st.subheader("Configurations", anchor=False)
    differing = [row for row in rows if row.differs]
    st.text(f"{len(differing)} of {len(rows)} parameters differ.")
    only = st.toggle("Only what differs", value=True, key="compare only differing")
    ordered = [row for _, part in grouped(rows) for row in part if row.differs or not only]
    table: dict[str, list[str]] = {
        "differs": ["≠" if row.differs else "" for row in ordered],
        "parameter": [f"{row.group}.{row.name}" for row in ordered],
    }
    for index, name in enumerate(names):
        table[name] = [_value(row, index) for row in ordered]
    marks = [_MARKED if row.differs else "" for row in ordered]
    shown = pd.DataFrame(table).style.apply(lambda _: marks)
    st.dataframe(shown, key="compared configs", hide_index=True, height="content",
                 column_config={"differs": st.column_config.TextColumn("", width=40)},
                 alt="The parameters of the trials; those that differ are marked")  # fmt: skip


def _value(row: ConfigRow, index: int) -> str:
    value = row.values[index]
    if isinstance(value, float) and not row.differs:
        return f"{value:.6g}"  # where values differ, the digits that do are shown
    return "-" if value is None else str(value)


def _cases(study: OpenedStudy, trials: list[Trial], names: list[str]) -> None:
    """The score of every case in each trial, in a table to be sorted."""
    ids = validation_ids(study.folder)
    found = [case_scores(study.trial_folder(t.number), ids) for t in trials]
    kept = [(name, scores) for name, scores in zip(names, found, strict=True) if scores]
    if len(kept) < 2:
        return
    st.subheader("Cases", anchor=False)
    by_trial = {n: dict(zip(s.ids, s.values.tolist(), strict=True)) for n, s in kept}
    cases = [c for c in kept[0][1].ids if all(c in scores for scores in by_trial.values())]
    table: dict[str, list[float] | list[str]] = {"case": cases}
    for name, scores in by_trial.items():
        table[name] = [scores[case] for case in cases]
    first, last = kept[0][0], kept[-1][0]
    change = f"{last} - {first}"
    table[change] = [by_trial[last][case] - by_trial[first][case] for case in cases]
    number = st.column_config.NumberColumn
    st.dataframe(
        table, key="compared cases", hide_index=True, height=320,
        column_config={name: number(format="%.3f") for name in by_trial}
        | {change: number(format="%+.3f")},
        alt="The score of every case in each trial",
    )  # fmt: skip
    st.caption(f"{kept[0][1].label} of every case; click a heading to sort. Pictures of the cases "
               "that differ most: Cases.")  # fmt: skip
