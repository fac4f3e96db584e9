"""kill -9 at any moment and resume: the study equals one that nobody disturbed."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from toy_study import history

from automed.search.view import read_study

TRIALS = 30


def start(folder: Path, sleep: float) -> subprocess.Popen[str]:
    script = Path(__file__).parent / "toy_study.py"
    return subprocess.Popen(
        [sys.executable, str(script), str(folder), str(TRIALS), str(sleep)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


@pytest.mark.timeout(300)
def test_a_study_killed_again_and_again_equals_the_undisturbed_one(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    (tmp_path / "killed").mkdir()
    undisturbed = start(tmp_path / "whole" / "study", 0.0)
    assert undisturbed.communicate(timeout=240)[0] == "finished\n"
    whole = history(read_study(tmp_path / "whole" / "study").trials)

    folder = tmp_path / "killed" / "study"
    moments = random.Random(7)
    kills = 0
    seen: dict[int, tuple] = {}
    while True:
        process = start(folder, 0.01)
        wait_for_trials(folder, process, len(seen) + 1)
        time.sleep(moments.uniform(0, 0.25))
        if kills < 5:
            process.kill()
        output = process.communicate(timeout=240)[0]
        if output == "finished\n":
            break
        kills += 1
        now = {h[0]: h for h in history(read_study(folder).trials)}
        finished = {n: h for n, h in seen.items() if h[3] != "RUNNING"}
        assert {n: now[n] for n in finished} == finished, "a finished trial changed or was lost"
        seen = now

    assert kills >= 4
    assert history(read_study(folder).trials) == whole
    assert sum(h[3] in ("COMPLETE", "FAIL") for h in whole) == TRIALS
    # Only what was running when a kill came was trained twice.
    trained = Counter((tmp_path / "killed" / "trained.txt").read_text().split())
    again = sum(trained.values()) - TRIALS
    assert set(trained.values()) <= set(range(1, kills + 2))
    assert again <= kills


def wait_for_trials(folder: Path, process: subprocess.Popen[str], number: int) -> None:
    """Until the journal holds some trials more than at the last kill, so that each run gets on."""
    deadline = time.monotonic() + 120
    journal = folder / "journal.log"
    while process.poll() is None and time.monotonic() < deadline:
        if journal.exists() and journal.read_bytes().count(b'"op_code":4') >= number:
            return
        time.sleep(0.005)
