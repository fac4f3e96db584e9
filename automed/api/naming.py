"""Names of studies."""

from __future__ import annotations

import re
from pathlib import Path


def next_name(studies: Path, task: str) -> str:
    """``polyp-3`` where polyp-1 and polyp-2 exist."""
    taken = [0]
    if studies.is_dir():
        matches = (re.fullmatch(rf"{re.escape(task)}-(\d+)", f.name) for f in studies.iterdir())
        taken += [int(m[1]) for m in matches if m]
    return f"{task}-{max(taken) + 1}"
