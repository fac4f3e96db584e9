"""Real trainings on two workers, some of which are killed with signal 9, and so is the search.

``AUTOMED_KILLS=10`` looks longer: each time at other moments.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from automed.api.screened_cost import screened_cost
from automed.domain.trial import TrialState
from automed.search.replay import replay
from automed.search.view import read_study

KILLS = int(os.environ.get("AUTOMED_KILLS", "1"))
TRIALS = 4
SETTINGS = (
    "--budget", str(TRIALS), "--no-pretrained", "--epochs", "2", "--image-size", "32",
    "--artifact", "weights", "--set", "model.architecture=unet,linknet,fpn",
    "--fix", "model.encoder=tf_mobilenetv3_small_075", "--sampler", "random",
)  # fmt: skip


class Search:
    """The command, with two workers."""

    def __init__(self, workspace: Path, *arguments: str) -> None:
        self.study = workspace / "studies" / "s"
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from automed.cli.entry import run; run()", "search", "polyp",
             "--name", "s", *arguments],
            env={**os.environ, "AUTOMED_WORKSPACE": str(workspace), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def wait_for(self, epochs: int) -> None:
        """Until so many epochs stand in the journal, or the search has ended."""
        journal = self.study / "journal.log"
        deadline = time.monotonic() + 500
        while self.process.poll() is None:
            assert time.monotonic() < deadline, "the search does not get on"
            if journal.exists() and journal.read_text().count('"intermediate_value"') >= epochs:
                return
            time.sleep(0.02)

    def workers(self) -> list[int]:
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        try:
            children = [int(pid) for pid in listed.read_text().split()]
            return [pid for pid in children if "spawn_main" in command_line(pid)]
        except OSError:
            return []  # it has ended

    def complete(self) -> dict[Path, int]:
        """The results that the study knows, and when they were written."""
        if not (self.study / "study.json").exists():
            return {}
        trials = [t for t in read_study(self.study).trials if t.state is TrialState.COMPLETE]
        files = [self.study / "trials" / f"{t.number:04d}" / "result.json" for t in trials]
        return {file: file.stat().st_mtime_ns for file in files}


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(KILLS))
def test_nothing_is_lost_nor_run_twice(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    search = Search(tmp_path, "--workers", "2", "--seed", str(seed), *SETTINGS)
    search.wait_for(chance.randrange(4))
    time.sleep(2 * chance.random())
    for worker in chance.sample(found := search.workers(), k=min(1, len(found))):
        os.kill(worker, signal.SIGKILL)
    search.wait_for(chance.randrange(2, 7))
    time.sleep(chance.random())
    search.process.kill()
    search.process.communicate()
    before = search.complete()
    # Killed while it was being made, a study does not exist; that is no fault of workers.
    begun = (search.study / "study.json").exists()
    again = ("--resume",) if begun else ("--workers", "2", "--seed", str(seed), *SETTINGS)
    last = Search(tmp_path, *again)
    output, _ = last.process.communicate(timeout=550)
    assert last.process.returncode == 0, output
    assert "Traceback" not in output

    found = read_study(last.study)
    trained = [t for t in found.trials if t.charged]
    assert [t.state for t in trained] == [TrialState.COMPLETE] * TRIALS, output
    assert len({t.config.digest for t in trained}) == TRIALS
    assert {file: file.stat().st_mtime_ns for file in before} == before
    assert replay(last.study, price, lambda *_: None).differences == ()


def price(spec):
    return lambda config: screened_cost(config, task=spec.task, artifact=spec.artifact)
