"""Lets these tests import the toy study, and spares them the wait for the disk."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

ROOMS = [str(Path(__file__).resolve().parents[1] / room) for room in ("search", "executors")]
sys.path[:0] = ROOMS


@pytest.fixture(scope="session")
def ray_cluster():
    """One of this machine, whose workers can import the toy study."""
    ray = pytest.importorskip("ray")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(ROOMS))
        ray.init(
            address="local", num_cpus=2, include_dashboard=False, log_to_driver=False,
            _node_ip_address="127.0.0.1", object_store_memory=100_000_000,
        )  # fmt: skip
    yield
    ray.shutdown()


@pytest.fixture(autouse=True)
def no_fsync(monkeypatch: pytest.MonkeyPatch) -> None:
    """Power cuts are not tested, and fsync is most of a trial's time here."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
