"""Searches of real images whose database restarts, or whose MLflow server is away for a minute.

``AUTOMED_OUTAGES=10`` looks longer: each time at other moments.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mlflow_server import free_port, kill, runs_of, serving, tags
from postgres_server import Server
from real_search import Search, whole

OUTAGES = int(os.environ.get("AUTOMED_OUTAGES", "1"))
AWAY = 60.0
"""Seconds without MLflow."""
TRIALS = 6
AUTOMED = Path(sys.executable).with_name("automed")
SETTINGS = (
    "--budget", str(TRIALS), "--epochs", "2", "--image-size", "64",
    "--no-pretrained", "--artifact", "weights", "--workers", "2", "--max-gflops", "0.2",
    "--sampler", "random",
)  # fmt: skip

pytestmark = [pytest.mark.thorough, pytest.mark.real_data, pytest.mark.timeout(900)]


@pytest.fixture
def data(real_data: Path) -> Path:
    found = real_data / "cell" / "segmentation_WBC" / "Dataset 2"
    if not found.is_dir():
        pytest.skip(f"no images in {found}")
    return found


def began(search: Search) -> None:
    """Wait until a search has made its study."""
    deadline = time.monotonic() + 300
    while not search.begun:
        assert search.process.poll() is None, search.process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("seed", range(OUTAGES))
def test_a_database_that_restarts_is_waited_for(
    tmp_path: Path, data: Path, postgres: Server, storage: str, seed: int
) -> None:
    chance = random.Random(seed)
    search = Search(tmp_path, "cell", *SETTINGS, "--data", str(data), "--seed", str(seed))
    began(search)
    for _ in range(2):
        time.sleep(chance.uniform(0, 15))
        postgres.control("-m", chance.choice(["fast", "immediate"]), "stop")
        time.sleep(chance.uniform(0, 10))
        postgres.control("start")
    search.end()
    whole(search, TRIALS, {})


@pytest.mark.parametrize("seed", range(OUTAGES))
def test_mlflow_may_be_away_for_a_minute(tmp_path: Path, data: Path, seed: int) -> None:
    chance = random.Random(seed)
    port = free_port()
    address, store = f"http://127.0.0.1:{port}", f"sqlite:///{tmp_path / 'mlflow.db'}"
    with serving(store, port, tmp_path) as server:
        settings = (*SETTINGS, "--data", str(data), "--seed", str(seed))
        search = Search(tmp_path, "cell", *settings, tracking=address)
        began(search)
        time.sleep(chance.uniform(0, 20))
        kill(server)
    time.sleep(AWAY)
    with serving(store, port, tmp_path):
        said = search.end()
        trained = sorted(str(t.number) for t in whole(search, TRIALS, {}))
        if "automed sync" in said:  # the search ended first, and says how to go on
            command = [str(AUTOMED), "sync", "s", "--workspace", str(tmp_path)]
            environment = os.environ | {"MLFLOW_TRACKING_URI": address}
            subprocess.run(command, env=environment, check=True, timeout=300)
        found = [tags(run).get("automed.trial") for run in runs_of(address, "cell")]
        assert sorted(filter(None, found)) == trained, "each once"
        assert len(found) == TRIALS + 1, "and the study"
