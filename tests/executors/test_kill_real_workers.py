"""Real trainings on two workers, some of which are killed with signal 9, and so is the search.

``AUTOMED_KILLS=10`` looks longer: each time at other moments.
"""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest
from ray_nodes import children, command_line
from real_search import SMALL, Search, whole

KILLS = int(os.environ.get("AUTOMED_KILLS", "1"))
TRIALS = 4


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(KILLS))
def test_nothing_is_lost_nor_run_twice(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    new = ("--workers", "2", "--seed", str(seed), "--budget", str(TRIALS), "--epochs", "2", *SMALL)
    search = Search(tmp_path, "polyp", *new)
    search.wait_for(chance.randrange(4))
    time.sleep(2 * chance.random())
    workers = [p for p in children(search.process.pid) if "spawn_main" in command_line(p)]
    for worker in chance.sample(workers, k=min(1, len(workers))):
        os.kill(worker, signal.SIGKILL)
    search.wait_for(chance.randrange(2, 7))
    time.sleep(chance.random())
    search.kill()
    before = search.complete()
    last = Search(tmp_path, "polyp", *(("--resume",) if search.begun else new))
    last.end()
    whole(last, TRIALS, before)


@pytest.mark.thorough
def test_what_became_of_a_worker_is_said_once(tmp_path: Path) -> None:
    # The exporter of files makes semaphores, which a killed process leaves behind.
    new = ("--workers", "2", "--budget", "4", "--epochs", "2", *SMALL, "--artifact", "onnx")
    search = Search(tmp_path, "polyp", *new)
    search.wait_for(5)
    worker = next(p for p in children(search.process.pid) if "spawn_main" in command_line(p))
    os.kill(worker, signal.SIGKILL)
    said = search.end()
    assert said.count("goes on from its last whole epoch: the worker was killed by SIGKILL") == 1
    assert "semaphore" not in said, "Python's own words of it"
