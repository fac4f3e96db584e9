"""How many processor cores this process may use: those of a container, not of the machine."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

from automed.executors.control_groups import OWN, ROOT, control_groups, lines_of


def available_cores(root: Path = ROOT, own: Path = OWN) -> int:
    """Cores by affinity and by the quotas of the control groups around this process.

    Args:
        root: Where control groups are mounted.
        own: The file that says which are this process's own.
    """
    if hasattr(os, "sched_getaffinity"):
        allowed = len(os.sched_getaffinity(0))
    else:
        allowed = os.cpu_count() or 1
    quotas = [quota for folder, _ in control_groups("cpu", root, own) for quota in _quota(folder)]
    return max(1, min([allowed, *map(math.floor, quotas)]))


def _quota(folder: Path) -> Iterator[float]:
    """Of a group, in cores; none where it has none."""
    quota, period = [*_words(folder / "cpu.max"), "", ""][:2]
    if not quota:
        quota = next(iter(_words(folder / "cpu.cfs_quota_us")), "")
        period = next(iter(_words(folder / "cpu.cfs_period_us")), "")
    if quota.isdigit() and period.isdigit():  # without a quota there is "max", or -1
        yield int(quota) / int(period)


def _words(file: Path) -> list[str]:
    return " ".join(lines_of(file)).split()
