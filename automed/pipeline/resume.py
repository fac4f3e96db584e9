"""A trial whose result may lie on disk already, left by a process that ended too early to tell."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import ValidationError

from automed.domain.decision import Decision
from automed.domain.history import HISTORY, read_history
from automed.domain.measurement import Measurement
from automed.domain.result import Result
from automed.domain.trial import Trial
from automed.domain.trial_files import RESULT
from automed.pipeline.exported import reload_and_export
from automed.pipeline.files import TRAINED
from automed.pipeline.folder import remove_checkpoint
from automed.pipeline.job import Job
from automed.pipeline.run import run_trial

Report = Callable[[Measurement], Decision]


def resume_trial(trial: Trial, job: Job, report: Report) -> Result:
    """What `run_trial` gives, without training anew where its result lies on disk already.

    A process may be killed or interrupted after it wrote the result and before the study was told.
    ``result.json`` is written last and whole: where it is there, so is everything else. Where
    ``trained.json`` is, the model is trained and only its file is to be made. Where neither is, the
    training goes on from its checkpoint, if it left one.

    Args:
        trial: As for `run_trial`.
        job: As for `run_trial`.
        report: As for `run_trial`; hears of the epochs that were trained before, too.

    Raises:
        AutomedError: As `run_trial` does.
    """
    result = _left_behind(trial, job, RESULT)
    if result is None:
        trained = _left_behind(trial, job, TRAINED)
        if trained is None:
            return run_trial(trial, job, report)
        result = reload_and_export(trial, trained, job)
    # The process may have ended between the result and this.
    remove_checkpoint(job.trial_folder(trial))
    for measurement in read_history(job.trial_folder(trial) / HISTORY):
        report(measurement)
    return result


def _left_behind(trial: Trial, job: Job, name: str) -> Result | None:
    folder = job.trial_folder(trial)
    try:
        result = Result.model_validate_json((folder / name).read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValidationError):
        return None
    fits = result.split_digest == job.split.digest
    whole = len(read_history(folder / HISTORY)) == result.epochs
    return result if fits and whole else None
