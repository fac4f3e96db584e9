"""Locks that outlive their search: it died, and processes that it started still hold them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from automed.search.lock import HOLDER_FILE, LOCK_FILE, holder_of, is_dead


@dataclass(frozen=True)
class Leftover:
    """A study that cannot go on, because of a search that is dead.

    Attributes:
        study: Name of its folder.
        dead: The process id of the search.
        lock: The lock file.
        holders: Processes that hold it; empty where the system does not tell.
    """

    study: str
    dead: int
    lock: Path
    holders: tuple[int, ...]


def leftover_locks(studies: Path) -> list[Leftover]:
    """The studies whose search died on this machine, and which are locked all the same.

    A search that is running is not disturbed: only locks of dead holders are tried, and a search
    that starts waits some seconds for those.
    """
    found = []
    for signed in sorted(studies.glob(f"*/{HOLDER_FILE}")):
        pid, host = holder_of(signed.parent)
        lock = signed.with_name(LOCK_FILE)
        if pid is not None and is_dead(pid, host) and lock.exists() and _is_held(lock):
            found.append(Leftover(signed.parent.name, pid, lock, _processes_with(lock)))
    return found


def _is_held(file: Path) -> bool:
    try:
        with FileLock(file, timeout=0):
            return False
    except Timeout:
        return True


def _processes_with(file: Path) -> tuple[int, ...]:
    """The processes that have a file open; of other users' processes nothing is known."""
    target = str(file.resolve())
    found = set()
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if str(descriptor.readlink()) == target:
                found.add(int(descriptor.parts[2]))
        except OSError:
            continue  # closed meanwhile, or not ours to see
    return tuple(sorted(found - {os.getpid()}))
