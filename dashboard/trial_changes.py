"""Where a trial lost cases against another one, and where it won some."""

from __future__ import annotations

from pathlib import Path

import plotly.graph_objects as go
import streamlit as st

from automed.analysis.case_pictures import Cases, load_cases, side_by_side
from automed.analysis.case_scores import CaseChange, CaseScores, case_changes, case_scores
from automed.analysis.palette import BLUE, FAINT, VERMILION
from automed.analysis.shown_image import Image
from automed.api.opened_study import OpenedStudy, Revision, revision_of
from automed.api.trial_answers import answer, images_of, validation_ids
from automed.domain.errors import AutomedError
from automed.domain.trial import Trial

from .address import linked, remember
from .chosen import opened, workspace
from .trial_case_rows import case_image
from .trial_choice import labels_of

AGAINST = "against"
"""Of the address."""
_MOST = 4
"""Cases of either kind that are shown."""


def changes(study: OpenedStudy, trial: Trial, scores: CaseScores) -> None:
    """The page's part, below the scores of all cases."""
    st.subheader("Against another trial", anchor=False)
    others = [t.number for t in study.trials if t.result is not None and t.number != trial.number]
    if not others:
        st.caption("There is no other trial with a result yet.")
        return
    labels = labels_of(study)
    usual = _default(study, trial, others)
    key = linked(AGAINST, others, usual)
    number = st.selectbox("Compare with", others, key=key, format_func=lambda n: labels[n])
    remember(AGAINST, number, usual=str(usual))
    other = case_scores(study.trial_folder(number), validation_ids(study.folder))
    if other is None:
        st.info(f"The predictions of trial {number} are missing or damaged.",
                icon=":material/broken_image:")  # fmt: skip
        return
    found = case_changes(scores, other)
    if not found:
        st.info("The two have no case in common.", icon=":material/info:")
        return
    worse, better = sum(c.change < 0 for c in found), sum(c.change > 0 for c in found)
    mean = sum(c.change for c in found) / len(found)
    st.text(
        f"{scores.label}: trial {trial.number} is worse on {worse}, better on {better} and equal "
        f"on {len(found) - worse - better} of {len(found)} cases; {mean:+.4f} in the mean."
    )
    _scatter(found, trial.number, number, scores.label)
    _lists(study, trial, study.trial(number), found)


def _default(study: OpenedStudy, trial: Trial, others: list[int]) -> int:
    """The parent; else the best of the front, which is not the trial itself."""
    if trial.parent in others:
        return trial.parent
    front = [t.number for t in study.front.trials if t.number in others]
    return front[0] if front else others[0]


def _scatter(found: list[CaseChange], own: int, other: int, label: str) -> None:
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": FAINT, "dash": "dash"}, hoverinfo="skip"
    )
    for sign, colour in ((-1, VERMILION), (1, BLUE)):
        side = [c for c in found if (c.change < 0) == (sign < 0)]
        figure.add_scatter(
            x=[c.other for c in side], y=[c.score for c in side], mode="markers",
            marker={"color": colour, "size": 7, "opacity": 0.7,
                    "symbol": "triangle-down" if sign < 0 else "circle"},
            hovertemplate=f"trial {other}: %{{x:.3f}}<br>trial {own}: %{{y:.3f}}<extra></extra>",
        )  # fmt: skip
    figure.update_layout(height=320, margin={"l": 0, "r": 0, "t": 8, "b": 0}, showlegend=False)
    figure.update_xaxes(title=f"trial {other}", range=[-0.02, 1.02])
    figure.update_yaxes(title=f"trial {own}", range=[-0.02, 1.02])
    left, _ = st.columns([2, 1])
    with left:
        st.plotly_chart(
            figure, key="case changes",
            alt=f"{label} of each case in trial {own} against trial {other}",
        )  # fmt: skip
        st.caption("A point a case. Below the line: worse than in the other trial.")


def _lists(study: OpenedStudy, trial: Trial, other: Trial, found: list[CaseChange]) -> None:
    lost = [c for c in found if c.change < 0][:_MOST]
    won = [c for c in reversed(found) if c.change > 0][:_MOST]
    ids = tuple(c.id for c in (*lost, *won))
    if not ids:
        return
    draw = _masks if study.spec.task.kind == "segmentation" else _images
    for title, cases in (("Lost most", lost), ("Won most", won)):
        if cases:
            st.markdown(f"**{title}**")
            draw(study, trial, other, cases, ids)


def _masks(
    study: OpenedStudy, trial: Trial, other: Trial, cases: list[CaseChange], ids: tuple[str, ...]
) -> None:
    """The image, and both trials' errors side by side."""
    both = [_pictured(study, t, ids) for t in (trial, other)]
    missing, said = set(), ""
    for case in cases:
        st.text(_words(case, trial, other))
        pictures: list[Image] = []
        names: list[str] = []
        for which, found in zip((trial, other), both, strict=True):
            at = next(((c, c.ids.index(case.id)) for c in found if case.id in c.ids), None)
            if at is None:
                missing.add(which.number)
                continue
            row = at[0].row(at[1])
            pictures += [*([] if pictures else row[:2]), row[-1]]
            names += [*([] if names else ["image", "truth"]), f"trial {which.number}"]
        if pictures:
            words = f"From left to right: {', '.join(names)}"
            if words != said:
                st.caption(words)
                said = words
            st.image(side_by_side(pictures), alt=f"{case.id}: {', '.join(names)}")
    if missing:
        shown = " and ".join(f"trial {n}" for n in sorted(missing))
        st.caption(
            f"Of {shown} only a few cases' pictures are kept, and its model cannot be run here: "
            "the study keeps no ONNX files (--artifact weights), or the workspace's image cache "
            "is gone."
        )


def _images(
    study: OpenedStudy, trial: Trial, other: Trial, cases: list[CaseChange], ids: tuple[str, ...]
) -> None:
    del ids
    images = images_of(study.spec, trial, workspace(), [c.id for c in cases])
    for at, (place, case) in enumerate(zip(st.columns(_MOST), cases, strict=False)):
        with place:
            if images is not None:
                st.image(side_by_side([case_image(images[at])]), width="stretch", alt=case.id)
            st.text(_words(case, trial, other))


def _words(case: CaseChange, trial: Trial, other: Trial) -> str:
    return (
        f"{case.score:.3f} in trial {trial.number}, {case.other:.3f} in trial {other.number} "
        f"({case.change:+.3f}) · {case.id}"
    )


def _pictured(study: OpenedStudy, trial: Trial, ids: tuple[str, ...]) -> list[Cases]:
    """What is kept of a trial's cases, and what its model says of the others when it is asked."""
    found = [load_cases(study.trial_folder(trial.number))]
    kept = found[0].ids if found[0] is not None else ()
    asked = tuple(case for case in ids if case not in kept)
    if asked:
        found.append(_answer(str(study.folder), revision_of(study.folder), trial.number, asked))
    return [cases for cases in found if cases is not None]


@st.cache_resource(max_entries=32, show_spinner="Running the model on these cases")
def _answer(folder: str, revision: Revision, number: int, ids: tuple[str, ...]) -> Cases | None:
    del revision  # a part of the cache's key
    study = opened(Path(folder))
    try:
        return answer(study.spec, study.folder, study.trial(number), workspace(), ids)
    except AutomedError:
        return None  # the figures are shown all the same
