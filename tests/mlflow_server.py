"""A real MLflow server on loopback, for tests."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any


def free_port() -> int:
    """One that nobody listens at."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(url: str) -> bytes:
    """The answer to a GET."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read()


def post(url: str, body: dict[str, Any]) -> Any:
    """The answer to a POST."""
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


@contextmanager
def serving(uri: str, port: int, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The server that ``mlflow ui`` starts, with as little around it as it can do with."""
    command = [
        sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", uri, "--port", str(port),
        "--workers", "1",
    ]  # fmt: skip
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        deadline = time.monotonic() + 120
        while True:
            assert process.poll() is None, (folder / "server.log").read_text()
            assert time.monotonic() < deadline, (folder / "server.log").read_text()
            try:
                if get(f"http://127.0.0.1:{port}/health") == b"OK":
                    break
            except OSError:
                time.sleep(0.2)
        yield process
    finally:
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a server at once, if it runs."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)  # its workers are in its session, and only they
        process.wait(10)


def runs_of(address: str, task: str = "polyp") -> list[dict[str, Any]]:
    """The newest runs of a task's experiment."""
    name = f"automed/{task}"
    found = json.loads(
        get(f"{address}/api/2.0/mlflow/experiments/get-by-name?experiment_name={name}")
    )
    body = {"experiment_ids": [found["experiment"]["experiment_id"]], "max_results": 100}
    return post(f"{address}/api/2.0/mlflow/runs/search", body)["runs"]


def tags(run: dict[str, Any]) -> dict[str, str]:
    """Of a run."""
    return {t["key"]: t["value"] for t in run["data"]["tags"]}
