"""What a study searched, as a page: what mattered, what was stopped or rejected, what there was."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from automed.analysis import space_words as words
from automed.analysis.chart_page import Part, write_chart_page
from automed.analysis.front_files import front_title
from automed.analysis.importance_chart import importance_chart
from automed.analysis.rejections import rejections
from automed.analysis.slices import slices
from automed.analysis.slices_chart import slices_chart
from automed.analysis.space_table import left_out, space_rows
from automed.analysis.space_tables import (
    parameter_table,
    reason_table,
    space_figures,
    stopped_table,
)
from automed.analysis.stopped_chart import stopped_chart
from automed.analysis.stopped_courses import courses, stop_tally, stopped_for_good, trainings
from automed.domain.space import SearchSpace
from automed.domain.study_spec import StudySpec
from automed.domain.trial import Trial, TrialState
from automed.search.importance import FEWEST, Importance

_LISTED = 500
"""Stopped trainings in the table, the last ones."""
_DRAWN = 1000
"""Trials in the slices: of ten thousand, the page would take as long as MLflow is waited for."""


def write_space_page(
    path: Path,
    spec: StudySpec,
    trials: Sequence[Trial],
    study: Path,
    weighed: int,
    found: Sequence[Importance],
    original: SearchSpace | None,
) -> Path:
    """Write importance, slices, what was stopped, what was rejected, and the parameters.

    Args:
        path: The file to write.
        spec: Of the study.
        trials: All of the study, rejected ones included.
        study: The study's folder, in which its trials lie.
        weighed: Complete trials that tell which parameters decide.
        found: How much each decides for the front, the most important first.
        original: The task's own space, before the flags of the command line; None: not known.
    """
    parts = (
        _importance(spec, weighed, found),
        _slices(spec, trials),
        _stopped(spec, trials, study),
        _rejected(spec, trials),
        _parameters(spec, trials, original),
    )
    return write_chart_page(path, space_title(spec), words.drawn_words(trials), parts)


def space_title(spec: StudySpec) -> str:
    """What the page is called; says so where the data are synthetic."""
    return f"Space of {front_title(spec)}"


def _importance(spec: StudySpec, weighed: int, found: Sequence[Importance]) -> Part:
    title = f"Importance for {words.FRONT}"
    if weighed < FEWEST:
        return Part(title, words=[words.too_few_words(weighed)])
    if not found:
        return Part(title, words=[words.NOTHING_VARIED])
    objectives, guide = spec.task.objectives, spec.task.quality.label
    told = words.importance_words(words.FRONT, weighed, objectives, guide)
    return Part(title, chart=importance_chart(found), words=[told])


def _slices(spec: StudySpec, trials: Sequence[Trial]) -> Part:
    guide = spec.task.quality
    done = [trial for trial in trials if trial.state is TrialState.COMPLETE]
    drawn = done[:: -(-len(done) // _DRAWN) or 1]
    found = slices(
        drawn, spec.task.space, guide.metric, smaller_is_better=guide.direction == "minimize"
    )
    if not found:
        return Part("Slices", words=[words.NOTHING_SLICED])
    told = words.SLICED
    if len(drawn) < len(done):
        told += f" {len(drawn):,} of {len(done):,} are drawn, evenly over the study."
    return Part("Slices", chart=slices_chart(found, guide.metric), words=[told])


def _stopped(spec: StudySpec, trials: Sequence[Trial], study: Path) -> Part:
    trained, quality = trainings(trials), spec.task.quality
    if not trained:
        return Part("Stopped", words=[words.NOTHING_TRAINED])
    tally = stop_tally(trials, spec.task.training.epochs)
    found = courses(trials, study, quality)
    stopped = stopped_for_good(trained)
    missing = len(trained) - len(found)
    without = spec.stopper == "none" and not stopped
    told = [
        words.missing_words(missing, len(trained)) if missing else "",
        f"The last {_LISTED} of {len(stopped)} are listed." if len(stopped) > _LISTED else "",
        words.NO_STOPPER if without else "",
    ]
    return Part(
        "Stopped",
        figures={
            "Stopper": spec.stopper,
            "Stopped trainings": f"{tally.stopped} of {tally.trainings}",
            "Epochs not trained": f"{tally.saved:,} ({tally.share_saved:.0%} of those planned)",
        },
        chart=stopped_chart(found, quality.label, tally) if found else None,
        words=told,
        command=words.stopper_command(spec.task.name) if without else "",
        table=stopped_table(stopped[-_LISTED:], quality),
    )


def _rejected(spec: StudySpec, trials: Sequence[Trial]) -> Part:
    rejected = sum(trial.rejected is not None for trial in trials)
    proposed = sum(trial.parent is None for trial in trials)
    if not rejected:
        free = not spec.constraints
        return Part(
            "Rejected",
            words=[words.NOTHING_REJECTED, words.NO_CONSTRAINTS if free else ""],
            command=words.constraints_command(spec.task.name) if free else "",
        )
    found = rejections(trials, spec)
    return Part(
        "Rejected",
        figures={"Rejected proposals": f"{rejected} of {proposed}"},
        words=[words.REJECTED, words.several_words(found)],
        table=reason_table(found),
    )


def _parameters(spec: StudySpec, trials: Sequence[Trial], original: SearchSpace | None) -> Part:
    space = spec.task.space
    rows = space_rows(space, original, trials)
    gone = left_out(space, original)
    return Part(
        "Parameters",
        figures=space_figures(space, rows),
        words=[
            words.space_words(space),
            words.gone_words(gone),
            words.STATES if any(row.state in ("fixed", "narrowed") for row in rows) else "",
        ],
        table=parameter_table(rows),
    )
