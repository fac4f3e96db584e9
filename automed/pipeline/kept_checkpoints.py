"""Checkpoints of stopped trainings: kept for those that take them up again, within bounds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from automed.domain.trial import Trial
from automed.domain.trial_files import RESULT
from automed.pipeline.files import CHECKPOINT, writing
from automed.pipeline.folder import remove_checkpoint
from automed.pipeline.job import Job

MOST_BYTES = 8 * 2**30
"""Of a study's checkpoints together: some 30 of models with 20 million weights. A training that
goes on without its checkpoint begins anew, and comes to the same."""


def take_over(trial: Trial, job: Job) -> None:
    """Move the checkpoint of the stopped training that a trial continues into its own folder.

    Does nothing where the trial continues none, where that left no checkpoint, or where this was
    done before.

    Raises:
        WorkspaceError: It cannot be moved.
    """
    if trial.continues is None:
        return
    left, own = job.folder_of(trial.continues) / CHECKPOINT, job.trial_folder(trial) / CHECKPOINT
    with writing(own):
        if not own.exists():
            # Gone, perhaps this very moment: another process of the search may be trimming.
            with suppress(FileNotFoundError):
                left.replace(own)


def trim(job: Job, most: int = MOST_BYTES) -> None:
    """Remove the oldest checkpoints of a study until the rest is small enough.

    Raises:
        WorkspaceError: One cannot be removed.
    """
    total = 0
    for _, size, path in sorted(_all(Path(job.folder) / "trials"), reverse=True):
        total += size
        if total > most:
            remove_checkpoint(path.parent)


def _all(trials: Path) -> Iterator[tuple[int, int, Path]]:
    """Time, size and place of each."""
    for path in trials.glob(f"*/{CHECKPOINT}"):
        # Running trials have no result yet: theirs are in use.
        if (path.parent / RESULT).exists():
            with suppress(FileNotFoundError):  # taken over by another worker's trial meanwhile
                status = path.stat()
                yield status.st_mtime_ns, status.st_size, path
