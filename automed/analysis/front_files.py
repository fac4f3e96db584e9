"""The front of a study as files: a picture, a page, a table, and the ROC curves of its trials."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from automed.analysis.front_plot import write_front_html, write_front_png
from automed.analysis.front_table import FrontRow, front_rows, write_front_csv
from automed.analysis.roc import MOST, roc_of_trial, write_roc
from automed.domain.front import Front
from automed.domain.study_spec import StudySpec
from automed.domain.trial import Trial
from automed.domain.workspace import trial_folder


def write_front(
    spec: StudySpec,
    trials: Sequence[Trial],
    front: Front,
    folder: Path,
    study: Path | None = None,
) -> list[Path]:
    """Write ``front.png``, ``front.html``, ``front.csv``, and ``roc.png`` where there are curves.

    Args:
        spec: Of the study.
        trials: Of the study, in any state.
        front: The non-dominated among them.
        folder: Where to; made if it is missing.
        study: The study's folder, in which its trials lie; None: the same.
    """
    task = spec.task
    title = front_title(spec)
    rows = front_rows(front, task.guide)
    written = [
        write_front_png(trials, front, task.objectives, folder / "front.png", title),
        write_front_html(trials, front, task.objectives, folder / "front.html", title),
        write_front_csv(rows, folder / "front.csv", task.guide),
    ]
    roc = _write_roc(rows, study or folder, folder / "roc.png", title)
    return written if roc is None else [*written, roc]


def _write_roc(rows: Sequence[FrontRow], study: Path, path: Path, title: str) -> Path | None:
    """The best trials of the front, as many as a plot has colours for."""
    found = (
        roc_of_trial(trial_folder(study, row.number), f"trial {row.number}: {row.summary}")
        for row in rows[:MOST]
    )
    rocs = [roc for roc in found if roc is not None]
    if not rocs:
        return None
    return write_roc(rocs, path, f"{title}: ROC on the validation part")


def front_title(spec: StudySpec) -> str:
    """What a plot of this study's front is called; says so where the data are synthetic."""
    title = f"{spec.task.title}: study {spec.name}"
    return f"{title}, synthetic demo data" if spec.data.is_demo else title
