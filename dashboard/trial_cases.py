"""What a trial makes of single cases: pictures, a threshold to play with, and all scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from automed.analysis.case_pictures import Cases, load_cases, ranks, side_by_side
from automed.analysis.case_scores import CaseScores, case_scores
from automed.analysis.case_threshold import ThresholdCourse, threshold_course
from automed.analysis.palette import BLUE, FAINT, GREEN, VERMILION
from automed.api.opened_study import OpenedStudy
from automed.api.trial_answers import images_of, validation_ids
from automed.domain.trial import Trial, TrialState

from .address import linked, remember
from .chosen import workspace
from .trial_case_rows import case_image, case_row, legend
from .trial_changes import changes

THRESHOLD = "threshold"
"""Of the address."""
_STEPS = [round(step / 100, 2) for step in range(1, 100)]
_HALF = 0.5
_PICTURES = 6
"""Images of a classification that are shown, from the worst on."""


def cases_view(study: OpenedStudy, trial: Trial) -> None:
    """The page's part."""
    folder = study.trial_folder(trial.number)
    scores = case_scores(folder, validation_ids(study.folder))
    cases = load_cases(folder)
    if scores is None:
        _nothing(trial)
        return
    if cases is not None:
        _pictures(cases, folder, study.spec.task.classes)
    elif scores.right is not None:
        _worst_images(study, trial, scores)
    st.subheader("All cases" if scores.whole else "Cases with pictures", anchor=False)
    _histogram(scores)
    changes(study, trial, scores)


def _nothing(trial: Trial) -> None:
    if trial.state is TrialState.RUNNING:
        st.info("Predictions are kept when the training ends.", icon=":material/hourglass:")
    elif trial.rejected is not None or trial.failure is not None:
        st.info("There are no predictions: the trial has no model.", icon=":material/info:")
    else:
        st.warning(
            "The predictions of this trial are missing or damaged (preview.npz or "
            "predictions.npz in its folder). Restore the folder from a backup to see its cases.",
            icon=":material/broken_image:",
        )


def _pictures(cases: Cases, folder: Path, classes: tuple[str, ...]) -> None:
    st.subheader("Worst, median, best, and between them", anchor=False)
    threshold = _HALF
    if cases.probabilities is not None:
        threshold = _threshold(cases, threshold_course(folder))
    legend(cases, classes)
    dice = cases.dice_at(threshold)
    for index, rank in enumerate(ranks(len(cases))):
        words = f"{rank} · Dice {dice[index]:.3f}"
        if threshold != _HALF:
            words += f" (at 0.5: {cases.dice[index]:.3f})"
        case_row(words, cases.ids[index], cases, index, threshold)


def _threshold(cases: Cases, course: ThresholdCourse | None) -> float:
    left, right = st.columns([3, 2])
    with left:
        key = linked(THRESHOLD, _STEPS, _HALF)
        threshold = st.slider(
            "Foreground from this probability on", _STEPS[0], _STEPS[-1], step=0.01, key=key,
            help="The metrics of the study are those at 0.5.",
        )  # fmt: skip
        remember(THRESHOLD, threshold, usual=str(_HALF))
        mean, all_, best = st.columns(3)
        shown = float(cases.dice_at(threshold).mean())
        at_half = float(cases.dice.mean())
        mean.metric(f"Mean Dice of these {len(cases)}", f"{shown:.4f}", _change(shown, at_half),
                    help="And how far it is from that at 0.5.")  # fmt: skip
        if course is not None:
            pooled, half = course.dice_at(threshold), course.dice_at(_HALF)
            all_.metric("Dice over all pixels", f"{pooled:.4f}", _change(pooled, half),
                        help="Of the whole validation part, as one image; and how far it is from "
                        "that at 0.5.")  # fmt: skip
            best.metric("Best threshold", f"{course.best:.3f}",
                        help="With the best Dice over all pixels. A bundle of this trial uses "
                        "it.")  # fmt: skip
    if course is not None:
        with right:
            _course(course, threshold)
    return float(threshold)


def _change(now: float, before: float) -> str | None:
    return None if now == before else f"{now - before:+.4f}"


