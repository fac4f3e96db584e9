"""Several searches of one study in Postgres: none too many, none twice, none lost."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from toy_study import cost_of, history

from automed.domain.trial import TrialState
from automed.search.replay import replay
from automed.search.view import StudyView, read_study

TRIALS = 40


def start(
    folder: Path, sleep: float, trials: int = TRIALS, grace: float = 60.0
) -> subprocess.Popen[str]:
    script = Path(__file__).parent / "toy_together.py"
    return subprocess.Popen(
        [sys.executable, script, folder, str(trials), str(sleep), str(grace)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip


def ended(process: subprocess.Popen[str]) -> list[int]:
    """The trials that a search ran to the end of its budget."""
    output, complaints = process.communicate(timeout=240)
    *numbers, outcome = output.split()
    assert outcome == "finished", output + complaints
    return [int(number) for number in numbers]


def check(view: StudyView, trials: int = TRIALS) -> None:
    """The budget is spent to the trial, by trials that all differ and all ended."""
    assert [t.number for t in view.trials] == list(range(len(view.trials)))
    charged = [t for t in view.trials if t.charged]
    assert len(charged) == trials == view.spent.trials
    assert {t.state for t in charged} == {TrialState.COMPLETE}
    assert max(Counter(t.config.digest for t in view.trials).values()) == 1
    assert view.spent.epochs == 3 * trials
    assert not view.paused
    assert not view.running


@pytest.mark.timeout(300)
def test_two_share_a_budget(tmp_path: Path, storage: str) -> None:
    folders = [tmp_path / "one" / "s", tmp_path / "other" / "s"]
    processes = [start(folder, 0.02) for folder in folders]
    ran = [ended(process) for process in processes]
    views = [read_study(folder) for folder in folders]
    for view in views:
        check(view)
    assert history(views[0].trials) == history(views[1].trials)
    assert min(map(len, ran)) > 5, "both took part"
    assert sorted(ran[0] + ran[1]) == [t.number for t in views[0].trials if t.charged]
    done = replay(folders[0], lambda _: cost_of, lambda *_: None)
    assert done.differences == ()


@pytest.mark.timeout(300)
def test_one_that_is_killed_is_stood_in_for(tmp_path: Path, storage: str) -> None:
    victim = start(tmp_path / "victim" / "s", 0.05, grace=3.0)
    other = start(tmp_path / "other" / "s", 0.05, grace=3.0)
    assert victim.stdout is not None
    for _ in range(4):
        victim.stdout.readline()
    time.sleep(random.Random(5).uniform(0, 0.15))
    victim.kill()
    victim.communicate()
    ran = ended(other)
    view = read_study(tmp_path / "other" / "s")
    check(view)
    assert len(set(ran)) == len(ran) > TRIALS - 8


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_server_that_restarts_is_waited_for(
    tmp_path: Path, storage: str, postgres, mode: str
) -> None:
    folders = [tmp_path / "one" / "s", tmp_path / "other" / "s"]
    processes = [start(folder, 0.03) for folder in folders]
    for process in processes:
        assert process.stdout is not None
        for _ in range(4):
            process.stdout.readline()
    postgres.restart(mode)
    ran = [ended(process) for process in processes]
    view = read_study(folders[0])
    check(view)
    again = [n for n, times in Counter(ran[0] + ran[1]).items() if times > 1]
    assert again == [], "none was run twice"
    assert min(map(len, ran)) > 3
