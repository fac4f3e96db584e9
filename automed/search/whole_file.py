"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from automed.domain.errors import StudyError


def write_whole(file: Path, text: str) -> None:
    """Write a file of a study so that a crash leaves the old one, or none.

    Raises:
        StudyError: The folder cannot be written to.
    """
    try:
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=file.name)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as opened:
                opened.write(text)
                opened.flush()
                os.fsync(opened.fileno())
            temporary.replace(file)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise StudyError(f"{file} cannot be written", found=error.strerror or str(error)) from error
