"""The front of a study as files: a picture, a page and a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from automed.analysis.front_plot import write_front_html, write_front_png
from automed.analysis.front_table import front_rows, write_front_csv
from automed.domain.front import Front
from automed.domain.study_spec import StudySpec
from automed.domain.trial import Trial


def write_front(spec: StudySpec, trials: Sequence[Trial], front: Front, folder: Path) -> list[Path]:
    """Write ``front.png``, ``front.html`` and ``front.csv``.

    Args:
        spec: Of the study.
        trials: Of the study, in any state.
        front: The non-dominated among them.
        folder: Where to; made if it is missing.
    """
    task = spec.task
    title = front_title(spec)
    return [
        write_front_png(trials, front, task.objectives, folder / "front.png", title),
        write_front_html(trials, front, task.objectives, folder / "front.html", title),
        write_front_csv(front_rows(front, task.guide), folder / "front.csv", task.guide),
    ]


def front_title(spec: StudySpec) -> str:
    """What a plot of this study's front is called; says so where the data are synthetic."""
    title = f"{spec.task.title}: study {spec.name}"
    return f"{title}, synthetic demo data" if spec.data.is_demo else title
