"""Budgets and bounds through the command line: spent, paused, raised, refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from automed.search.view import read_study

QUICK = (
    "--no-pretrained", "--image-size", 32, "--name", "s",
    "--fix", "model.encoder=tf_mobilenetv3_small_075", "--set", "training.batch_size=8",
)  # fmt: skip


def epochs(workspace: Path, trial: int) -> list[int]:
    file = workspace / "studies" / "s" / "trials" / f"{trial:04d}" / "history.jsonl"
    return [json.loads(line)["epoch"] for line in file.read_text().splitlines()]


def test_an_epoch_budget_pauses_and_a_larger_one_goes_on(
    automed, small_pairs: Path, workspace: Path
) -> None:
    flags = ("--data", small_pairs, "--epochs", 2, *QUICK)
    done = automed("search", "polyp", "--epoch-budget", 3, *flags)
    assert done.code == 0, done.out + done.err
    assert "budget 3 epochs" in done.out
    assert "The budget of 3 epochs is spent: 2 trials, 3 of 3 epochs." in done.out
    assert "Trial 1 is paused after epoch 1 of 2. With a larger budget it goes on." in done.out
    assert "automed search polyp --resume --name s --epoch-budget 6\n" in done.out
    assert (epochs(workspace, 0), epochs(workspace, 1)) == ([1, 2], [1])

    idle = automed("search", "polyp", "--resume", "--name", "s")
    assert idle.code == 0
    assert "spent so far: 2 trials, 3 of 3 epochs" in idle.out
    assert epochs(workspace, 1) == [1]

    more = automed("search", "polyp", "--resume", "--name", "s", "--budget", 2,
                   "--epoch-budget", 9)  # fmt: skip
    assert more.code == 0, more.out + more.err
    assert "The budget of 2 trials is spent: 2 of 2 trials, 4 of 9 epochs." in more.out
    assert "paused" not in more.out
    assert "--budget 4\n" in more.out
    trials = read_study(workspace / "studies" / "s").trials
    assert [(t.number, t.label) for t in trials] == [(0, "done"), (1, "done")]
    assert epochs(workspace, 1) == [1, 2]
    spec = json.loads((workspace / "studies" / "s" / "study.json").read_text())
    assert spec["budget"] == {
        "trials": 2, "seconds": None, "device_seconds": None, "epochs": 9, "workers": 1,
    }  # fmt: skip


def test_time_that_is_up_after_the_first_epoch(automed, small_pairs: Path, workspace: Path) -> None:
    flags = ("--data", small_pairs, "--epochs", 9, "--min-dice", "0.001", *QUICK)
    done = automed("search", "polyp", "--time", "0.01s", *flags)
    assert done.code == 0, done.out + done.err
    assert "Trial 0 is paused after epoch 1 of 9." in done.out
    assert epochs(workspace, 0) == [1]


def test_a_bound_on_quality_keeps_a_trial_off_the_front(
    automed, small_pairs: Path, workspace: Path
) -> None:
    flags = ("--data", small_pairs, "--epochs", 1, "--constraint", "dice>=0.9999", *QUICK)
    done = automed("search", "polyp", "--budget", 1, "--max-params", "90M", *flags)
    assert done.code == 0, done.out + done.err
    assert "allowed: at least 0.9999" in done.out
    study = read_study(workspace / "studies" / "s")
    assert [t.label for t in study.trials] == ["done"]
    assert study.front().trials == ()


@pytest.mark.parametrize(
    ("flags", "parts"),
    [
        (("--time", "2 days"), ("--time", "1h30m")),
        (("--time", "0s"), ("--time",)),
        (("--device-hours", "-1"), ("--device-hours", "positive")),
        (("--epoch-budget", "0"), ("--epoch-budget", "at least 1")),
        (("--max-latency-ms", "0"), ("--max-latency-ms",)),
        (("--max-latency-ms", "5"), ("--artifact weights", "--artifact onnx")),
        (("--max-params", "many"), ("--max-params", "2.5M")),
        (("--min-dice", "2"), ("--min-dice", "0 to 1")),
        (("--constraint", "dice"), ("--constraint", "f1_macro>=0.8")),
        (("--constraint", "dise>=0.8"), ("dise", "did you mean 'dice'")),
        (("--max-gflops", "2", "--constraint", "macs<=1e9"), ("macs is bounded twice",)),
    ],
)
def test_a_flag_that_cannot_be(automed, small_pairs: Path, flags, parts) -> None:
    done = automed("search", "polyp", "--data", small_pairs, *QUICK, *flags)
    assert done.code == 2, done.out + done.err
    assert "Traceback" not in done.err
    for part in parts:
        assert part in done.err
