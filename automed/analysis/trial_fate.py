"""What became of a trial, in words for its page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from automed.domain.study_spec import StudySpec
from automed.domain.trial import Trial, TrialState
from automed.search.screen import broken_by

Tone = Literal["error", "warning", "info"]


@dataclass(frozen=True)
class Note:
    """A sentence that a reader of the page must not miss.

    Attributes:
        tone: How bad it is.
        title: In our words.
        text: In the words of a plugin, a library or a stopper; may be empty.
    """

    tone: Tone
    title: str
    text: str = ""


def label_of(trial: Trial, paused: Mapping[int, int]) -> str:
    """The state as users read it, told apart from one that runs: ``paused``."""
    return "paused" if trial.number in paused else trial.label


def notes_of(trial: Trial, spec: StudySpec, paused: Mapping[int, int]) -> list[Note]:
    """Why the trial has no result, or why its result is not what it seems.

    Args:
        trial: The one that is asked about.
        spec: Of its study.
        paused: Trials that wait for the search to go on, with the last epoch of each.
    """
    notes = []
    if trial.rejected is not None:
        notes.append(Note("warning", "Rejected before any training; it cost nothing.",
                          trial.rejected))  # fmt: skip
    elif trial.failure is not None:
        where = "" if trial.failure.epoch is None else f" in epoch {trial.failure.epoch}"
        text = f"{trial.failure.kind}: {trial.failure.message}"
        notes.append(Note("error", f"The training failed{where}.", text))
    elif trial.stop is not None:
        title = f"Stopped after epoch {trial.stop.epoch} of {epochs_of(trial, spec)} by the "
        title += f"stopper {spec.stopper}: it is no point of the front."
        notes.append(Note("warning", title, trial.stop.why))
    elif trial.state is TrialState.RUNNING:
        notes += _unfinished(trial, spec, paused)
    return [*notes, *_of_result(trial, spec)]


def epochs_of(trial: Trial, spec: StudySpec) -> int:
    """The most epochs that it may train."""
    return int(trial.config.get("training.epochs", spec.task.training.epochs))


def _unfinished(trial: Trial, spec: StudySpec, paused: Mapping[int, int]) -> list[Note]:
    if trial.number not in paused:
        return [Note("info", "It is being trained now; this page follows it.")]
    epoch = paused[trial.number]
    title = f"Paused at epoch {epoch} of {epochs_of(trial, spec)}: the search goes on from here."
    return [Note("info", title)]


def _of_result(trial: Trial, spec: StudySpec) -> list[Note]:
    if trial.result is None:
        return []
    broken = broken_by(spec.constraints, trial.result.values())
    notes = [Note("warning", "It breaks a limit of the study, and is kept off the front.", words)
             for words in broken]  # fmt: skip
    return [*notes, *(Note("warning", "Before it is deployed:", r) for r in trial.result.remarks)]
