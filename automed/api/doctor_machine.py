"""What there is room for: threads, memory, the workspace and its disk."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path

from automed.api.doctor_finding import Check, Finding, broken, ok, warning
from automed.domain.workspace import Workspace
from automed.executors.cores import available_cores
from automed.executors.memory import available_memory

_LITTLE_MEMORY = 4e9
"""Bytes. A training with torch takes 1 to 3 GB besides its images."""

STUDY_BYTES = 5e9
"""Of 50 trials: measured, one leaves 15 to 60 MB, which makes 3 GB, and images are cached."""

_PROBE = 4 * 2**20
"""Bytes written, and gone at once: more than what a full disk's last block still takes."""

_ELSEWHERE = "export AUTOMED_WORKSPACE=~/automed-workspace"


def machine_checks(workspace: Workspace) -> list[Check]:
    """Of cores, memory, the workspace's folder and its disk."""
    return [
        Check("cores", _cores),
        Check("memory", _memory),
        Check("workspace", partial(_workspace, workspace), fix=_ELSEWHERE),
        Check("disk", partial(_disk, workspace), fix=_ELSEWHERE),
    ]


def _cores() -> Finding:
    usable, machine = available_cores(), os.cpu_count() or 1
    found = f"{usable} of {machine} are ours"
    if usable < machine:
        found += " (affinity, or a container's limit)"
    threads = _threads()
    if threads is None:
        return ok("cores", found)
    found += f", torch computes with {threads} threads"
    if threads > usable:
        fix = f"export OMP_NUM_THREADS={usable}"
        return warning("cores", f"{found}: they will wait for one another", fix)
    return ok("cores", found)


def _threads() -> int | None:
    """Torch's threads; None where it could not be imported before."""
    torch = sys.modules.get("torch")
    return torch.get_num_threads() if torch is not None else None


def _memory() -> Finding:
    seen = available_memory()
    if seen is None:
        return ok("memory", "this system does not tell how much is free")
    found = f"{seen.available / 1e9:.1f} of {seen.total / 1e9:.1f} GB are free"
    if seen.available < _LITTLE_MEMORY:
        return warning("memory", f"{found}: little for a training", "ps aux --sort=-rss | head")
    return ok("memory", found)


def _workspace(workspace: Workspace) -> Finding:
    """Whether it can be written to; a folder that does not exist yet is not made."""
    root = place = workspace.root
    try:
        place = _existing(root)
        with tempfile.TemporaryFile(dir=place) as draft:
            draft.write(bytes(_PROBE))
            draft.flush()
            os.fsync(draft.fileno())
    except OSError as error:
        found = f"{place} cannot be written to: {error.strerror or error}"
        return broken("workspace", found, _ELSEWHERE, stops_searches=True)
    return ok("workspace", str(root) + ("" if place == root else ", made by the first search"))


def _disk(workspace: Workspace) -> Finding:
    place = _existing(workspace.root)
    usage = shutil.disk_usage(place)
    found = f"{usage.free / 1e9:.1f} GB are free for {workspace.root}"
    if usage.free < STUDY_BYTES:
        need = f"{found}; a study of 50 trials takes about {STUDY_BYTES / 1e9:g} GB"
        return warning("disk", need, f"du -sh {place}/* | sort -h | tail")
    return ok("disk", found)


def _existing(path: Path) -> Path:
    """The path, or what of the folders above it exists."""
    return next(p for p in (path, *path.parents) if p.exists())
