"""Asking a Ray cluster: whatever is wrong is said, and soon."""

from __future__ import annotations

import socket
from contextlib import closing

import pytest

from automed.domain.errors import AutomedError
from automed.executors import ray_reach
from automed.executors.ray_reach import Cluster, ask_cluster


@pytest.fixture
def ray(tmp_path, monkeypatch):
    """Stands in for Ray in the process that asks; what it does is the test's."""

    def written(body: str) -> None:
        (tmp_path / "ray.py").write_text(body)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    return written


ANSWERS = """
def init(address, **options): print("a line of Ray's own", address)
def nodes(): return [{"Alive": True}, {"Alive": False}, {"Alive": True}]
def cluster_resources(): return {"CPU": 16.0, "GPU": 2.0}
def available_resources(): return {"CPU": 15.0}
"""


@pytest.mark.parametrize("address", ["nonsense", "ray://127.0.0.1:10001", "http://head:6379", ""])
def test_what_is_no_address_is_said_at_once(address, monkeypatch):
    monkeypatch.setattr(ray_reach.subprocess, "run", None)
    with pytest.raises(AutomedError, match="--ray is no address") as caught:
        ask_cluster(address, 60)
    assert "HOST:PORT" in str(caught.value.expected)


@pytest.mark.parametrize("address", ["127.0.0.1:{}"])
def test_nobody_there_is_said_without_starting_ray(address, monkeypatch):
    monkeypatch.setattr(ray_reach.subprocess, "run", None)
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(AutomedError, match="no Ray cluster answers") as caught:
            ask_cluster(address.format(taken.getsockname()[1]), 60)
    assert caught.value.found == "connection refused"


def test_what_ray_says_is_read_past_its_chatter(ray):
    ray(ANSWERS)
    assert ask_cluster("auto", 60) == Cluster(nodes=2, cpus=16, free_cpus=15, gpus=2, free_gpus=0)


def test_rays_last_line_is_the_reason(ray):
    ray("def init(*a, **k): raise RuntimeError('Version mismatch: 2.60.0 and 2.59.1')")
    with pytest.raises(AutomedError) as caught:
        ask_cluster("auto", 60)
    assert caught.value.found == "RuntimeError: Version mismatch: 2.60.0 and 2.59.1"


def test_silence_has_an_end(ray):
    ray("import time\ntime.sleep(600)")
    with pytest.raises(AutomedError) as caught:
        ask_cluster("auto", 0.5)
    assert caught.value.found == "silence for 0.5 s"


def test_a_cluster_that_wants_a_token_says_so_again_and_again(ray):
    ray(
        "import sys, time\n"
        "for _ in range(3000):\n"
        "    print('InvalidAuthToken: missing or incorrect', file=sys.stderr, flush=True)\n"
        "    time.sleep(0.2)"
    )
    with pytest.raises(AutomedError) as caught:
        ask_cluster("auto", 3)
    assert caught.value.found == "it asks for a token"
    assert "RAY_AUTH_MODE=token" in str(caught.value.hint)
