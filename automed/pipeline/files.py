"""The files that a trial leaves, each written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from automed.domain.errors import WorkspaceError
from automed.domain.history import HISTORY
from automed.domain.measurement import Measurement

WEIGHTS = "weights.safetensors"
ARTIFACT = "model.onnx"
TRAINED = "trained.json"
"""A result in PyTorch, while the file that is to replace it is still being made."""
CHECKPOINT = "checkpoint.safetensors"
"""What a training goes on from that was interrupted."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A draft to write instead of a file; it takes the file's place when the block ends well.

    Raises:
        WorkspaceError: It cannot be written, for instance because the disk is full.
    """
    draft = path.with_name(f".{os.getpid()}.{path.name}")
    with writing(path):
        try:
            yield draft
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns the system's errors inside the block into one that names the file.

    Raises:
        WorkspaceError: The file cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise WorkspaceError(
            f"{path} cannot be written",
            found=error.strerror or str(error),
            expected="a folder that you may write to, with room for the trial's files",
            hint="free some space and go on with --resume, or choose another --workspace PATH",
        ) from error


class History:
    """Writes the measurements of a training, a line each, so that a killed one loses none.

    Args:
        folder: The trial's folder. What an earlier attempt wrote there is removed: a training that
            goes on from a checkpoint reports the epochs until there again.

    Raises:
        WorkspaceError: The file cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / HISTORY
        with writing(self._path):
            self._path.write_text("")

    def add(self, measurement: Measurement) -> None:
        """Write one line, through to the system.

        Raises:
            WorkspaceError: It cannot be written.
        """
        with writing(self._path), self._path.open("a", encoding="utf-8") as file:
            file.write(measurement.model_dump_json() + "\n")
