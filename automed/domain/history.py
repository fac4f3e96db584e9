"""The measurements of a training as they lie on disk: one JSON object a line."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from automed.domain.measurement import Measurement

HISTORY = "history.jsonl"


def read_history(path: Path) -> tuple[Measurement, ...]:
    """Every measurement of a ``history.jsonl``, in the order of the epochs.

    A file that is not there holds none. Reading ends at the first line that is no measurement:
    a training that was killed may leave its last line torn.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return ()
    found: list[Measurement] = []
    for line in lines:
        try:
            found.append(Measurement.model_validate_json(line))
        except ValidationError:
            break
    return tuple(found)
