"""Names of studies."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path


def next_name(studies: Path, task: str, others: Iterable[str] = ()) -> str:
    """``polyp-3`` where polyp-1 and polyp-2 exist.

    Args:
        studies: Folder of the studies on this machine.
        task: The task's name.
        others: Names of studies elsewhere.
    """
    names = [*others, *(f.name for f in studies.iterdir())] if studies.is_dir() else [*others]
    matches = (re.fullmatch(rf"{re.escape(task)}-(\d+)", name) for name in names)
    return f"{task}-{max([0, *(int(m[1]) for m in matches if m)]) + 1}"
