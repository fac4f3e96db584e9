"""The page of a trial's run, asked of a server that stands in for MLflow's."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from automed.tracking.identity import FILE
from automed.tracking.reach import UnreachableError
from automed.tracking.run_address import run_address


@pytest.fixture
def server():
    """``server.answers``: by path; ``server.asked``: paths, questions and credentials."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            length = int(self.headers.get("Content-Length") or 0)
            asked = (self.path, self.rfile.read(length), self.headers.get("Authorization"))
            http.asked.append(asked)
            found = http.answers.get(self.path.partition("?")[0])
            self.send_response(404 if found is None else found[0])
            self.end_headers()
            self.wfile.write(json.dumps({} if found is None else found[1]).encode())

        do_GET = do_POST = answer  # noqa: N815 - the names that http.server calls

        def log_message(self, *_):
            pass

    http = HTTPServer(("127.0.0.1", 0), Handler)
    http.answers, http.asked = {}, []
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield http
    http.shutdown()
    thread.join()
    http.server_close()


EXPERIMENT = "/api/2.0/mlflow/experiments/get-by-name"
RUNS = "/api/2.0/mlflow/runs/search"


@pytest.fixture
def study(tmp_path):
    (tmp_path / FILE).write_text('{"study_uid": "abc"}')
    return tmp_path


def address(server, login=""):
    return f"http://{login}127.0.0.1:{server.server_port}"


def test_the_address_names_experiment_and_run_and_no_password(server, study, monkeypatch):
    for name in ("USERNAME", "PASSWORD", "TOKEN"):
        monkeypatch.delenv(f"MLFLOW_TRACKING_{name}", raising=False)
    server.answers[EXPERIMENT] = (200, {"experiment": {"experiment_id": "5"}})
    server.answers[RUNS] = (200, {"runs": [{"info": {"run_id": "r7"}}]})
    found = run_address(address(server, "me:secret@"), "polyp", study, 7)
    assert found == f"{address(server)}/#/experiments/5/runs/r7"
    (first, _, login), (_, question, _) = server.asked
    assert first == f"{EXPERIMENT}?experiment_name=automed%2Fpolyp"
    assert login.startswith("Basic ")
    asked = json.loads(question)
    assert asked["experiment_ids"] == ["5"]
    assert "= 'abc'" in asked["filter"]
    assert "= '7'" in asked["filter"]


def test_browsers_may_know_the_server_by_another_name(server, study, monkeypatch):
    monkeypatch.setenv("AUTOMED_MLFLOW_URL", "https://runs.lab.example/mlflow/")
    server.answers[EXPERIMENT] = (200, {"experiment": {"experiment_id": "5"}})
    server.answers[RUNS] = (200, {"runs": [{"info": {"run_id": "r7"}}]})
    found = run_address(address(server), "polyp", study, 7)
    assert found == "https://runs.lab.example/mlflow/#/experiments/5/runs/r7"


def test_a_run_that_the_server_does_not_have(server, study, tmp_path):
    assert run_address(address(server), "polyp", study, 7) is None
    server.answers[EXPERIMENT] = (200, {"experiment": {"experiment_id": "5"}})
    server.answers[RUNS] = (200, {})
    assert run_address(address(server), "polyp", study, 7) is None
    server.asked.clear()
    assert run_address(address(server), "polyp", tmp_path / "never written", 7) is None
    assert server.asked == []


def test_a_server_that_refuses_or_is_gone(server, study):
    server.answers[EXPERIMENT] = (503, {})
    with pytest.raises(UnreachableError, match="503"):
        run_address(address(server), "polyp", study, 7)
    with pytest.raises(UnreachableError, match="does not answer"):
        run_address("http://127.0.0.1:9", "polyp", study, 7)
