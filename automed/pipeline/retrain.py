"""One trial of a finished search, trained anew on another partition."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from automed.domain.decision import Decision
from automed.domain.digest import derive_seed
from automed.domain.errors import TrainingError
from automed.domain.measurement import Measurement
from automed.domain.result import Failure, Result
from automed.domain.split import Split
from automed.domain.trial import Trial, TrialState
from automed.domain.trial_files import RESULT
from automed.pipeline.files import replacing, writing
from automed.pipeline.job import Job
from automed.pipeline.locked_score import has_model, read_locked
from automed.pipeline.resume import resume_trial

FAILURE = "failure.json"

Report = Callable[[Measurement], Decision]


def retraining_job(job: Job, split: Split, folder: Path) -> Job:
    """The job of retraining on another partition.

    Trained models are scored in PyTorch there: their export was checked by the search, and costs
    more time than a score. Compressed ones are files, as ever.

    Args:
        job: The study's.
        split: The other partition; its test part is the study's.
        folder: For the files of this partition.
    """
    changed: Job = job.replace(
        split=split, folder=str(folder), spec=job.spec.replace(artifact="weights")
    )
    return changed


def as_new(trial: Trial, job: Job) -> Trial:
    """The trial as it is trained on a job's partition: same config, a seed of the partition's.

    All trials share the seed, so that what a partition does to one it does to the others.
    """
    fresh: Trial = trial.replace(
        seed=derive_seed(job.split.seed, "confirm"), state=TrialState.RUNNING, result=None,
        failure=None, continues=None, stop=None,
    )  # fmt: skip
    return fresh


def retrain(trial: Trial, parent: Trial | None, job: Job, report: Report) -> Result | Failure:
    """Train a trial anew, or go on with it, or read what came of it; for a child its parent first.

    Args:
        trial: As `as_new` gives it.
        parent: The same of the trial that this one compresses.
        job: As `retraining_job` gives it.
        report: Hears of each epoch, the parent's too.

    Returns:
        A `Failure` where this config cannot be trained on this partition; it is written down.

    Raises:
        AutomedError: Anything else that `run_trial` raises.
    """
    known = outcome_of(trial, job)
    if known is not None:
        return known
    try:
        if parent is not None:
            _fresh_unless_whole(parent, job)
            resume_trial(parent, job, report)
        _fresh_unless_whole(trial, job)
        return resume_trial(trial, job, report)
    except TrainingError as error:
        failure = Failure(kind=type(error).__name__, message=str(error))
        folder = job.trial_folder(trial)
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        with replacing(folder / FAILURE) as draft:
            draft.write_text(failure.model_dump_json(indent=1), encoding="utf-8")
        return failure


def outcome_of(trial: Trial, job: Job) -> Result | Failure | None:
    """What came of a retraining that ended; None where there is something left to train."""
    folder = job.trial_folder(trial)
    failure = _read(folder / FAILURE, Failure)
    if failure is not None:
        return failure
    result = _read(folder / RESULT, Result)
    if not isinstance(result, Result) or result.split_digest != job.split.digest:
        return None
    return result if has_model(trial, job) or read_locked(trial, job) is not None else None


def _fresh_unless_whole(trial: Trial, job: Job) -> None:
    """A result whose model was removed, or lost, says nothing to go on with."""
    if not has_model(trial, job):
        with writing(job.trial_folder(trial)):
            (job.trial_folder(trial) / RESULT).unlink(missing_ok=True)


def _read(file: Path, kind: type[Result] | type[Failure]) -> Result | Failure | None:
    try:
        return kind.model_validate_json(file.read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValidationError):
        return None
