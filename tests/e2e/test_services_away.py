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

from automed.api.screened_cost import screened_cost
from automed.domain.trial import TrialState
from automed.search.replay import replay
from automed.search.view import read_study

OUTAGES = int(os.environ.get("AUTOMED_OUTAGES", "1"))
AWAY = 60.0
"""Seconds without MLflow."""
TRIALS = 6
AUTOMED = Path(sys.executable).with_name("automed")
SETTINGS = (
    "search", "cell", "--name", "s", "--budget", str(TRIALS), "--epochs", "2", "--image-size", "64",
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


def automed(workspace: Path, *arguments: str, tracking: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "AUTOMED_WORKSPACE": str(workspace), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [str(AUTOMED), *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=environment | {"MLFLOW_TRACKING_URI": tracking},
    )  # fmt: skip


def began(study: Path, search: subprocess.Popen[str]) -> None:
    """Wait until a search has made its study."""
    deadline = time.monotonic() + 300
    while not (study / "study.json").exists():
        assert search.poll() is None, search.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.1)


def check(study: Path, search: subprocess.Popen[str]) -> str:
    """All is there, and each once."""
    said = search.communicate(timeout=600)[0]
    assert search.returncode == 0, said
    assert "Traceback" not in said
    trained = [t for t in read_study(study).trials if t.charged]
    assert [t.state for t in trained] == [TrialState.COMPLETE] * TRIALS, said
    assert len({t.config.digest for t in trained}) == TRIALS
    assert replay(study, price, lambda *_: None).differences == ()
    return said


def price(spec):
    return lambda config: screened_cost(config, task=spec.task, artifact=spec.artifact)


@pytest.mark.parametrize("seed", range(OUTAGES))
def test_a_database_that_restarts_is_waited_for(
    tmp_path: Path, data: Path, postgres: Server, storage: str, seed: int
) -> None:
    chance = random.Random(seed)
    nobody = f"http://127.0.0.1:{free_port()}"
    search = automed(tmp_path, *SETTINGS, "--data", str(data), "--seed", str(seed), tracking=nobody)
    study = tmp_path / "studies" / "s"
    began(study, search)
    for _ in range(2):
        time.sleep(chance.uniform(0, 15))
        postgres.control("-m", chance.choice(["fast", "immediate"]), "stop")
        time.sleep(chance.uniform(0, 10))
        postgres.control("start")
    check(study, search)


@pytest.mark.parametrize("seed", range(OUTAGES))
def test_mlflow_may_be_away_for_a_minute(tmp_path: Path, data: Path, seed: int) -> None:
    chance = random.Random(seed)
    port = free_port()
    address, store = f"http://127.0.0.1:{port}", f"sqlite:///{tmp_path / 'mlflow.db'}"
    study = tmp_path / "studies" / "s"
    with serving(store, port, tmp_path) as server:
        search = automed(
            tmp_path, *SETTINGS, "--data", str(data), "--seed", str(seed), tracking=address
        )
        began(study, search)
        time.sleep(chance.uniform(0, 20))
        kill(server)
    time.sleep(AWAY)
    with serving(store, port, tmp_path):
        said = check(study, search)
        if "automed sync" in said:  # the search ended first, and says how to go on
            sync = automed(tmp_path, "sync", "s", tracking=address)
            words = sync.communicate(timeout=300)[0]
            assert sync.returncode == 0, words
        found = [tags(run).get("automed.trial") for run in runs_of(address, "cell")]
        trained = [str(t.number) for t in read_study(study).trials if t.charged]
        assert sorted(filter(None, found)) == sorted(trained), "each once"
        assert len(found) == TRIALS + 1, "and the study"
