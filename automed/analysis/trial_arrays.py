"""The arrays that a trial's folder holds for its pictures."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def load_arrays(path: Path, names: Sequence[str]) -> list[NDArray[Any]] | None:
    """The arrays of an archive; None where it is missing, torn or damaged, or lacks one."""
    try:
        # Opened here, for numpy leaves a file open that turns out to be torn.
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            return [file[name] for name in names]
    except (OSError, KeyError, EOFError, ValueError, zipfile.BadZipFile, zlib.error):
        return None
