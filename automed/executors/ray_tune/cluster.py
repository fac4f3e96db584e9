"""The Ray cluster that a search runs on."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ray

from automed.domain.errors import StudyError
from automed.executors.ray_reach import AUTO, TOKEN_HINT, asks_for_token
from automed.executors.ray_tune.share import Resources

LOOPBACK = "127.0.0.1"

_QUIET = {
    "RAY_AIR_NEW_OUTPUT": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl-C is ours: see Interrupts
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
    "TUNE_RESULT_BUFFER_LENGTH": "1",  # each epoch's answer is waited for
    "TUNE_WARN_THRESHOLD_S": "60",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
}


@contextmanager
def connected(address: str) -> Iterator[None]:
    """A connection as a driver, the one that there is, if any; a cluster here where none is.

    Args:
        address: ``auto``: the cluster of this machine, or a new one for this search; else
            ``HOST:PORT`` of a head node.

    Raises:
        StudyError: No cluster answers there.
    """
    for key, value in _QUIET.items():
        os.environ.setdefault(key, value)
    if ray.is_initialized():  # by whoever calls, who shuts it down as well
        yield
        return
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    try:
        try:
            ray.init(address=address, **options)
        except ConnectionError:
            if address != AUTO:
                raise
            ray.init(address="local", include_dashboard=False, _node_ip_address=LOOPBACK, **options)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise _refused(address, error) from error
    try:
        yield
    finally:
        ray.shutdown()


def _refused(address: str, error: Exception) -> StudyError:
    if any(asks_for_token(str(one)) for one in (error, error.__cause__, error.__context__)):
        return StudyError(
            f"the Ray cluster at {address} asks for a token", found="none, or another one",
            expected="the one that its head was started with", hint=TOKEN_HINT,
        )  # fmt: skip
    return StudyError(
        f"no Ray cluster answers at {address}",
        found=str(error).splitlines()[0],
        hint=f"automed doctor --ray {address}, or leave the address out for one on this "
        "machine: --ray auto",
    )


def nodes() -> list[Resources]:
    """What each node has that is alive, as Ray names it: CPU, GPU, memory."""
    there: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    return [node["Resources"] for node in there if node["Alive"]]
