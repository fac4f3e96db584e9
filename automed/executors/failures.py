"""Exceptions of a training as failures of its trial."""

from __future__ import annotations

import re
import traceback
from pathlib import Path

from automed.domain.errors import AutomedError, StudyError
from automed.domain.result import Failure
from automed.domain.trial import Trial, TrialState

EQUAL_FAILURES = 5
"""Failures alike in a row, with nothing complete, after which a search is pointless."""

TRACEBACK_FILE = "traceback.txt"

_SMALLER = "try smaller batches, such as --set training.batch_size=4,8, or a smaller --image-size"


def failure_of(error: Exception, trial_folder: Path) -> Failure:
    """What is kept of an exception. One that is no ``AutomedError`` leaves its traceback behind.

    Args:
        error: What the training raised.
        trial_folder: Where to write ``traceback.txt``.
    """
    kind, message = type(error).__name__, str(error) or type(error).__name__
    if isinstance(error, AutomedError):
        return Failure(kind=kind, message=message, epoch=getattr(error, "epoch", None))
    if isinstance(error, MemoryError):
        message = f"the machine ran out of memory: {_SMALLER}"
    elif kind == "OutOfMemoryError" or "out of memory" in message.lower():
        # By name: executors do not import torch.
        kind, message = "OutOfMemoryError", f"the GPU ran out of memory: {_SMALLER}\n{message}"
    elif (file := _keep_traceback(error, trial_folder)) is not None:
        message = f"{message}\n  traceback: {file}"
    return Failure(kind=kind, message=message)


def refuse_hopeless(trials: list[Trial], completed: int) -> None:
    """End a search whose trials all fail alike: the next one would as well.

    Args:
        trials: Those that this run finished, in order.
        completed: Complete trials of the study, earlier runs included.

    Raises:
        StudyError: Naming the failure.
    """
    last = trials[-EQUAL_FAILURES:]
    failures = [t.failure for t in last if t.state is TrialState.FAIL and t.failure is not None]
    if completed or len(failures) < EQUAL_FAILURES or len({_gist(f) for f in failures}) > 1:
        return
    raise StudyError(
        f"{EQUAL_FAILURES} trainings in a row failed in the same way, and none has succeeded",
        found=f"{failures[-1].kind}: {failures[-1].message}",
        hint="mend the cause, then go on with --resume",
    )


def _gist(failure: Failure) -> tuple[str, str]:
    # Without figures and the traceback's place: sizes, epochs and folders differ by trial.
    first = failure.message.split("\n", 1)[0]
    return failure.kind, re.sub(r"\d+", "#", first)


def _keep_traceback(error: Exception, folder: Path) -> Path | None:
    file = folder / TRACEBACK_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    except OSError:
        return None  # a full disk, often what the training failed of; the message is kept anyway
    return file
