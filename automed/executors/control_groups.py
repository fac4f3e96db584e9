"""The control groups around this process, where a container's limits are written down."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
"""Where they are mounted."""
OWN = Path("/proc/self/cgroup")
"""Says which are this process's own."""


def control_groups(
    controller: str, root: Path = ROOT, own: Path = OWN
) -> Iterator[tuple[Path, int]]:
    """Folders of this process's group and of all that hold it, each with the version, 1 or 2.

    Args:
        controller: Such as ``cpu`` or ``memory``.
        root: Where control groups are mounted.
        own: The file that says which are this process's own.
    """
    for line in lines_of(own):
        controllers, _, path = line.partition(":")[2].partition(":")
        if controllers and controller not in controllers.split(","):
            continue
        # Version 2 has one tree and names no controllers; version 1 a tree for each of them.
        mount = root / controller if controllers else root
        group = mount / path.lstrip("/")
        for folder in (group, *group.parents):
            yield folder, 1 if controllers else 2
            if folder == mount:
                break


def lines_of(file: Path) -> list[str]:
    """What a file of the kernel says; nothing where it is not there."""
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []  # no Linux, no such group here, or none of our business
