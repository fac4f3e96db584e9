"""``automed confirm`` on the demo data: killed, gone on with, repeated and refused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from automed.api.confirm_files import read_report
from automed.search.lock import StudyLock

SEARCH = (
    "search", "polyp", "--name", "s", "--budget", 2, "--no-pretrained", "--epochs", 1,
    "--image-size", 32, "--set", "model.architecture=unet,linknet",
    "--fix", "model.encoder=tf_mobilenetv3_small_075", "--fix", "training.batch_size=8",
)  # fmt: skip
CONFIRM = ("confirm", "s", "--trials", "0,1", "--partitions", 3)


def killed_after(workspace: Path, retrainings: int) -> None:
    """A confirmation in a process of its own, killed when so many trainings have ended."""
    process = subprocess.Popen(
        [sys.executable, "-c", "from automed.cli.entry import run; run()", *map(str, CONFIRM)],
        env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )  # fmt: skip
    deadline = time.monotonic() + 400
    while len(results(workspace)) < retrainings and process.poll() is None:
        assert time.monotonic() < deadline, "the confirmation does not get on"
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()


def results(workspace: Path) -> list[Path]:
    return sorted(workspace.glob("studies/s/confirm/partitions/*/trials/*/result.json"))


def looks(workspace: Path) -> list[dict]:
    file = workspace / "studies" / "s" / "confirm" / "test-part.json"
    return json.loads(file.read_text()) if file.exists() else []


def test_a_front_is_confirmed_though_it_is_killed_and_the_test_part_is_counted(
    automed, workspace: Path
) -> None:
    searched = automed(*SEARCH)
    assert searched.code == 0, searched.out + searched.err
    killed_after(workspace, 2)
    kept = {file: file.stat().st_mtime_ns for file in results(workspace)}
    assert 2 <= len(kept) < 6
    assert looks(workspace) == []
    assert list(workspace.glob("studies/s/confirm/**/test.*")) == []

    first = automed(*CONFIRM)
    assert first.code == 0, first.out + first.err
    assert {file: file.stat().st_mtime_ns for file in kept} == kept
    assert len(results(workspace)) == 6
    assert first.out.count(" partition ") >= 6 - len(kept)
    assert "synthetic demo data" in first.out
    assert "DEMO DATA" in first.out
    assert "From each point to the next dearer one" in first.out
    assert "automed export s --trial" in first.out
    assert [look["trials"] for look in looks(workspace)] == [[0, 1]]
    assert list(workspace.glob("studies/s/confirm/**/*.safetensors")) == []

    report = read_report(workspace / "studies" / "s")
    assert sorted(point.trial for point in report.points) == [0, 1]
    assert all(None not in (*point.values, *point.locked) for point in report.points)
    for point in report.points:
        interval = point.test.interval
        assert interval.low <= point.test.mean <= interval.high
        assert point.optimism == pytest.approx(point.search - point.test.mean)
    picture = workspace / "studies" / "s" / "confirm" / "confirmation.png"
    assert picture.read_bytes().startswith(b"\x89PNG")

    again = automed(*CONFIRM)
    assert again.code == 0
    assert "every training is done" in again.out
    assert read_report(workspace / "studies" / "s") == report

    other = automed("confirm", "s", "--trials", "0", "--partitions", 4)
    assert other.code == 0, other.out + other.err
    assert "no longer untouched: used once" in other.out
    assert "used 2 times" in other.out
    assert [look["partitions"] for look in looks(workspace)] == [3, 4]


def test_what_cannot_be_confirmed_is_refused_before_any_training(
    automed, small_pairs: Path, workspace: Path
) -> None:
    missing = automed("confirm", "nobody")
    assert missing.code == 2
    assert "there is no study 'nobody'" in missing.err
    assert automed(*SEARCH, "--data", small_pairs, "--budget", 1).code == 0
    for flags, problem in (
        (("--trials", "7"), "trial 7 of study 's' cannot be confirmed"),
        (("--trials", "one"), "--trials names no trials"),
        (("--partitions", 2), "--partitions is too small"),
        (("--device", "tpu"), "there is no device 'tpu'"),
    ):
        refused = automed("confirm", "s", *flags)
        assert refused.code == 2
        assert problem in refused.err
        assert "Traceback" not in refused.err
    study = workspace / "studies" / "s"
    lock = StudyLock(study)
    assert "already running" in automed("confirm", "s").err
    lock.release()
    split = (study / "split.json").read_text()
    (study / "split.json").write_text("{}")
    assert "split.json cannot be read" in automed("confirm", "s").err
    (study / "split.json").write_text(split)
    (small_pairs / "masks" / "00.png").write_bytes((small_pairs / "masks" / "01.png").read_bytes())
    assert "changed since the study began" in automed("confirm", "s").err
    assert not (study / "confirm").exists()
