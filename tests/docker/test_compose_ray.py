"""The compose file's Ray services, as plain processes on loopback, and a search on them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from .conftest import Compose, read_compose
from .test_compose_lines import free_port

BIN = Path(sys.executable).parent
pytest.importorskip("ray", reason="needs ray")


@pytest.fixture
def services() -> Compose:
    return read_compose({"AUTOMED_DB_PASSWORD_FILE": "unused", "AUTOMED_CPUS": "1"})


def own_address() -> str:
    """Not the loopback: Ray takes that for this."""
    from ray.util import get_node_ip_address

    return str(get_node_ip_address())


@contextmanager
def started(
    service: dict[str, Any], port: int, folder: Path, here: dict[str, str]
) -> Iterator[Path]:
    """A service's own command line, with another port; ends when its health check answers."""
    words = [*service["entrypoint"], *service["command"]]
    words = [
        str(word).replace("ray-head:6379", f"{own_address()}:{port}").replace("=6379", f"={port}")
        for word in words
    ]
    health = [
        word.replace("'ray-head', 6379", f"'127.0.0.1', {port}").replace("6379", str(port))
        for word in service["healthcheck"]["test"][1:]
    ]
    log = folder / f"{words[2]}-{words[3].strip('-')[:8]}.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [str(BIN / words[0]), *words[1:]], env=here, cwd=folder, stdout=stream, stderr=stream,
            start_new_session=True,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 120
        while b"Ray runtime started" not in log.read_bytes():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        assert subprocess.run([sys.executable, *health[1:]], timeout=30).returncode == 0
        yield log
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def test_a_search_on_the_cluster_of_the_services(services: Compose) -> None:
    head, worker = services.services["ray-head"], services.services["ray-worker"]
    port = free_port()
    # Short: Ray's sockets lie below it, whose names may have a hundred characters.
    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp") as name, ExitStack() as stack:
        folder = Path(name)
        here = {
            **os.environ, "AUTOMED_WORKSPACE": str(folder / "workspace"),
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "RAY_TMPDIR": name,
            "MLFLOW_TRACKING_URI": "http://127.0.0.1:9", "RAY_ADDRESS": f"{own_address()}:{port}",
        }  # fmt: skip
        here.pop("AUTOMED_STORAGE", None)
        (folder / "token").write_text("between these two")
        here |= {"RAY_AUTH_MODE": head["environment"]["RAY_AUTH_MODE"],
                 "RAY_AUTH_TOKEN_PATH": str(folder / "token")}  # fmt: skip
        for service in (head, worker):
            stack.enter_context(started(service, port, folder, here))
        done = subprocess.run(
            [BIN / "automed", "search", "cell", "--ray", "auto", "--budget", "2", "--epochs", "1",
             "--image-size", "32", "--no-pretrained", "--artifact", "weights",
             "--fix", "model.encoder=tf_mobilenetv3_small_075"],
            env=here, cwd=folder, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        results = sorted((folder / "workspace/studies/cell-1/trials").glob("*/result.json"))
        assert len(results) == 2
        assert all(json.loads(path.read_text())["epochs"] == 1 for path in results)
