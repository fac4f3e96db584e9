"""A search that is killed with signal 9 and resumed equals one that was left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from real_search import NO_MLFLOW

from automed.domain.trial import Trial, TrialState
from automed.search.view import read_study

TRIALS = int(os.environ.get("AUTOMED_KILL_TRIALS", "3"))
"""Raise it for a longer look: 50 trials take some minutes."""
SETTINGS = (
    "--budget", str(TRIALS), "--no-pretrained", "--epochs", "1", "--image-size", "32",
    "--seed", "3", "--artifact", "weights", "--set", "model.architecture=unet,linknet,fpn",
    "--fix", "model.encoder=tf_mobilenetv3_small_075",
)  # fmt: skip


def command(workspace: Path, *arguments: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "AUTOMED_WORKSPACE": str(workspace), "OMP_NUM_THREADS": "1"}
    environment |= {"MLFLOW_TRACKING_URI": NO_MLFLOW}
    return subprocess.Popen(
        [sys.executable, "-c", "from automed.cli.entry import run; run()", *arguments],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def finished(workspace: Path) -> int:
    journal = workspace / "studies" / "s" / "trials"
    return len(list(journal.glob("*/result.json"))) if journal.is_dir() else 0


def complete(workspace: Path) -> int:
    if not finished(workspace):
        return 0
    trials = read_study(workspace / "studies" / "s").trials
    return sum(t.state is TrialState.COMPLETE for t in trials)


def kill_after(process: subprocess.Popen[bytes], workspace: Path, trials: int) -> None:
    deadline = time.monotonic() + 400
    while finished(workspace) < trials and process.poll() is None:
        assert time.monotonic() < deadline, "the search does not get on"
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()


def history(workspace: Path) -> list[tuple[object, ...]]:
    trials = read_study(workspace / "studies" / "s").trials
    return [signature(t) for t in trials]


def signature(trial: Trial) -> tuple[object, ...]:
    described = (trial.number, trial.config, trial.seed, trial.state, trial.origin, trial.rejected)
    if trial.result is None:
        assert not trial.charged
        return described
    return (*described, tuple(sorted(trial.result.metrics.items())), trial.result.cost)


def test_killed_and_resumed_equals_uninterrupted(tmp_path: Path, small_pairs: Path) -> None:
    flags = ("search", "polyp", "--name", "s", "--data", str(small_pairs), *SETTINGS)
    quiet, torn = tmp_path / "quiet", tmp_path / "torn"

    undisturbed = command(quiet, *flags)
    kill_after(command(torn, *flags), torn, TRIALS // 3)
    before = read_study(torn / "studies" / "s").trials
    done = [t for t in before if t.state is TrialState.COMPLETE]
    stamps = {f: f.stat().st_mtime_ns for f in torn.glob("studies/s/trials/*/result.json")}
    resume = ("search", "polyp", "--resume", "--name", "s")
    kill_after(command(torn, *resume), torn, 2 * TRIALS // 3)
    last = command(torn, *resume)
    output, _ = last.communicate(timeout=550)
    assert last.returncode == 0, output.decode()
    other, _ = undisturbed.communicate(timeout=550)
    assert undisturbed.returncode == 0, other.decode()

    assert history(torn) == history(quiet)
    assert sum(t.charged for t in read_study(torn / "studies" / "s").trials) == TRIALS
    assert len(done) <= len(stamps)
    # Not even one whose result was written and not yet told is trained again.
    assert [f for f, stamp in stamps.items() if f.stat().st_mtime_ns != stamp] == []


def test_interrupt_finishes_cleanly_and_says_how_to_go_on(
    tmp_path: Path, small_pairs: Path
) -> None:
    flags = ("search", "polyp", "--name", "s", "--data", str(small_pairs), *SETTINGS)
    process = command(tmp_path, *flags)
    deadline = time.monotonic() + 400
    while complete(tmp_path) < 1 and process.poll() is None:
        assert time.monotonic() < deadline, "the search does not get on"
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=120)
    text = output.decode()
    assert process.returncode == 130, text
    assert "Interrupted" in text
    assert "automed search polyp --resume --name s" in text
    assert "Traceback" not in text
    assert 1 <= complete(tmp_path) < TRIALS
