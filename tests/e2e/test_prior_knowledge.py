"""A search that tries a user's configs and begins with what another study found."""

from __future__ import annotations

import shutil
from pathlib import Path

from automed.search.study_file import read_spec
from automed.search.view import read_study

QUICK = ("--no-pretrained", "--epochs", 1, "--fix", "model.encoder=tf_mobilenetv3_small_075")


def test_warm_start_and_enqueue(automed, small_pairs: Path, workspace: Path) -> None:
    done = automed(
        "search", "polyp", "--data", small_pairs, "--budget", 2, "--image-size", 32,
        "--name", "old", *QUICK,
    )  # fmt: skip
    assert done.code == 0, done.err
    mine = workspace / "mine.toml"
    mine.write_text("[[config]]\nname = 'small batch'\ntraining.batch_size = 4\n")
    new = ("--data", small_pairs, "--image-size", 64, "--name", "new", *QUICK)

    done = automed("search", "polyp", "--budget", 4, "--enqueue", mine, "--warm-start", "old", *new)
    assert done.code == 0, done.err
    said = " ".join(done.out.split())
    assert "warm start: 2 of 2 finished trials of study 'old' guide the sampler" in said
    shutil.rmtree(workspace / "studies" / "old")
    study = read_study(workspace / "studies" / "new")
    assert "small batch" in [trial.origin for trial in study.trials]
    spec = read_spec(workspace / "studies" / "new")
    assert spec.warm_start is not None
    assert spec.warm_start.study == "old"

    done = automed("replay", "new")
    assert done.code == 0, done.out + done.err
    done = automed("search", "polyp", "--resume", "--name", "new", "--enqueue", mine)
    assert done.code == 2
    assert "--enqueue cannot be changed" in " ".join(done.err.split())
