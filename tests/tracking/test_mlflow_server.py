"""A real MLflow server: what ``mlflow ui`` shows, and a server that dies in the middle."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import closing, contextmanager
from pathlib import Path

from automed.domain.trial import TrialState
from automed.tracking.mlflow_tracker import SyncReport


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read()


def _post(url: str, body: dict) -> dict:
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


@contextmanager
def _serving(uri: str, port: int, folder: Path):
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
                if _get(f"http://127.0.0.1:{port}/health") == b"OK":
                    break
            except OSError:
                time.sleep(0.2)
        yield process
    finally:
        _kill(process)


def _kill(process: subprocess.Popen) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)  # its workers are in its session, and only they
        process.wait(10)


def _runs(address: str) -> list[dict]:
    name = "automed/polyp"
    found = json.loads(
        _get(f"{address}/api/2.0/mlflow/experiments/get-by-name?experiment_name={name}")
    )
    body = {"experiment_ids": [found["experiment"]["experiment_id"]], "max_results": 100}
    return _post(f"{address}/api/2.0/mlflow/runs/search", body)["runs"]


def _tags(run: dict) -> dict[str, str]:
    return {t["key"]: t["value"] for t in run["data"]["tags"]}


def test_a_server_that_dies_in_the_middle_and_what_its_ui_shows_afterwards(kit, capfd):
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    tracker = kit.tracker(address)
    with _serving(kit.uri, port, kit.workspace) as server:
        trials = [kit.run(tracker, 0)]
        assert tracker.sync(trials) == SyncReport(1, 0, "")
        trials.append(kit.run(tracker, 1, after_epoch=lambda e: _kill(server) if e == 2 else None))
    trials.append(kit.run(tracker, 2, TrialState.FAIL))
    assert tracker.close("finished") == 2
    assert tracker.unsynced == (1, 2)
    assert tracker.reason.startswith(address)
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", ""), "nothing breaks the live table"

    with _serving(kit.uri, port, kit.workspace):
        later = kit.tracker(address)
        assert later.sync(trials) == SyncReport(3, 0, "")
        later.close("finished")
        runs = _runs(address)
        by_number = {_tags(r).get("automed.trial"): r for r in runs}
        assert len(runs) == len(by_number) == 4, "the study and three trials, each once"
        study = by_number.pop(None)
        assert study["info"]["status"] == "FINISHED"
        states = {n: _tags(r)["state"] for n, r in by_number.items()}
        assert states == {"0": "done", "1": "done", "2": "failed"}
        for run in by_number.values():
            assert _tags(run)["mlflow.parentRunId"] == study["info"]["run_id"]
            run_id = run["info"]["run_id"]
            query = f"run_id={run_id}&metric_key=dice"
            curve = json.loads(_get(f"{address}/api/2.0/mlflow/metrics/get-history?{query}"))
            assert [m["step"] for m in curve["metrics"]] == [1, 2, 3, 4]
            picture = _get(f"{address}/get-artifact?path=overlays.png&run_uuid={run_id}")
            assert picture.startswith(b"a picture of")


def test_the_ui_shows_what_was_written_to_the_database(kit):
    tracker = kit.tracker()
    kit.run(tracker, 0)
    tracker.close()
    port = _free_port()
    with _serving(kit.uri, port, kit.workspace):
        address = f"http://127.0.0.1:{port}"
        by_name = {r["info"]["run_name"]: r for r in _runs(address)}
        assert set(by_name) == {"polyp-1", "trial 0"}
        run_id = by_name["trial 0"]["info"]["run_id"]
        picture = _get(f"{address}/get-artifact?path=overlays.png&run_uuid={run_id}")
        assert picture == b"a picture of 0000"
