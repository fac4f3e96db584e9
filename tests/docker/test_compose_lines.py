"""The services' own command lines and environments, as plain processes on loopback.

Both are read from compose.yaml and the Dockerfile. Only places are exchanged: host names and ports
for free ones here, folders of volumes and secrets for folders of the test.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from automed.tracking.run_address import run_address

from .conftest import ROOT, Compose, entrypoint, read_compose, read_stages

BIN = Path(sys.executable).parent
PASSWORD = "not a good one"


@dataclass
class Places:
    """Where on this machine stands what the compose file names."""

    folder: Path
    ports: dict[str, int]

    def here(self, text: str) -> str:
        """A word of a command line or an environment, with this machine's places."""
        for address, port in self.ports.items():
            for before in ("@", "//"):
                text = text.replace(f"{before}{address}/", f"{before}127.0.0.1:{port}/")
            if text.endswith(f"//{address}"):
                text = text.replace(address, f"127.0.0.1:{port}")
        if text.startswith("/"):
            text = f"{self.folder}{text}"
        return {"0.0.0.0": "127.0.0.1", "5000": str(self.ports["mlflow:5000"])}.get(text, text)


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def places() -> Iterator[Places]:
    # Not below pytest's folder: Postgres runs as another user, who may not enter that.
    with tempfile.TemporaryDirectory(prefix="automed-compose-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for part in ("run/secrets", "mlartifacts", "workspace", "cache", "data"):
            (folder / part).mkdir(parents=True)
        (folder / "run" / "secrets" / "postgres_password").write_text(PASSWORD)
        yield Places(folder, {"postgres:5432": free_port(), "mlflow:5000": free_port()})


@pytest.fixture
def services(places: Places) -> Compose:
    return read_compose({"AUTOMED_DB_PASSWORD_FILE": "unused", "AUTOMED_CPUS": "1"})


def command_of(service: dict, places: Places, target: str) -> list[str]:
    """The image's entry point and the service's command."""
    start = entrypoint(read_stages(), target)
    script = {"mlflow-entrypoint": str(ROOT / "docker" / "mlflow-entrypoint.sh")}
    first = [script.get(word, word) for word in start]
    return [*first, *(places.here(str(word)) for word in service.get("command", ()))]


def environment_of(service: dict, places: Places) -> dict[str, str]:
    """The service's environment, and the little that a process needs to run here at all."""
    kept = ("HOME", "LANG", "HF_HUB_OFFLINE", "MLFLOW_DISABLE_TELEMETRY")
    base = {name: os.environ[name] for name in kept if name in os.environ}
    base["PATH"] = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    return base | {k: places.here(str(v)) for k, v in service["environment"].items()}


@contextmanager
def running(
    command: list[str], environment: dict[str, str], places: Places, ready: Callable[[], bool],
    user: str | None = None,
) -> Iterator[Path]:  # fmt: skip
    log = places.folder / f"{Path(command[0]).name}.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, env=environment, cwd=places.folder, stdout=stream, stderr=stream,
            start_new_session=True, user=user,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 180
        while not ready():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        yield log
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(10)


def postgres_programs() -> Path | None:
    """Debian keeps them out of PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    named = shutil.which("initdb")
    return found[-1].parent if found else Path(named).parent if named else None


@contextmanager
def database(service: dict, places: Places) -> Iterator[None]:
    """What the image's own entry point makes of the service's environment."""
    programs = postgres_programs()
    if programs is None:
        pytest.skip("no Postgres here: install Debian's package postgresql")
    user = "postgres" if os.geteuid() == 0 else None
    environment = environment_of(service, places)
    port, name = places.ports["postgres:5432"], environment["POSTGRES_USER"]
    data = places.folder / "var" / "lib"
    data.mkdir(parents=True)
    if user:
        shutil.chown(data, user)

    def call(program: str, *words: str, **options) -> None:
        subprocess.run(
            [programs / program, *words], user=user, cwd=data, check=True, timeout=120,
            env=environment | {"PGPASSWORD": PASSWORD}, capture_output=True,
        )  # fmt: skip

    secret = environment["POSTGRES_PASSWORD_FILE"]
    call("initdb", f"--username={name}", f"--pwfile={secret}", "--auth=scram-sha-256",
         "--encoding=UTF8", "--no-locale", "-D", str(data / "db"))  # fmt: skip
    healthy = [places.here(word) for word in service["healthcheck"]["test"][1:]]
    healthy[0] = str(programs / healthy[0])

    def ready() -> bool:
        asked = [*healthy, f"--port={port}"]
        return subprocess.run(asked, timeout=30).returncode == 0

    command = [str(programs / "postgres"), "-D", str(data / "db"), "-h", "127.0.0.1", "-p",
               str(port), "-k", str(data)]  # fmt: skip
    with running(command, environment, places, ready, user):
        call("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", name,
             environment["POSTGRES_DB"])  # fmt: skip
        yield


@contextmanager
def tracking(compose: Compose, places: Places, store: str | None = None) -> Iterator[str]:
    """The service mlflow; with a store other than the compose file's where one is given."""
    service = compose.services["mlflow"]
    command = command_of(service, places, service["build"]["target"])
    if store is not None:
        place = command.index("--backend-store-uri") + 1
        command[place] = store
    address = f"http://127.0.0.1:{places.ports['mlflow:5000']}"

    def ready() -> bool:
        try:
            return answer(f"{address}/health") == 200
        except OSError:
            return False

    with running(command, environment_of(service, places), places, ready):
        yield address


def answer(url: str, host: str | None = None) -> int:
    request = urllib.request.Request(url, headers={"Host": host} if host else {})
    try:
        with urllib.request.urlopen(request, timeout=10) as found:
            return found.status
    except urllib.error.HTTPError as error:
        return error.code


def automed(compose: Compose, places: Places, *words: str) -> subprocess.CompletedProcess[str]:
    """What ``docker compose run search WORDS`` runs."""
    service = compose.services["search"]
    command = [*command_of(service, places, service["build"]["target"]), *words]
    return subprocess.run(
        command, env=environment_of(service, places), cwd=places.folder / "workspace",
        capture_output=True, text=True, timeout=400,
    )  # fmt: skip


def check_hosts(address: str) -> None:
    """Whom the server answers: names that the compose file's users call it by, and no others."""
    asked = f"{address}/api/2.0/mlflow/experiments/get?experiment_id=0"
    for host, code in (("mlflow:5000", 200), ("localhost:5999", 200), ("evil.example", 403)):
        assert answer(asked, host) == code, host


def search_and_look(compose: Compose, places: Places, address: str) -> None:
    done = automed(compose, places, "doctor", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    found = {f["name"]: f for f in json.loads(done.stdout)["findings"]}
    assert found["MLflow"]["status"] == "ok", found["MLflow"]
    assert found["MLflow"]["found"].startswith(address)

    done = automed(
        compose, places, "search", "cell", "--budget", "1", "--epochs", "1", "--image-size", "64",
        "--no-pretrained", "--artifact", "weights",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "MLflow missed" not in done.stdout

    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=address)
    experiment = client.get_experiment_by_name("automed/cell")
    runs = client.search_runs([experiment.experiment_id])
    (trial,) = [run for run in runs if run.data.tags["automed.kind"] == "trial"]
    assert trial.data.tags["state"] == "done"
    assert 0 <= trial.data.metrics["dice"] <= 1
    names = {file.path for file in client.list_artifacts(trial.info.run_id)}
    assert "config.json" in names
    # What the dashboard links to.
    study = places.folder / "workspace" / "studies" / "cell-1"
    page = f"{address}/#/experiments/{experiment.experiment_id}/runs/{trial.info.run_id}"
    assert run_address(address, "cell", study, 0) == page
    kept = {path.name for path in (places.folder / "mlartifacts").rglob("*") if path.is_file()}
    assert "config.json" in kept, "on the volume of the compose file"


def look_at_storage(compose: Compose, places: Places) -> None:
    """The study of the search is in the database, by a password that was read from its file."""
    study = places.folder / "workspace" / "studies" / "cell-1"
    assert json.loads((study / "study.json").read_text())["storage"] == "postgres"
    assert not (study / "journal.log").exists()
    done = automed(compose, places, "doctor", "--json")
    found = {f["name"]: f for f in json.loads(done.stdout)["findings"]}
    assert found["storage"]["status"] == "ok", found["storage"]
    assert found["storage"]["found"].endswith("answers, studies: 1")
    shown = automed(compose, places, "front", "cell-1")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "1 of 1 trials" in shown.stdout


def test_the_dashboard_asks_whoever_comes_for_its_token(services, places):
    service = services.services["dashboard"]
    port = free_port()
    # Of this machine, and yet none that is let in without a token.
    here = {"8501": str(port), "127.0.0.1": "127.0.0.2"}
    words = command_of(service, places, service["build"]["target"])
    command = [here.get(word, word) for word in words]
    health = [
        word.replace("127.0.0.1:8501", f"127.0.0.2:{port}")
        for word in service["healthcheck"]["test"][1:]
    ]
    environment = environment_of(service, places)

    def ready() -> bool:
        asked = subprocess.run(health, env=environment, capture_output=True, timeout=30)
        return asked.returncode == 0

    with running(command, environment, places, ready) as log:
        assert f"127.0.0.2:{port}/?token=" in log.read_text()
        assert answer(f"http://127.0.0.2:{port}/front") == 200


def test_a_search_reaches_mlflow_on_postgres(services, places):
    with database(services.services["postgres"], places), tracking(services, places) as address:
        check_hosts(address)
        search_and_look(services, places, address)
        look_at_storage(services, places)


@pytest.mark.skipif(postgres_programs() is not None, reason="shown on Postgres above")
def test_a_search_reaches_mlflow_without_postgres(services, places):
    del services.services["search"]["environment"]["AUTOMED_STORAGE"]
    store = f"sqlite:///{places.folder / 'mlflow.db'}"
    with tracking(services, places, store) as address:
        check_hosts(address)
        search_and_look(services, places, address)
