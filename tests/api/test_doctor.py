"""The doctor sees what is really wrong: every fault here is one, made on this machine."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from automed.api.datasets import add_data
from automed.api.doctor import examine
from automed.api.doctor_compute import device_checks, python_checks
from automed.api.doctor_finding import Check, Running, Status, examined, ok
from automed.api.doctor_machine import machine_checks
from automed.api.doctor_services import service_checks
from automed.api.doctor_studies import study_checks
from automed.domain.data_options import DataOptions
from automed.domain.workspace import Workspace
from automed.search.lock import HOLDER_FILE, LOCK_FILE, StudyLock
from automed.training.device_probe import probe


@pytest.fixture
def place(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return Workspace.at()


def named(checks):
    return {finding.name: finding for finding in examined(checks)}


def test_a_healthy_machine_can_search_and_nothing_is_made(place):
    report = examine(place)
    found = {finding.name: finding for finding in report.findings}
    assert report.can_search
    assert not [f for f in report.findings if f.status is Status.BROKEN]
    assert torch.__version__ in found["torch"].found
    assert "CPU" in found["onnxruntime"].found
    assert "made by the first search" in found["workspace"].found
    assert "made by the first search" in found["MLflow"].found
    assert "HF_HUB_OFFLINE" in found["weights"].found
    assert found["weights"].fix.endswith("--no-pretrained")
    assert found["data"].fix == "automed data add cell PATH"
    assert not place.root.exists()


def test_every_finding_that_is_no_tick_says_what_to_type(place):
    report = examine(place, ray="127.0.0.1:9")
    rest = [f for f in report.findings if f.status is not Status.OK]
    assert rest
    assert all(f.fix for f in rest), rest


def test_a_check_that_raises_or_hangs_is_a_cross():
    def raises():
        raise ZeroDivisionError("by nothing")

    waits = threading.Event()
    late = Running(Check("late", lambda: ok("late", str(waits.wait())), 0.05, "be quick"))
    assert late.finding().found == "no answer within 0.05 s"
    assert (late.finding().status, late.finding().fix) == (Status.BROKEN, "be quick")
    slow = Check("slow", lambda: ok("slow", str(waits.wait())), 0.05, late=Status.WARNING)
    assert Running(slow).finding().status is Status.WARNING
    waits.set()
    (finding,) = examined([Check("bad", raises, 5, "mend it")])
    assert finding.status is Status.BROKEN
    assert finding.found == "ZeroDivisionError: by nothing"
    assert finding.fix == "mend it"


def test_a_workspace_below_a_file_stops_every_search(tmp_path):
    (tmp_path / "file").touch()
    finding = named(machine_checks(Workspace.at(tmp_path / "file" / "workspace")))["workspace"]
    assert finding.stops_searches
    assert "Not a directory" in finding.found
    assert "AUTOMED_WORKSPACE" in finding.fix


@pytest.mark.parametrize("mode", [0o755, 0o700], ids=["readable", "closed"])
def test_somebody_elses_folder_stops_every_search(mode, as_nobody):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(mode if os.geteuid() == 0 else mode & 0o555)
        with as_nobody():
            found = named(machine_checks(Workspace.at(Path(folder) / "mine" / "workspace")))
    assert found["workspace"].stops_searches
    assert "Permission denied" in found["workspace"].found


def test_a_full_disk_stops_every_search(place, files_no_larger_than):
    place.ensure_writable()
    with files_no_larger_than(2**20):
        finding = named(machine_checks(place))["workspace"]
    assert finding.stops_searches
    assert "File too large" in finding.found
    assert list(place.root.iterdir()) == []


def test_little_room_is_a_warning_with_what_a_study_takes(place, monkeypatch):
    from automed.api import doctor_machine

    free = named(machine_checks(place))["disk"]
    assert free.status is Status.OK
    monkeypatch.setattr(doctor_machine, "STUDY_BYTES", 1e18)
    little = named(machine_checks(place))["disk"]
    assert little.status is Status.WARNING
    assert "50 trials" in little.found


def test_more_threads_than_cores_are_told(place):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(max(64, 2 * (os.cpu_count() or 1)))
        finding = named(machine_checks(place))["cores"]
    finally:
        torch.set_num_threads(before)
    assert finding.status is Status.WARNING
    assert finding.fix.startswith("export OMP_NUM_THREADS=")


def test_a_device_that_computes_wrongly_is_a_cross(monkeypatch):
    right, calls = torch.nn.functional.conv2d, []

    def wrong_at_first(*arguments, **options):
        calls.append(1)
        return right(*arguments, **options) * (2 if len(calls) == 1 else 1)

    monkeypatch.setattr(torch.nn.functional, "conv2d", wrong_at_first)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    finding = named(device_checks([]))["CPU"]
    assert finding.status is Status.BROKEN
    assert "computes a convolution wrongly" in finding.found


@pytest.mark.gpu
def test_each_gpu_computes():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    seen = probe(torch.device("cuda", 0))
    assert 0 < seen.free <= seen.total
    assert named(device_checks(examined(python_checks())))["GPU 0"].status is not Status.BROKEN


class _Refuses(BaseHTTPRequestHandler):
    def do_POST(self):
        self.send_error(403, "Invalid Host header")

    def log_message(self, *arguments):
        """Stay quiet."""


def tracking(place):
    return named(service_checks(place, None))["MLflow"]


def test_a_dead_tracking_server_does_not_stop_searches(place, monkeypatch):
    with closing(socket.socket()) as taken:  # bound, and not listening: nobody else can
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:secret@{address}")
        finding = tracking(place)
    assert finding.status is Status.BROKEN
    assert not finding.stops_searches
    assert f"http://{address} does not answer: connection refused" in finding.found
    assert "automed sync" in finding.found
    assert "secret" not in finding.found
    assert finding.fix == "unset MLFLOW_TRACKING_URI"


def test_a_silent_tracking_server_is_not_waited_for(place, monkeypatch):
    from automed.api import doctor_services

    monkeypatch.setattr(doctor_services, "_ANSWER_SECONDS", 0.2)
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{port}")
        assert "timed out" in tracking(place).found


def test_a_tracking_server_that_refuses_is_told_with_its_words(place, monkeypatch):
    server = HTTPServer(("127.0.0.1", 0), _Refuses)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        uri = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        assert f"{uri} answers 403" in tracking(place).found
    finally:
        server.shutdown()
        server.server_close()


def test_a_locked_store_is_told_with_who_holds_it(place):
    place.ensure_writable()
    with closing(sqlite3.connect(place.mlflow, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        finding = tracking(place)
        assert "database is locked" in finding.found
        assert finding.fix == f"fuser -v {place.mlflow}"
        other.execute("ROLLBACK")
        assert tracking(place).status is Status.OK


@pytest.mark.parametrize("uri", ["./mlruns", "file:///tmp/mlruns"])
def test_a_folder_is_no_store(place, monkeypatch, uri):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert "neither a database nor a server" in tracking(place).found


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    for kind in ("images", "masks"):
        (tmp_path / "cells" / kind).mkdir(parents=True)
    drawn = np.random.default_rng(0)
    for number in range(20):
        image = drawn.integers(0, 255, (24, 24, 3), dtype=np.uint8)
        mask = np.zeros((24, 24), np.uint8)
        mask[4 : 6 + number // 2, 8:16] = 255
        cv2.imwrite(str(tmp_path / "cells" / "images" / f"{number}.png"), image)
        cv2.imwrite(str(tmp_path / "cells" / "masks" / f"{number}.png"), mask)
    return tmp_path / "cells"


def test_registered_data_are_compared_and_a_change_is_seen(place, cells):
    add_data("cell", cells, place, DataOptions(no_groups="one field each"))
    finding = named(study_checks(place))["data of cell"]
    assert finding.status is Status.OK
    assert "20 samples, every byte as registered" in finding.found

    image = cells / "images" / "3.png"
    content = image.read_bytes()
    cv2.imwrite(str(image), np.zeros((24, 24, 3), np.uint8))
    changed = named(study_checks(place))["data of cell"]
    assert changed.status is Status.BROKEN
    assert not changed.stops_searches
    assert "changed since it was registered" in changed.found
    assert changed.fix == f"automed data add cell {cells} --no-groups 'one field each'{place.flag}"

    image.write_bytes(content)
    cells.rename(cells.with_name("moved"))
    assert str(cells) in named(study_checks(place))["data of cell"].found


def test_large_data_are_counted_only(place, cells):
    from automed.data.fingerprint import look
    from automed.data.register import registered
    from automed.domain.errors import DataError
    from automed.registry.tasks import load_task

    add_data("cell", cells, place, DataOptions(no_groups="one field each"))
    entry, task = registered(place, "cell"), load_task("cell")
    assert look(entry, task, most=0).whole is False
    for kind in ("images", "masks"):
        (cells / kind / "0.png").unlink()
    with pytest.raises(DataError, match="changed since"):
        look(entry, task, most=0)


def test_a_damaged_register_is_a_cross_with_its_removal(place):
    place.ensure_writable()
    place.datasets.write_text("{")
    finding = named(study_checks(place))["data"]
    assert finding.status is Status.BROKEN
    assert finding.fix.startswith(f"rm {place.datasets}")


def test_a_plugin_that_does_not_import_hides_no_other(place, tmp_path, monkeypatch):
    folder = tmp_path / "tasks"
    folder.mkdir()
    (folder / "mine.py").write_text("import nothing_of_that_name")
    monkeypatch.setenv("AUTOMED_PLUGINS", str(folder))
    finding = named(study_checks(place))["plugins"]
    assert finding.status is Status.BROKEN
    assert not finding.stops_searches
    assert "nothing_of_that_name" in finding.found
    assert finding.fix == "automed plugin check mine"


def test_a_plugin_folder_that_is_missing_stops_every_search(place, monkeypatch):
    monkeypatch.setenv("AUTOMED_PLUGINS", "/nowhere/at/all")
    finding = named(study_checks(place))["plugins"]
    assert finding.stops_searches
    assert "/nowhere/at/all" in finding.found


def test_the_processes_of_a_dead_search_are_named(place):
    study = place.studies / "cell-1"
    study.mkdir(parents=True)
    search = subprocess.Popen([sys.executable, "-c", ""])
    search.wait(60)
    holder = {"pid": search.pid, "host": socket.gethostname()}
    (study / HOLDER_FILE).write_text(json.dumps(holder))
    lock = os.open(study / LOCK_FILE, os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    orphan = subprocess.Popen(["sleep", "600"], pass_fds=[lock])  # has the lock by inheritance
    os.close(lock)
    try:
        finding = named(study_checks(place))["locks"]
    finally:
        orphan.kill()
        orphan.wait(10)
    assert finding.status is Status.BROKEN
    assert f"cell-1 (search {search.pid} is dead)" in finding.found
    assert finding.fix == f"kill {orphan.pid}"
    assert named(study_checks(place))["locks"].status is Status.OK


def test_a_running_search_and_one_that_ended_leave_nothing(place):
    for name in ("cell-1", "cell-2"):
        (place.studies / name).mkdir(parents=True)
    running = StudyLock(place.studies / "cell-1")
    StudyLock(place.studies / "cell-2").release()
    assert named(study_checks(place))["locks"].status is Status.OK
    running.release()
