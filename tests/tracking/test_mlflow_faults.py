"""A store that is away, silent, locked or read-only, and a search that is killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from automed.domain.trial import TrialState
from automed.tracking import writer
from automed.tracking.mlflow_tracker import SyncReport

PATIENCE = 4.0
LONGEST_CLOSE = PATIENCE + 4.0


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    assert writer.PATIENCE < 15, "what a user waits for"
    monkeypatch.setattr(writer, "PATIENCE", PATIENCE)


@contextmanager
def _bounded(seconds):
    start = time.monotonic()
    yield
    assert time.monotonic() - start < seconds


def _search(kit, tracker, numbers=(0, 1, 2)):
    with _bounded(2.0):
        return [kit.run(tracker, number) for number in numbers]


def _sync(kit, trials):
    """Sync as soon as the thread of an earlier tracker, if it was left behind, has its answer."""
    deadline = time.monotonic() + 60
    while True:
        tracker = kit.tracker()
        report = tracker.sync(trials)
        tracker.close()
        if "elsewhere" not in report.reason or time.monotonic() > deadline:
            return report
        time.sleep(0.2)


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_closed_port_costs_nothing_but_the_notebook(kit, seen):
    tracker = kit.tracker(f"http://user:secret@127.0.0.1:{_free_port()}")
    trials = _search(kit, tracker)
    with _bounded(LONGEST_CLOSE):
        assert tracker.close() == 3
    assert tracker.unsynced == (0, 1, 2)
    assert "does not answer (connection refused)" in tracker.reason
    assert "secret" not in tracker.reason
    assert _sync(kit, trials) == SyncReport(3, 0, "")
    assert list(seen(kit.uri).trials()) == [0, 1, 2]


def test_a_server_that_never_answers_is_left_behind(kit):
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        silent: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    silent.append(server.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            tracker = kit.tracker(f"http://127.0.0.1:{server.getsockname()[1]}")
            _search(kit, tracker)
            with _bounded(LONGEST_CLOSE):
                assert tracker.close() == 3
            assert tracker.reason == "no answer within 4 seconds"
            assert silent, "the server was asked"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            for connection in silent:
                connection.close()


def test_sync_with_a_silent_server_is_bounded(kit, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        tracker = kit.tracker(f"http://127.0.0.1:{server.getsockname()[1]}")
        with _bounded(LONGEST_CLOSE):
            report = tracker.sync([kit.trial(0, TrialState.COMPLETE)])
        assert (report.synced, report.failed) == (0, 1)
        assert "does not answer (read timed out)" in report.reason
        with _bounded(LONGEST_CLOSE):
            tracker.close()


LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""


@contextmanager
def _locked(path: Path):
    process = subprocess.Popen(
        [sys.executable, "-c", LOCK, str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        assert process.stdout.readline() == "locked\n"
        yield
        process.stdin.close()
        process.wait(10)


def test_a_locked_database_is_waited_for_in_vain_but_not_long(kit, seen):
    with _locked(kit.workspace / "mlflow.db"):
        tracker = kit.tracker()
        trials = _search(kit, tracker)
        with _bounded(LONGEST_CLOSE):
            assert tracker.close() == 3
        assert "database is locked" in tracker.reason
    assert _sync(kit, trials) == SyncReport(3, 0, "")
    assert list(seen(kit.uri).trials()) == [0, 1, 2]


def test_a_database_that_is_locked_for_a_while_is_caught_up_with(kit, seen):
    tracker = kit.tracker()
    with _locked(kit.workspace / "mlflow.db"):
        _search(kit, tracker)
        deadline = time.monotonic() + 20
        while "locked" not in tracker.reason and time.monotonic() < deadline:
            time.sleep(0.05)
        assert "database is locked" in tracker.reason
    assert tracker.close() == 0
    assert tracker.reason == ""
    assert list(seen(kit.uri).trials()) == [0, 1, 2]


def test_a_database_locked_in_the_middle_of_a_search(kit, seen, capfd):
    tracker = kit.tracker()
    trials = _search(kit, tracker, [0])
    assert tracker.sync(trials).synced == 1
    with _locked(kit.workspace / "mlflow.db"):
        trials += _search(kit, tracker, [1, 2])
        with _bounded(LONGEST_CLOSE):
            assert tracker.close() == 2
    assert tracker.unsynced == (1, 2)
    assert _sync(kit, trials) == SyncReport(3, 0, "")
    assert capfd.readouterr().err == "", "MLflow's tracebacks stay off the live table"
    assert list(seen(kit.uri).trials()) == [0, 1, 2]


@pytest.mark.skipif(os.name == "nt", reason="no such permissions")
def test_a_read_only_database_is_named(kit, seen, as_nobody):
    content = (kit.workspace / "mlflow.db").read_bytes()
    with as_nobody(), tempfile.TemporaryDirectory() as folder:
        kit.workspace = Path(folder)
        store = kit.workspace / "mlflow.db"
        store.write_bytes(content)
        store.chmod(0o444)
        tracker = kit.tracker()
        trials = _search(kit, tracker)
        assert tracker.close() == 3
        assert tracker.reason == f"{kit.uri}: attempt to write a readonly database"
        # Another file, for this process keeps its connection, as the command line would not.
        (kit.workspace / "writable.db").write_bytes(content)
        tracker = kit.tracker(f"sqlite:///{kit.workspace / 'writable.db'}")
        assert tracker.sync(trials) == SyncReport(3, 0, "")
        tracker.close()


SEARCH = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from conftest import Kit

kit = Kit(Path(sys.argv[2]))
tracker = kit.tracker()
first = kit.run(tracker, 0)
assert tracker.sync([first]).synced == 1
running = kit.trial(1)
tracker.trial_started(running)
for measurement in kit.history(1, epochs=2):
    tracker.trial_measured(running, measurement)
tracker.sync([first])
print("half way", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_search_that_goes_on_doubles_no_run(kit, seen):
    killed = subprocess.run(
        [sys.executable, "-c", SEARCH, str(Path(__file__).parent), str(kit.workspace)],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert killed.stdout == "half way\n"
    shown = seen(kit.uri)
    before = shown.trials()
    assert [len(shown.curve(r, "dice")) for r in before.values()] == [4, 2]
    assert shown.study().info.status == "RUNNING"
    tracker = kit.tracker(earlier=[kit.trial(0, TrialState.COMPLETE), kit.trial(1)])
    kit.run(tracker, 1)
    kit.run(tracker, 2)
    assert tracker.close() == 0
    after = shown.trials()
    assert list(after) == [0, 1, 2]
    assert after[0].info.run_id == before[0].info.run_id
    assert [len(shown.curve(r, "dice")) for r in after.values()] == [4, 4, 4]
    assert shown.study().info.status == "FINISHED"


def test_a_store_that_raises_from_every_call_never_reaches_the_search(kit, monkeypatch):
    from automed.tracking.notebook import Notebook

    def fail(*_, **__):
        raise RuntimeError("out of order")

    for name in ("open", "write_trial", "write_curves", "set_status"):
        monkeypatch.setattr(Notebook, name, fail)
    tracker = kit.tracker()
    _search(kit, tracker)
    with _bounded(LONGEST_CLOSE):
        assert tracker.close() == 3
    assert tracker.reason == f"{kit.uri}: out of order"
