"""How much main memory there is for us: a container's, not the machine's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from automed.executors.control_groups import OWN, ROOT, control_groups, lines_of

_INFO = Path("/proc/meminfo")


@dataclass(frozen=True)
class Memory:
    """Main memory, in bytes.

    Attributes:
        total: Of the machine, or the least limit of a control group around this process.
        available: What can still be had without swapping.
    """

    total: int
    available: int


def available_memory(root: Path = ROOT, own: Path = OWN, info: Path = _INFO) -> Memory | None:
    """The memory for this process; None where the system does not tell (it is no Linux).

    Args:
        root: Where control groups are mounted.
        own: The file that says which are this process's own.
        info: The kernel's account of the machine's memory, in KiB.
    """
    sizes = {line.partition(":")[0]: line.split()[1:2] for line in lines_of(info)}
    if "MemTotal" not in sizes or "MemAvailable" not in sizes:
        return None
    machine = Memory(int(sizes["MemTotal"][0]) * 1024, int(sizes["MemAvailable"][0]) * 1024)
    limits = [machine, *_limits(root, own)]
    return Memory(min(m.total for m in limits), min(m.available for m in limits))


def _limits(root: Path, own: Path) -> Iterator[Memory]:
    """Of this process's control group and of all that hold it."""
    for folder, version in control_groups("memory", root, own):
        names = ("memory.limit_in_bytes", "memory.usage_in_bytes")
        limit, used = names if version == 1 else ("memory.max", "memory.current")
        yield from _limit(folder / limit, folder / used)


def _limit(limit: Path, used: Path) -> Iterator[Memory]:
    most, now = "".join(lines_of(limit)).strip(), "".join(lines_of(used)).strip()
    if most.isdigit() and now.isdigit():  # version 2 writes "max" where there is no limit
        yield Memory(int(most), max(0, int(most) - int(now)))
