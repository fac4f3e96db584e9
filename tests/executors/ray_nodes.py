"""A Ray cluster of several nodes on this machine, whose processes a test may kill."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

SOON = {
    "health_check_initial_delay_ms": 1000,
    "health_check_period_ms": 500,
    "health_check_timeout_ms": 2000,
    "health_check_failure_threshold": 3,
}
"""A lost node is noticed after two seconds, instead of Ray's fifteen."""


class Nodes:
    """A head to search from, without cores for trainings, and nodes with one core each."""

    def __init__(self, cluster: Any) -> None:
        self._cluster = cluster
        self.there: list[Any] = []

    @property
    def address(self) -> str:
        return str(self._cluster.address)

    def join(self) -> Any:
        """Another node."""
        node = self._cluster.add_node(num_cpus=1, **_SMALL)
        self.there.append(node)
        return node

    def lose(self, node: Any, *, whole: bool = False) -> None:
        """Kill its raylet with signal 9.

        Args:
            node: Which one.
            whole: Kill its trainings as well, as where the machine is gone. They outlive a raylet.
        """
        self.there.remove(node)
        for pid in [raylet(node), *(trainings(node) if whole else ())]:
            os.kill(pid, signal.SIGKILL)

    def leave(self, node: Any) -> None:
        """A node says good-bye, as with ``ray stop``."""
        self.there.remove(node)
        self._cluster.remove_node(node, allow_graceful=True)

    def trainings(self) -> list[int]:
        return [pid for node in self.there for pid in trainings(node)]


_SMALL = {"object_store_memory": 80_000_000}


@contextmanager
def nodes(count: int, **settings: int) -> Iterator[Nodes]:
    """A cluster for a block.

    Args:
        count: Nodes beside the head.
        settings: Of the head, as Ray names them.
    """
    from ray.cluster_utils import Cluster

    head = {**_SMALL, "num_cpus": 0, "include_dashboard": False, "_system_config": settings or None}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    made = Nodes(cluster)
    try:
        for _ in range(count):
            made.join()
        yield made
    finally:
        cluster.shutdown()


def raylet(node: Any) -> int:
    return int(node.all_processes["raylet"][0].process.pid)


def trainings(node: Any) -> list[int]:
    """The processes on a node in which something is trained, or has been."""
    return [p for p in children(raylet(node)) if command_line(p).startswith("ray::ResourceTrain")]


def children(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""  # it has ended


def wait_until(what: Callable[[], Any], seconds: float = 120) -> Any:
    """What there is to wait for, as soon as it is there."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "nothing happens"
        time.sleep(0.02)
    return found
