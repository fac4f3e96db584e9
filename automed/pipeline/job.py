"""Everything that a trial needs besides its config: plain data, so that it can travel."""

from __future__ import annotations

from pathlib import Path

from automed.domain.frozen import Frozen
from automed.domain.split import Split
from automed.domain.study_spec import StudySpec
from automed.domain.trial import Trial
from automed.domain.workspace import trial_folder


class Job(Frozen):
    """The surroundings of the trials of one study."""

    spec: StudySpec
    split: Split
    cache: str
    """Absolute path of the workspace's cache folder."""
    folder: str
    """Absolute path of the study's folder."""
    device: str = "auto"
    """``cpu``, ``cuda``, ``cuda:1``; auto: CUDA where there is some."""

    @property
    def latency_reference(self) -> Path:
        """What makes the latencies of a workspace's studies comparable; see `measure_latency`."""
        return Path(self.cache) / "latency-reference.json"

    def trial_folder(self, trial: Trial) -> Path:
        """Where this trial's files lie."""
        return self.folder_of(trial.number)

    def folder_of(self, number: int) -> Path:
        """Where the files of the trial with this number lie."""
        return trial_folder(Path(self.folder), number)
