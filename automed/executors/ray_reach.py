"""Whether a Ray cluster answers. Ray is asked in a process of its own: it may hang, or chatter."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from automed.domain.errors import AutomedError

_ASK = """
import json, sys, ray
ray.init(address=sys.argv[1], log_to_driver=False, logging_level="ERROR", configure_logging=False)
alive = [node for node in ray.nodes() if node["Alive"]]
total, free = ray.cluster_resources(), ray.available_resources()
print(json.dumps([len(alive), *(r.get(k, 0.0) for k in ("CPU", "GPU") for r in (total, free))]))
"""


AUTO = "auto"
"""Instead of an address: the cluster of this machine."""

_KNOCK_SECONDS = 2.0
"""For a connection alone: Ray itself tries for half a minute before it says that none is there."""


TOKEN_HINT = (
    "export RAY_AUTH_MODE=token, with the head's token (~/.ray/auth_token there) in "
    "~/.ray/auth_token or RAY_AUTH_TOKEN here"
)
_NO_TOKEN = "InvalidAuthToken"


def asks_for_token(text: str) -> bool:
    """Whether Ray says that the cluster wants a token, and got none or another one.

    A head that ``ray start`` begins where a token lies in the home folder wants it from everybody.
    """
    return _NO_TOKEN in text


@dataclass(frozen=True)
class Cluster:
    """What a Ray cluster has.

    Attributes:
        nodes: That are alive.
        cpus: In all.
        free_cpus: That no task holds.
        gpus: In all.
        free_gpus: That no task holds.
    """

    nodes: int
    cpus: float
    free_cpus: float
    gpus: float
    free_gpus: float

    def describe(self) -> str:
        """In words."""
        return (
            f"nodes {self.nodes}, free CPUs {self.free_cpus:g} of {self.cpus:g}, "
            f"free GPUs {self.free_gpus:g} of {self.gpus:g}"
        )


def ray_version() -> str | None:
    """The installed version, told without importing Ray; None: it is not installed."""
    try:
        return version("ray")
    except PackageNotFoundError:
        return None


def checked_address(address: str) -> str:
    """The address of a head, or ``auto``.

    Raises:
        AutomedError: It is neither.
    """
    if address != AUTO and re.fullmatch(r"[^/\s]+:\d+", address) is None:
        raise AutomedError(
            "--ray is no address of a Ray cluster", found=address,
            expected=f"HOST:PORT of its head, such as 10.0.0.7:6379, or {AUTO}",
            hint="ray start --head prints it; a search is a driver, no client (ray://)",
        )  # fmt: skip
    return address


def ask_cluster(address: str, seconds: float) -> Cluster:
    """Connect to a cluster as a driver, and leave again.

    Args:
        address: ``HOST:PORT`` of the head, or ``auto`` for the one here.
        seconds: How long to wait; Ray alone takes some to import.

    Raises:
        AutomedError: It is no address, nothing answered, or Ray refused.
    """
    checked_address(address)
    command = [sys.executable, "-c", _ASK, address]
    problem = f"no Ray cluster answers at {address}"
    _knock(address, problem)
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=seconds,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        if asks_for_token(str(error.stderr)):
            raise AutomedError(problem, found="it asks for a token", hint=TOKEN_HINT) from None
        raise AutomedError(problem, found=f"silence for {seconds:g} s") from None
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise AutomedError(problem, found=lines[-1] if lines else f"exit code {done.returncode}")
    return Cluster(*json.loads(done.stdout.splitlines()[-1]))


def _knock(address: str, problem: str) -> None:
    if address == AUTO:
        return  # Ray looks for the address itself
    host, _, port = address.rpartition(":")
    try:
        place = (host.strip("[]"), int(port))
        socket.create_connection(place, timeout=_KNOCK_SECONDS).close()
    except OSError as error:
        raise AutomedError(problem, found=(error.strerror or str(error)).lower()) from None
