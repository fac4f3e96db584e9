"""What a trial's folder tells of its training, line by line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from automed.domain.history import HISTORY, read_history
from automed.domain.measurement import Measurement
from automed.domain.trial import Trial
from automed.executors.failures import TRACEBACK_FILE

_SHOWN = ("train_loss", "loss")
_TAIL = 40
"""Lines of a traceback that are worth reading."""


class TrialFile(NamedTuple):
    """A file of a trial's folder."""

    name: str
    size: int
    """Bytes."""
    changed: datetime
    """Local time."""


def history_of(folder: Path) -> tuple[Measurement, ...]:
    """The measurements of a training, which may be running; none where there is no such file."""
    try:
        return read_history(folder / HISTORY)
    except OSError:  # no folder, or one that may not be read
        return ()


def epoch_lines(history: tuple[Measurement, ...], guide: str, epochs: int) -> list[str]:
    """A line an epoch: losses, the guide metric and the time since the training began."""
    lines = []
    for measurement in history:
        shown = [name for name in (*_SHOWN, guide) if name in measurement.metrics]
        figures = "  ".join(f"{name} {measurement.metrics[name]:.4f}" for name in shown)
        lines.append(
            f"epoch {measurement.epoch:>3}/{epochs}  {figures}  {measurement.seconds:8.1f} s"
        )
    return lines


def traceback_tail(folder: Path) -> str:
    """The end of the traceback that a failed training left; empty where it left none."""
    try:
        text = (folder / TRACEBACK_FILE).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-_TAIL:])


def trial_files(folder: Path) -> list[TrialFile]:
    """The files of a trial's folder, those that last changed last; none where it is gone."""
    found = []
    try:
        for path in folder.iterdir():
            status = path.stat()
            changed = datetime.fromtimestamp(status.st_mtime)
            found.append(TrialFile(path.name, status.st_size, changed))
    except OSError:  # the folder is gone, or a draft took its file's place while we looked
        return sorted(found, key=lambda file: file.changed)
    return sorted(found, key=lambda file: file.changed)


def details_of(trial: Trial) -> Mapping[str, float | str]:
    """What a result says beyond metrics and costs, in the order of a reader's questions."""
    told: dict[str, float | str] = {"seed": str(trial.seed)}
    result = trial.result
    if result is None:
        return told
    told |= {"device": result.device, "artifact": result.artifact or "none"}
    if result.threshold is not None:
        told["best threshold"] = result.threshold
    if result.parity is not None:
        told["largest difference of a logit to PyTorch"] = result.parity.max_difference
        told["signal to noise against PyTorch (dB)"] = result.parity.snr_db
    return told | result.details
