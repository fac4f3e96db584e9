"""How many processor cores this process may use: those of a container, not of the machine."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")


def available_cores(root: Path = _ROOT, own: Path = _OWN) -> int:
    """Cores by affinity and by the quotas of the control groups around this process.

    Args:
        root: Where control groups are mounted.
        own: The file that says which are this process's own.
    """
    if hasattr(os, "sched_getaffinity"):
        allowed = len(os.sched_getaffinity(0))
    else:
        allowed = os.cpu_count() or 1
    return max(1, min([allowed, *(math.floor(quota) for quota in _quotas(root, own))]))


def _quotas(root: Path, own: Path) -> Iterator[float]:
    """In cores, of this process's group and of all that hold it."""
    for line in _words(own, "\n"):
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and "cpu" not in controllers.split(","):
            continue
        # Version 2 has one tree and names no controllers; version 1 a tree for each of them.
        mount = root / "cpu" if controllers else root
        group = mount / path.lstrip("/")
        for folder in (group, *group.parents):
            yield from _quota(folder)
            if folder == mount:
                break


def _quota(folder: Path) -> Iterator[float]:
    quota, period = [*_words(folder / "cpu.max"), "", ""][:2]
    if not quota:
        quota = next(iter(_words(folder / "cpu.cfs_quota_us")), "")
        period = next(iter(_words(folder / "cpu.cfs_period_us")), "")
    if quota.isdigit() and period.isdigit():  # without a quota there is "max", or -1
        yield int(quota) / int(period)


def _words(file: Path, separator: str | None = None) -> list[str]:
    try:
        text = file.read_text(encoding="utf-8")
    except OSError:
        return []  # no Linux, no such group here, or none of our business
    return [word for word in text.split(separator) if word]