def _course(course: ThresholdCourse, threshold: float) -> None:
    figure = go.Figure()
    for values, name, colour in (
        (course.dice, "Dice", BLUE), (course.precision, "precision", VERMILION),
        (course.recall, "recall", GREEN),
    ):  # fmt: skip
        figure.add_scatter(
            x=course.thresholds, y=values, name=name, mode="lines",
            line={"color": colour, "width": 3 if name == "Dice" else 1.5},
            hovertemplate="%{x:.3f}: %{y:.4f}<extra>" + name + "</extra>",
        )  # fmt: skip
    figure.add_vline(threshold, line={"color": FAINT, "width": 2})
    figure.update_layout(
        height=210, margin={"l": 0, "r": 0, "t": 8, "b": 0}, legend={"orientation": "h", "y": 1.2}
    )
    figure.update_xaxes(title="threshold", range=[0, 1])
    figure.update_yaxes(range=[0, 1.02])
    st.plotly_chart(
        figure, key="threshold course", config={"displayModeBar": False},
        alt="Dice, precision and recall over all validation pixels against the threshold",
    )  # fmt: skip


def _worst_images(study: OpenedStudy, trial: Trial, scores: CaseScores) -> None:
    st.subheader("Least certain of the truth, median and most", anchor=False)
    order = np.argsort(scores.values, kind="stable")
    rows = [*order[: _PICTURES - 2], order[(len(order) - 1) // 2], order[-1]]
    chosen = list(dict.fromkeys(int(row) for row in rows))
    images = images_of(study.spec, trial, workspace(), [scores.ids[row] for row in chosen])
    if images is None:
        st.caption("The images are no longer in the workspace's cache: only figures are left.")
        return
    for place, row, image in zip(st.columns(len(chosen)), chosen, images, strict=True):
        with place:
            st.image(side_by_side([case_image(image)]), width="stretch", alt=scores.ids[row])
            st.text(f"{_verdict(scores, row, study.spec.task.classes)}\n{scores.ids[row]}")


def _verdict(scores: CaseScores, row: int, classes: tuple[str, ...]) -> str:
    assert scores.truth is not None
    assert scores.said is not None
    truth, said = (
        classes[index] if index < len(classes) else f"class {index}"
        for index in (int(scores.truth[row]), int(scores.said[row]))
    )
    verdict = f"right: {truth}" if truth == said else f"wrong: {truth}, taken for {said}"
    return f"{verdict} ({scores.values[row]:.3f})"


def _histogram(scores: CaseScores) -> None:
    figure = go.Figure()
    bins = {"start": 0, "end": 1, "size": 0.05}
    inside = np.minimum(scores.values, 0.9999)  # the last bin holds 1
    parts = [(inside, "cases", BLUE)]
    if scores.right is not None:
        parts = [(inside[scores.right], "right", BLUE),
                 (inside[~scores.right], "wrong", VERMILION)]  # fmt: skip
    for values, name, colour in parts:
        figure.add_histogram(
            x=values, xbins=bins, name=name, marker={"color": colour},
            hovertemplate="%{x}: %{y} cases<extra></extra>",
        )  # fmt: skip
    middle = float(np.median(scores.values))
    figure.add_vline(middle, line={"dash": "dash", "color": FAINT},
                     annotation={"text": f"median {middle:.3f}", "font": {"size": 11}})  # fmt: skip
    figure.update_layout(
        barmode="stack", height=240, margin={"l": 0, "r": 0, "t": 24, "b": 0},
        showlegend=scores.right is not None, bargap=0.05,
    )  # fmt: skip
    figure.update_xaxes(title=scores.label, range=[0, 1.01])
    figure.update_yaxes(title="cases")
    what = f"{scores.label} of {len(scores.ids)} validation cases"
    st.plotly_chart(figure, key="case histogram", alt=f"Histogram: {what}")
    whole = "" if scores.whole else "; of masks of several classes only these are kept"
    low, high = np.quantile(scores.values, [0.25, 0.75])
    st.caption(f"{what}{whole}: mean {scores.values.mean():.4f}, quartiles {low:.3f} and "
               f"{high:.3f}, worst {scores.values.min():.3f}.")  # fmt: skip
