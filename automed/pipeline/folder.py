"""A trial's folder, from its first file to its last."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from automed.domain.result import Result
from automed.domain.trial import Trial
from automed.domain.trial_files import RESULT
from automed.pipeline.files import CHECKPOINT, TRAINED, replacing, writing
from automed.pipeline.job import Job


def fresh_folder(trial: Trial, job: Job) -> Path:
    """The trial's folder, without the result of an attempt that was cut off after writing it.

    Drafts of a process that was killed while it wrote go as well. A checkpoint stays.

    Raises:
        WorkspaceError: It cannot be made.
    """
    folder = job.trial_folder(trial)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for stale in (folder / RESULT, folder / TRAINED, *_drafts(folder)):
            stale.unlink(missing_ok=True)
    return folder


def relative(file: Path, job: Job) -> str:
    """A file as a result names it: relative to the study's folder."""
    return file.relative_to(job.folder).as_posix()


def write_result(
    result: Result, folder: Path, name: str = RESULT, *, stopped: bool = False
) -> None:
    """Write ``result.json``, the last file of a trial: where it is, all others are.

    Nothing is left to train then, and the checkpoint goes; that of a training which was stopped
    stays, and should it be gone one day, the training begins anew and comes to the same.

    Args:
        result: What to write.
        folder: The trial's folder.
        name: Of the file, where it is not yet the last one.
        stopped: Whether the training ended early, and might go on one day.

    Raises:
        WorkspaceError: It cannot be written.
    """
    with replacing(folder / name) as draft:
        draft.write_text(result.model_dump_json(indent=1), encoding="utf-8")
    if not stopped:
        remove_checkpoint(folder)


def remove_checkpoint(folder: Path) -> None:
    """Remove what an interrupted training would go on from, if there is any.

    Raises:
        WorkspaceError: It cannot be removed.
    """
    with writing(folder / CHECKPOINT):
        (folder / CHECKPOINT).unlink(missing_ok=True)


def _drafts(folder: Path) -> Iterator[Path]:
    """What `replacing` and safetensors call the files that are not whole yet."""
    yield from folder.glob(".[0-9]*.*")
    yield from folder.glob(".tmp*")
