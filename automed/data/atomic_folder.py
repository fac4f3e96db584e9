"""Folders that are complete or absent, whoever writes them and whatever kills the writer."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from automed.domain.errors import WorkspaceError


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn failures of the file system into an error that names the folder.

    Raises:
        WorkspaceError: An `OSError` came up inside: no permission, no space, no folder.
    """
    try:
        yield
    except OSError as error:
        raise WorkspaceError(
            f"{folder} cannot be written",
            found=error.strerror or str(error),
            expected="a folder that you may write to, on a disk with room",
            hint="free some space, or choose another place: --workspace PATH",
        ) from None


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock ``folder.lock``; other processes and threads wait. A killed holder lets go.

    Raises:
        WorkspaceError: The lock file cannot be made.
    """
    lock = FileLock(folder.with_name(f"{folder.name}.lock"))
    with writing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def built_aside(folder: Path) -> Iterator[Path]:
    """A new folder beside the final one, which takes its place when the block ends well.

    To be used under `locked`: what an earlier, killed builder left is removed.

    Raises:
        WorkspaceError: The folder cannot be made or moved.
    """
    aside = folder.with_name(f"{folder.name}.building")
    try:
        with writing(folder):
            if aside.exists():
                shutil.rmtree(aside)
            aside.mkdir()
        yield aside
        with writing(folder):
            if folder.exists():
                shutil.rmtree(folder)
            aside.replace(folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
