"""One search at a time in a study's folder."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from automed.domain.errors import StudyError

LOCK_FILE = "lock"
HOLDER_FILE = "lock.json"
GRACE_SECONDS = 10.0
"""How long to wait where the holder is dead: its data loaders inherit the lock and die later."""


class StudyLock:
    """Held from construction to ``release``; the system frees it when the process is killed.

    Args:
        folder: The study's folder.

    Raises:
        StudyError: Another process, or another object in this one, holds it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Not thread-local: an executor may run the study in a thread other than the caller's.
        self._lock = FileLock(folder / LOCK_FILE, thread_local=False)
        pid, host = holder_of(folder)
        try:
            self._lock.acquire(timeout=GRACE_SECONDS if is_dead(pid, host) else 0)
            self._sign()
        except Timeout:
            pid, host = holder_of(folder)
            raise StudyError(
                f"study {folder.name!r} is already running, pid {pid or 'unknown'} on "
                f"{host or 'an unknown host'}",
                hint="wait for it or stop it; a second study needs another --name",
            ) from None
        except OSError as error:
            self._lock.release()
            raise StudyError(
                f"{folder} cannot be locked", found=error.strerror or str(error)
            ) from error

    @contextmanager
    def kept_on_success(self) -> Iterator[Self]:
        """Release the lock where the block raises; keep it where it does not."""
        try:
            yield self
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Let another search have the folder. Does nothing when called again."""
        if self._lock.is_locked:
            # Only readers miss it, who would take a process that lives on for a search.
            with suppress(OSError):
                (self._folder / HOLDER_FILE).unlink(missing_ok=True)
        self._lock.release()

    def _sign(self) -> None:
        holder = {"pid": os.getpid(), "host": socket.gethostname()}
        (self._folder / HOLDER_FILE).write_text(json.dumps(holder), encoding="utf-8")


def is_held(folder: Path) -> bool:
    """Whether a search is running in a study's folder, as far as its note says; takes no lock."""
    pid, host = holder_of(folder)
    return pid is not None and not is_dead(pid, host)


def holder_of(folder: Path) -> tuple[int | None, str | None]:
    """Process id and host that a study's folder is signed with, as far as can be read."""
    try:
        holder = json.loads((folder / HOLDER_FILE).read_text(encoding="utf-8"))
        return int(holder["pid"]), str(holder["host"])
    except (OSError, ValueError, KeyError, TypeError):
        # The file only serves messages; the lock itself does not depend on it.
        return None, None


def is_dead(pid: int | None, host: str | None) -> bool:
    """Whether a holder is a process of this machine that is gone."""
    if pid is None or host != socket.gethostname():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
