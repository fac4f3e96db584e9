"""How long the reference model takes, remembered from the first measurement on."""

from __future__ import annotations

import json
import os
from pathlib import Path

from automed.domain.errors import WorkspaceError


def calibrated(path: Path, key: str, seconds: float) -> float:
    """The time of the reference model as it was first seen; the one just seen where there is none.

    The first one stays: a better one would make all later models seem faster than the earlier
    ones that they are compared with.

    Args:
        path: A JSON file of seconds by key; made where it is missing.
        key: Processor, runtime and threads.
        seconds: Seen now.

    Returns:
        Seconds.

    Raises:
        WorkspaceError: The file is not what was written here.
        OSError: It cannot be read or written.
    """
    known = _read(path)
    if key in known:
        return known[key]
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{os.getpid()}.{path.name}")
    draft.write_text(json.dumps(known | {key: seconds}, indent=2, sort_keys=True) + "\n", "utf-8")
    draft.replace(path)
    return seconds


def _read(path: Path) -> dict[str, float]:
    if not path.is_file():
        return {}
    try:
        known = json.loads(path.read_text("utf-8"))
        return {str(key): _positive(value) for key, value in known.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise WorkspaceError(
            f"{path} is not a file of reference times",
            found=f"{type(error).__name__}: {error}",
            expected="a JSON object of seconds, each above 0",
            hint=f"delete it: it is measured anew ({path})",
        ) from error


def _positive(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
        raise ValueError(f"{value!r} is no time")
    return float(value)
